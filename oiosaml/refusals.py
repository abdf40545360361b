"""The public vocabulary of refusals: code, HTTP status, second-level SAML status, and the sentence for the person in both languages.

The codes are those of the attack catalogue plus a few for a flow's own life. The top-level SAML status is not here: it is `Requester` when
the system's own request is at fault and `Responder` otherwise. Whether a system is answered at all is decided by how far the flow came.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from oiosaml.uris import (
    STATUS_AUTHN_FAILED,
    STATUS_INVALID_NAMEID_POLICY,
    STATUS_NO_AUTHN_CONTEXT,
    STATUS_NO_AVAILABLE_IDP,
    STATUS_NO_PASSIVE,
    STATUS_PARTIAL_LOGOUT,
    STATUS_PROXY_COUNT_EXCEEDED,
    STATUS_REQUEST_DENIED,
    STATUS_REQUEST_UNSUPPORTED,
    STATUS_UNKNOWN_PRINCIPAL,
    STATUS_UNSUPPORTED_BINDING,
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """One way to be refused and its destiny.

    `key` is what code raises. It is the public code, or the public code with a colon and a word where one code needs several sentences.
    """

    key: str
    http_status: int
    second_status: str
    da: str
    en: str

    @property
    def code(self) -> str:
        """The public, stable code: the key up to its colon."""
        return self.key.partition(":")[0]


_BAD = 400
_DENIED = 403
_MISSING = 404
_TOO_LARGE = 413
_FAILED_DEPENDENCY = 424
"""An upstream party failed: still a 4xx, since nothing in this house broke and the person can do nothing but wait (invariant I7)."""

# fmt: off
_TABLE: Final = (
    # --- transport and bindings
    Refusal("size", _TOO_LARGE, STATUS_REQUEST_DENIED, "Beskeden er for stor.", "The message is too large."),
    Refusal("bind.params", _BAD, STATUS_REQUEST_DENIED, "Adressen eller formularen indeholder ikke præcis de felter, en login- eller log ud-besked skal have.", "The address or form does not hold exactly the fields a login or logout message must have."),
    Refusal("bind.params:logout-response", _BAD, STATUS_REQUEST_DENIED, "Et log ud-svar er sendt til adressen for log ud-forespørgsler.", "A logout answer was sent to the address for logout requests."),
    Refusal("bind.params:logout-request", _BAD, STATUS_REQUEST_DENIED, "En log ud-forespørgsel er sendt til adressen for log ud-svar.", "A logout request was sent to the address for logout answers."),
    Refusal("bind.base64", _BAD, STATUS_REQUEST_DENIED, "Beskeden er ikke kodet rigtigt (base64).", "The message is not encoded correctly (base64)."),
    Refusal("bind.deflate", _BAD, STATUS_REQUEST_DENIED, "Beskeden kan ikke pakkes ud.", "The message cannot be decompressed."),
    # --- XML
    Refusal("xml.malformed", _BAD, STATUS_REQUEST_DENIED, "Beskeden er ikke gyldig XML.", "The message is not well-formed XML."),
    Refusal("xml.dtd", _BAD, STATUS_REQUEST_DENIED, "Beskeden indeholder en DOCTYPE, og det er ikke tilladt.", "The message holds a DOCTYPE, which is not allowed."),
    Refusal("xml.limits", _BAD, STATUS_REQUEST_DENIED, "Beskeden er større eller dybere, end en besked må være.", "The message is larger or deeper than a message may be."),
    Refusal("xml.root", _BAD, STATUS_REQUEST_DENIED, "Der kom en anden slags besked end ventet.", "Another kind of message came than was expected."),
    Refusal("xml.schema", _BAD, STATUS_REQUEST_DENIED, "Beskeden er ikke bygget op, som SAML foreskriver.", "The message is not structured as SAML prescribes."),
    Refusal("xml.text", _BAD, STATUS_REQUEST_DENIED, "Beskeden indeholder kommentarer eller andet, der kan skjule tekst.", "The message holds comments or other content that can hide text."),
    # --- signatures
    Refusal("sig.missing", _DENIED, STATUS_REQUEST_DENIED, "Beskeden er ikke underskrevet.", "The message is not signed."),
    Refusal("sig.structure", _DENIED, STATUS_REQUEST_DENIED, "Beskedens signatur er ikke bygget rigtigt op.", "The signature of the message is not structured correctly."),
    Refusal("sig.coverage", _DENIED, STATUS_REQUEST_DENIED, "Signaturen dækker ikke den besked, den står i.", "The signature does not cover the message it stands in."),
    Refusal("sig.algorithm", _DENIED, STATUS_REQUEST_DENIED, "Beskeden er underskrevet med en metode, der ikke er tilladt.", "The message is signed with a method that is not allowed."),
    Refusal("sig.key", _DENIED, STATUS_REQUEST_DENIED, "Beskeden er ikke underskrevet med en nøgle, der er registreret for afsenderen.", "The message is not signed with a key registered for its sender."),
    Refusal("sig.value", _DENIED, STATUS_REQUEST_DENIED, "Beskedens signatur kunne ikke godkendes.", "The signature of the message could not be accepted."),
    # --- encryption
    Refusal("enc.algorithm", _DENIED, STATUS_AUTHN_FAILED, "Svaret er krypteret med en metode, der ikke er tilladt.", "The answer is encrypted with a method that is not allowed."),
    Refusal("enc.structure", _DENIED, STATUS_AUTHN_FAILED, "Svaret er ikke krypteret, som OIOSAML foreskriver.", "The answer is not encrypted as OIOSAML prescribes."),
    Refusal("enc.structure:logout-subject", _DENIED, STATUS_REQUEST_DENIED, "Log ud-beskeden skjuler, hvem der skal logges ud: brugernavnet skal stå der ukrypteret.", "The logout message hides whom to log out: the NameID must stand there unencrypted."),
    Refusal("enc.failed", _DENIED, STATUS_AUTHN_FAILED, "Svaret kunne ikke dekrypteres.", "The answer could not be decrypted."),
    # --- protocol
    Refusal("proto.version", _BAD, STATUS_REQUEST_UNSUPPORTED, "Beskeden er ikke SAML 2.0.", "The message is not SAML 2.0."),
    Refusal("proto.status", _DENIED, STATUS_AUTHN_FAILED, "Kommunens login gav ikke adgang.", "The municipality's login did not let you in."),
    Refusal("proto.assertion-count", _DENIED, STATUS_AUTHN_FAILED, "Svaret indeholder ikke præcis én adgangsbillet.", "The answer does not hold exactly one assertion."),
    Refusal("proto.destination:missing", _DENIED, STATUS_REQUEST_DENIED, "Beskeden siger ikke, hvem den er adresseret til.", "The message does not say to whom it is addressed."),
    Refusal("proto.destination", _DENIED, STATUS_REQUEST_DENIED, "Beskeden er adresseret til et andet sted.", "The message is addressed to another place."),
    Refusal("proto.recipient", _DENIED, STATUS_AUTHN_FAILED, "Adgangsbilletten er udstedt til en anden modtager.", "The assertion was issued to another recipient."),
    Refusal("proto.audience", _DENIED, STATUS_AUTHN_FAILED, "Adgangsbilletten gælder ikke her.", "The assertion is not meant for this place."),
    Refusal("proto.proxy", _DENIED, STATUS_AUTHN_FAILED, "Kommunens login tillader ikke, at adgangsbilletten gives videre til systemet.", "The municipality's login does not allow the assertion to be passed on to the system."),
    Refusal("proto.in-response-to", _DENIED, STATUS_AUTHN_FAILED, "Svaret passer ikke til et login, der er i gang i denne browser. Start forfra fra systemet.", "The answer does not belong to a login under way in this browser. Start again from the system."),
    Refusal("proto.unsolicited", _DENIED, STATUS_AUTHN_FAILED, "Der kom et svar, som ingen havde bedt om. Start fra systemet.", "An answer came that nobody asked for. Start from the system."),
    Refusal("proto.replay", _DENIED, STATUS_AUTHN_FAILED, "Svaret er allerede brugt.", "The response has already been used."),
    Refusal("proto.expired", _DENIED, STATUS_AUTHN_FAILED, "Adgangsbilletten er udløbet.", "The assertion has expired."),
    Refusal("proto.not-yet-valid", _DENIED, STATUS_AUTHN_FAILED, "Beskeden gælder først senere. Uret hos afsenderen går formentlig forkert.", "The message is not valid yet. The sender's clock is probably wrong."),
    Refusal("proto.stale", _DENIED, STATUS_AUTHN_FAILED, "Beskeden er for gammel. Start forfra fra systemet.", "The message is too old. Start again from the system."),
    Refusal("proto.force-authn", _DENIED, STATUS_AUTHN_FAILED, "Systemet bad om et nyt login, men kommunens login svarede med et gammelt.", "The system asked for a new login, but the municipality's login answered with an old one."),
    Refusal("proto.time-format", _BAD, STATUS_REQUEST_DENIED, "Et tidspunkt i beskeden er ikke skrevet rigtigt.", "A time in the message is not written correctly."),
    Refusal("proto.confirmation", _DENIED, STATUS_AUTHN_FAILED, "Adgangsbilletten bekræfter ikke, hvem der må bruge den.", "The assertion does not confirm who may use it."),
    Refusal("proto.subject", _DENIED, STATUS_AUTHN_FAILED, "Adgangsbilletten siger ikke, hvem brugeren er, på den måde der er aftalt.", "The assertion does not name the user in the agreed way."),
    Refusal("proto.statement", _DENIED, STATUS_AUTHN_FAILED, "Adgangsbilletten har ikke præcis ét login og ét sæt attributter.", "The assertion does not hold exactly one login and one set of attributes."),
    Refusal("proto.no-passive", _DENIED, STATUS_NO_PASSIVE, "Du kan ikke logges ind uden at blive spurgt.", "You cannot be logged in without being asked."),
    Refusal("proto.cancelled", _DENIED, STATUS_REQUEST_DENIED, "Login blev afbrudt.", "The login was cancelled."),
    # --- federation
    Refusal("fed.unknown-issuer", _DENIED, STATUS_AUTHN_FAILED, "Afsenderen er ikke registreret i føderationen.", "The sender is not registered in the federation."),
    Refusal("fed.unknown-issuer:idp-among-systems", _DENIED, STATUS_REQUEST_DENIED, "Afsenderen er registreret som IdP, men har sendt sin log ud-besked til systemernes adresse.", "The sender is registered as an IdP, but sent its logout message to the address for systems."),
    Refusal("fed.unknown-issuer:system-among-idps", _DENIED, STATUS_REQUEST_DENIED, "Afsenderen er registreret som system, men har sendt sin log ud-besked til IdP'ernes adresse.", "The sender is registered as a system, but sent its logout message to the address for IdPs."),
    Refusal("fed.disabled", _DENIED, STATUS_REQUEST_DENIED, "Afsenderen er slået fra i føderationen.", "The sender is switched off in the federation."),
    Refusal("fed.withdrawn", _DENIED, STATUS_REQUEST_DENIED, "Afsenderen er taget ud af føderationen på grund af en sikkerhedshændelse.", "The sender was taken out of the federation because of a security incident."),
    Refusal("fed.withdrawn:attribute-service", _DENIED, STATUS_AUTHN_FAILED, "Din kommunes attributservice er taget ud af føderationen på grund af en sikkerhedshændelse.", "Your municipality's attribute service was taken out of the federation because of a security incident."),
    Refusal("fed.disabled:attribute-service", _DENIED, STATUS_AUTHN_FAILED, "Din kommunes attributservice er slået fra i føderationen.", "Your municipality's attribute service is switched off in the federation."),
    Refusal("fed.issuer-mismatch", _DENIED, STATUS_AUTHN_FAILED, "Svaret og adgangsbilletten har ikke samme afsender.", "The answer and the assertion do not have the same sender."),
    Refusal("fed.wrong-idp", _DENIED, STATUS_AUTHN_FAILED, "Svaret kommer fra en anden end den, der blev spurgt.", "The answer comes from another party than the one that was asked."),
    Refusal("fed.scope", _DENIED, STATUS_AUTHN_FAILED, "Din kommune må ikke udtale sig om CVR {cvr}.", "Your municipality may not speak for CVR {cvr}."),
    Refusal("fed.scope:two-organisations", _DENIED, STATUS_AUTHN_FAILED, "Din kommunes login oplyser to organisationer om dig: CVR {named} i brugernavnet og CVR {cvr} ved siden af.", "Your municipality's login states two organisations of you: CVR {named} in the user name, and CVR {cvr} beside it."),
    Refusal("fed.scope:nemlogin", _DENIED, STATUS_AUTHN_FAILED, "NemLog-in må ikke svare for CVR {cvr} her.", "NemLog-in may not answer for CVR {cvr} here."),
    Refusal("fed.loa", _DENIED, STATUS_NO_AUTHN_CONTEXT, "Systemet kræver sikringsniveau {required}, men du er logget ind på {actual}.", "The system requires level {required}, but you are logged in at {actual}."),
    Refusal("fed.loa:above-registration", _DENIED, STATUS_AUTHN_FAILED, "Din kommunes login oplyser sikringsniveau {actual}, men er kun registreret til {registered}.", "Your municipality's login states level {actual}, but is only registered for {registered}."),
    Refusal("fed.loa:not-a-level", _DENIED, STATUS_NO_AUTHN_CONTEXT, "Din kommunes login oplyser ikke et gyldigt NSIS-sikringsniveau.", "Your municipality's login does not state a valid NSIS level."),
    Refusal("fed.loa:idp-too-low", _DENIED, STATUS_NO_AUTHN_CONTEXT, "Systemet kræver sikringsniveau {required}, men kommunens login er kun registreret op til {actual}.", "The system requires level {required}, but the municipality's login is only registered up to {actual}."),
    Refusal("fed.loa:idp-cannot", _DENIED, STATUS_NO_AUTHN_CONTEXT, "Systemet kræver sikringsniveau {required}, og din kommunes login siger, at det ikke kan nås.", "The system requires level {required}, and your municipality's login says it cannot be reached."),
    Refusal("fed.loa:not-an-assurance-level", _DENIED, STATUS_NO_AUTHN_CONTEXT, "Din kommunes login oplyser ikke et gyldigt AssuranceLevel.", "Your municipality's login does not state a valid AssuranceLevel."),
    Refusal("fed.no-nsis", _DENIED, STATUS_NO_AUTHN_CONTEXT, "Systemet kræver et NSIS-sikringsniveau ({required}), men din kommunes login oplyser kun {actual}, som ikke er et NSIS-niveau. Kommunen skal flytte sit login til NSIS.", "The system requires an NSIS level ({required}), but your municipality's login states only {actual}, which is no level of NSIS. The municipality must move its login to NSIS."),
    Refusal("fed.profile", _DENIED, STATUS_AUTHN_FAILED, "Svaret følger ikke den aftalte profil.", "The answer does not follow the agreed profile."),
    Refusal("fed.profile:person", _DENIED, STATUS_AUTHN_FAILED, "Du er logget ind som borger, men her skal du logge ind som medarbejder.", "You are logged in as a citizen, but here you must log in as an employee."),
    Refusal("fed.profile:no-uuid", _DENIED, STATUS_AUTHN_FAILED, "NemLog-in oplyser ikke det faste ID, som kommunen kender dig på.", "NemLog-in does not state the lasting ID by which your municipality knows you."),
    Refusal("fed.profile:credential-type", _DENIED, STATUS_NO_AUTHN_CONTEXT, "Systemet kræver, at du logger ind med et andet identifikationsmiddel.", "The system requires you to log in with another means of identification."),
    Refusal("fed.attribute", _DENIED, STATUS_AUTHN_FAILED, "En oplysning om brugeren mangler eller er ikke skrevet rigtigt.", "A piece of information about the user is missing or not written correctly."),
    Refusal("fed.attribute:required", _DENIED, STATUS_AUTHN_FAILED, "{system} kræver en oplysning om dig, som din kommunes login ikke har sendt: {attribute}.", "{system} requires a piece of information about you that your municipality's login did not send: {attribute}."),
    Refusal("fed.no-idp", _DENIED, STATUS_NO_AVAILABLE_IDP, "Ingen identitetsudbyder kan bruges til dette system.", "No identity provider can be used for this system."),
    Refusal("fed.no-idp:no-local-users", _DENIED, STATUS_NO_AVAILABLE_IDP, "Din kommunes login er ikke tilsluttet NemLog-in som lokal IdP.", "Your municipality's login is not connected to NemLog-in as a local IdP."),
    Refusal("fed.no-idp:nemlogin", _DENIED, STATUS_NO_AVAILABLE_IDP, "Den lokale IdP er ikke tilsluttet NemLog-in.", "The local IdP is not connected to NemLog-in."),
    Refusal("fed.no-roles", _DENIED, STATUS_REQUEST_DENIED, "Du har ingen roller i {system}.", "You have no roles in {system}."),
    # --- privileges
    Refusal("priv.encoding", _DENIED, STATUS_AUTHN_FAILED, "Brugerens rettigheder er ikke kodet rigtigt.", "The user's rights are not encoded correctly."),
    Refusal("priv.xml", _DENIED, STATUS_AUTHN_FAILED, "Brugerens rettigheder er ikke gyldig XML.", "The user's rights are not valid XML."),
    Refusal("priv.schema", _DENIED, STATUS_AUTHN_FAILED, "Brugerens rettigheder følger ikke OIOBPP.", "The user's rights do not follow OIOBPP."),
    Refusal("priv.schema:untranslated", _DENIED, STATUS_AUTHN_FAILED, "En dataafgrænsning på dine rettigheder kan ikke oversættes til {system}.", "A data constraint on your rights cannot be translated for {system}."),
    Refusal("priv.schema:requirement", _DENIED, STATUS_AUTHN_FAILED, "Dine rettigheder er ikke afgrænset, som {system} kræver.", "Your rights are not limited as {system} requires."),
    Refusal("priv.scope", _DENIED, STATUS_AUTHN_FAILED, "En rettighed gælder en anden organisation end din.", "A right is about another organisation than yours."),
    Refusal("priv.unknown", _DENIED, STATUS_AUTHN_FAILED, "En rettighed er ikke registreret.", "A right is not registered."),
    Refusal("priv.unknown:untranslated", _DENIED, STATUS_AUTHN_FAILED, "En af dine rettigheder kan ikke oversættes til {system}.", "One of your rights cannot be translated for {system}."),
    Refusal("priv.limits", _DENIED, STATUS_AUTHN_FAILED, "Der er flere rettigheder, end en adgangsbillet må indeholde.", "There are more rights than an assertion may hold."),
    # --- the system's request
    Refusal("req.unknown-sp", _DENIED, STATUS_REQUEST_DENIED, "Systemet er ikke registreret i føderationen.", "The system is not registered in the federation."),
    Refusal("req.signature", _DENIED, STATUS_REQUEST_DENIED, "Systemets forespørgsel er ikke underskrevet, så den kan godkendes.", "The system's request is not signed in a way that can be accepted."),
    Refusal("req.acs", _DENIED, STATUS_REQUEST_DENIED, "Svaradressen er ikke registreret for systemet.", "The response address is not registered for the system."),
    Refusal("req.relay-state", _BAD, STATUS_REQUEST_DENIED, "RelayState er for lang eller indeholder styretegn.", "RelayState is too long or holds control characters."),
    Refusal("req.stale", _DENIED, STATUS_REQUEST_DENIED, "Systemets forespørgsel er for gammel. Start forfra fra systemet. Sker det igen, går systemets ur formentlig forkert.", "The system's request is too old. Start again from the system. If it happens again, the system's clock is probably wrong."),
    Refusal("req.replay", _DENIED, STATUS_REQUEST_DENIED, "Systemets forespørgsel er allerede brugt. Start forfra fra systemet.", "The system's request has already been used. Start again from the system."),
    Refusal("req.loop", _DENIED, STATUS_PROXY_COUNT_EXCEEDED, "Loginforespørgslen er sendt i ring.", "The login request has been sent in a circle."),
    Refusal("req.loop:proxy-count", _DENIED, STATUS_PROXY_COUNT_EXCEEDED, "Systemet tillader ikke, at Context Handler spørger nogen, og kun kommunens login kan svare.", "The system does not allow the Context Handler to ask anybody, and only the municipality's login can answer."),
    Refusal("req.loop:session", _DENIED, STATUS_REQUEST_DENIED, "Systemet bliver ved med at sende dig til login, selv om du er logget ind. Luk det, og prøv igen om et minut.", "The system keeps sending you to log in although you are logged in. Close it, and try again in a minute."),
    Refusal("req.app-switch", _DENIED, STATUS_REQUEST_UNSUPPORTED, "Systemet siger ikke på en brugbar måde, hvilken app der skal skiftes tilbage til.", "The system does not say in a usable way which app to switch back to."),
    Refusal("req.authn-context", _DENIED, STATUS_NO_AUTHN_CONTEXT, "Systemet beder om et sikringsniveau på en måde, der ikke kan opfyldes.", "The system asks for a level in a way that cannot be met."),
    Refusal("req.conflict", _DENIED, STATUS_REQUEST_UNSUPPORTED, "Systemet beder både om nyt login og om ikke at spørge.", "The system asks both for a new login and not to ask."),
    Refusal("req.subject", _DENIED, STATUS_REQUEST_UNSUPPORTED, "Systemet beder om, at en bestemt person logger ind. Det kan ikke loves her.", "The system asks that a certain person logs in. That cannot be promised here."),
    Refusal("req.name-id-policy", _DENIED, STATUS_INVALID_NAMEID_POLICY, "Systemet beder om et brugernavneformat, som ikke udleveres til det.", "The system asks for a NameID format that is not issued to it."),
    Refusal("req.binding", _DENIED, STATUS_UNSUPPORTED_BINDING, "Systemet beder om svar på en måde, der ikke understøttes.", "The system asks for its answer by a binding that is not supported."),
    # --- NemLog-in's own words, where ours speak of systems and municipalities
    Refusal("req.unknown-sp:nemlogin", _DENIED, STATUS_REQUEST_DENIED, "Tjenesten er ikke tilsluttet NemLog-in.", "The service is not connected to NemLog-in."),
    Refusal("req.signature:nemlogin", _DENIED, STATUS_REQUEST_DENIED, "Tjenestens forespørgsel er ikke underskrevet, så NemLog-in kan godkende den.", "The service's request is not signed in a way that NemLog-in can accept."),
    Refusal("req.acs:nemlogin", _DENIED, STATUS_REQUEST_DENIED, "Svaradressen står ikke i de metadata, tjenesten har lagt op hos NemLog-in.", "The response address is not in the metadata that the service has uploaded to NemLog-in."),
    Refusal("req.stale:nemlogin", _DENIED, STATUS_REQUEST_DENIED, "Tjenestens forespørgsel er for gammel. Start forfra fra tjenesten. Sker det igen, går tjenestens ur formentlig forkert.", "The service's request is too old. Start again from the service. If it happens again, the service's clock is probably wrong."),
    Refusal("req.conflict:nemlogin", _DENIED, STATUS_REQUEST_UNSUPPORTED, "Tjenesten beder både om nyt login og om ikke at spørge.", "The service asks both for a new login and not to ask."),
    Refusal("req.authn-context:nemlogin", _DENIED, STATUS_NO_AUTHN_CONTEXT, "Tjenesten beder om et sikringsniveau eller en identitetstype, som NemLog-in ikke kan levere sådan.", "The service asks for a level or an ID type in a way that NemLog-in cannot deliver."),
    Refusal("req.name-id-policy:nemlogin", _DENIED, STATUS_INVALID_NAMEID_POLICY, "Tjenesten beder om et brugernavneformat, som NemLog-in ikke udleverer.", "The service asks for a NameID format that NemLog-in does not issue."),
    Refusal("req.binding:nemlogin", _DENIED, STATUS_UNSUPPORTED_BINDING, "Tjenesten beder om svar på en måde, NemLog-in ikke understøtter.", "The service asks for its answer by a binding that NemLog-in does not support."),
    Refusal("md.rule:nemlogin", _DENIED, STATUS_REQUEST_DENIED, "De metadata, tjenesten har lagt op hos NemLog-in, følger ikke vilkårene for tilslutning.", "The metadata that the service has uploaded to NemLog-in does not follow the terms of connection."),
    Refusal("aq.denied:nemlogin", _DENIED, STATUS_REQUEST_DENIED, "NemLog-in svarer ikke denne afsender på attributforespørgsler.", "NemLog-in does not answer attribute queries of this sender."),
    Refusal("web.form:unknown-identity", _BAD, STATUS_REQUEST_DENIED, "Der er ingen identitet ved navn {person} hos NemLog-in.", "There is no identity called {person} at NemLog-in."),
    # --- attribute query
    Refusal("aq.transport", _FAILED_DEPENDENCY, STATUS_AUTHN_FAILED, "Rettighederne kunne ikke hentes fra kommunens attributservice: den svarer ikke, som den skal.", "The rights could not be fetched from the municipality's attribute service: it does not answer as it should."),
    Refusal("aq.unavailable", _FAILED_DEPENDENCY, STATUS_AUTHN_FAILED, "Kommunens attributservice har ikke svaret flere gange i træk, så den spørges ikke lige nu. Prøv igen om lidt.", "The municipality's attribute service did not answer several times in a row, so it is not asked just now. Try again in a moment."),
    Refusal("aq.fault", _FAILED_DEPENDENCY, STATUS_AUTHN_FAILED, "Kommunens attributservice svarede med en fejl.", "The municipality's attribute service answered with an error."),
    Refusal("aq.subject", _DENIED, STATUS_AUTHN_FAILED, "Kommunens attributservice svarede om en anden bruger.", "The municipality's attribute service answered about another user."),
    Refusal("aq.unknown-user", _DENIED, STATUS_AUTHN_FAILED, "Kommunens attributservice kender ikke brugeren.", "The municipality's attribute service does not know the user."),
    Refusal("aq.unregistered", _DENIED, STATUS_AUTHN_FAILED, "Der er ikke registreret en attributservice for din kommune.", "No attribute service is registered for your municipality."),
    Refusal("aq.denied", _DENIED, STATUS_REQUEST_DENIED, "Attributservicen svarer ikke denne afsender.", "The attribute service does not answer this sender."),
    Refusal("aq.format", _FAILED_DEPENDENCY, STATUS_AUTHN_FAILED, "Kommunens rollekatalog svarede med noget, der ikke kan læses.", "The municipality's role catalogue answered with something that cannot be read."),
    Refusal("aq.denied:unknown", _DENIED, STATUS_REQUEST_DENIED, "Attributservicen svarer kun systemer, der er registreret i føderationen.", "The attribute service answers only systems that are registered in the federation."),
    Refusal("aq.subject:another-system", _DENIED, STATUS_UNKNOWN_PRINCIPAL, "Brugernavnet er udleveret til et andet system.", "The NameID was given to another system."),
    Refusal("aq.unknown-user:no-session", _DENIED, STATUS_UNKNOWN_PRINCIPAL, "Brugeren er ikke logget ind på systemet.", "The user is not logged in at the system."),
    Refusal("aq.transport:context-handler", _FAILED_DEPENDENCY, STATUS_AUTHN_FAILED, "Rettighederne kunne ikke hentes: Context Handlers attributservice svarer ikke, som den skal.", "The rights could not be fetched: the Context Handler's attribute service does not answer as it should."),
    Refusal("aq.fault:context-handler", _FAILED_DEPENDENCY, STATUS_AUTHN_FAILED, "Context Handlers attributservice ville ikke fortælle systemet om dine rettigheder.", "The Context Handler's attribute service would not tell the system about your rights."),
    Refusal("aq.subject:context-handler", _DENIED, STATUS_AUTHN_FAILED, "Context Handlers attributservice svarede om en anden bruger.", "The Context Handler's attribute service answered about another user."),
    # --- logout
    Refusal("slo.denied", _DENIED, STATUS_REQUEST_DENIED, "Log ud-beskeden gælder ikke afsenderens egen session.", "The logout message is not about the sender's own session."),
    Refusal("slo.unsolicited", _DENIED, STATUS_REQUEST_DENIED, "Der kom et log ud-svar, som ingen havde bedt om.", "A logout answer came that nobody asked for."),
    Refusal("slo.partial", _FAILED_DEPENDENCY, STATUS_PARTIAL_LOGOUT, "Den anden part har ikke logget dig helt ud.", "The other party has not logged you out completely."),
    Refusal("slo.fault", _FAILED_DEPENDENCY, STATUS_REQUEST_DENIED, "Den anden part svarede på log ud med en fejl.", "The other party answered the logout with an error."),
    # --- metadata
    Refusal("md.signature", _BAD, STATUS_REQUEST_DENIED, "Metadatas signatur kan ikke godkendes.", "The signature of the metadata cannot be accepted."),
    Refusal("md.expired", _BAD, STATUS_REQUEST_DENIED, "Metadata er udløbet.", "The metadata has expired."),
    Refusal("md.older", _BAD, STATUS_REQUEST_DENIED, "Metadata er ældre end dem, der er i brug.", "The metadata is older than the one in use."),
    Refusal("md.source", _BAD, STATUS_REQUEST_DENIED, "Metadata kan ikke hentes fra den adresse.", "The metadata cannot be fetched from that address."),
    Refusal("md.conflict", 409, STATUS_REQUEST_DENIED, "Navnet (entityID) er allerede registreret.", "The name (entityID) is already registered."),
    Refusal("md.conflict:withdrawn", 409, STATUS_REQUEST_DENIED, "Parten er taget ud af føderationen; den skal sættes ind igen, før den kan slettes.", "The party is withdrawn; it must be restored before it can be removed."),
    Refusal("md.conflict:in-use", 409, STATUS_REQUEST_DENIED, "Andre registreringer henviser til parten; den kan ikke slettes, så længe de gør.", "Other registrations name the party; it cannot be removed while they do."),
    Refusal("md.endpoint", _BAD, STATUS_REQUEST_DENIED, "En adresse i metadata mangler eller kan ikke bruges.", "An endpoint in the metadata is missing or cannot be used."),
    Refusal("md.key", _BAD, STATUS_REQUEST_DENIED, "En nøgle i metadata mangler eller kan ikke bruges.", "A key in the metadata is missing or cannot be used."),
    Refusal("md.rule", _BAD, STATUS_REQUEST_DENIED, "Metadata følger ikke reglerne.", "The metadata does not follow the rules."),
    Refusal("md.crl", _BAD, STATUS_REQUEST_DENIED, "Spærrelisten kan ikke bruges.", "The revocation list cannot be used."),
    # --- keys that count no longer
    Refusal("key.withdrawn", _DENIED, STATUS_REQUEST_DENIED, "Afsenderens nøgle er trukket tilbage.", "The sender's key has been withdrawn."),
    Refusal("key.revoked", _DENIED, STATUS_REQUEST_DENIED, "Afsenderens certifikat er spærret.", "The sender's certificate has been revoked."),
    Refusal("key.withdrawn:encryption", _DENIED, STATUS_REQUEST_DENIED, "Modtagerens krypteringsnøgle er trukket tilbage.", "The recipient's encryption key has been withdrawn."),
    Refusal("key.revoked:encryption", _DENIED, STATUS_REQUEST_DENIED, "Modtagerens krypteringscertifikat er spærret.", "The recipient's encryption certificate has been revoked."),
    Refusal("key.unchecked", _DENIED, STATUS_REQUEST_DENIED, "Det kan ikke afgøres, om afsenderens certifikat er spærret: spærrelisten er udløbet.", "It cannot be told whether the sender's certificate is revoked: the revocation list has expired."),
    # --- the web edge and a flow's own life
    Refusal("web.csrf", _DENIED, STATUS_REQUEST_DENIED, "Forespørgslen kommer ikke fra en af vores egne sider.", "The request does not come from one of our own pages."),
    Refusal("web.csrf:media-type", _DENIED, STATUS_REQUEST_DENIED, "Indholdets type (Content-Type) tages ikke imod her.", "The content's type (Content-Type) is not taken here."),
    Refusal("web.auth", 401, STATUS_REQUEST_DENIED, "Du skal være logget ind for at se denne side.", "You must be logged in to see this page."),
    Refusal("web.form", _BAD, STATUS_REQUEST_DENIED, "Formularen kunne ikke læses.", "The form could not be read."),
    Refusal("web.form:api", _BAD, STATUS_REQUEST_DENIED, "Forespørgslen kan ikke bruges, som den er.", "The request cannot be used as it is."),
    Refusal("web.form:unknown-person", _BAD, STATUS_REQUEST_DENIED, "Der er ingen bruger ved navn {person} i denne kommunes login.", "There is no user called {person} at this municipality's login."),
    Refusal("web.aborted", _BAD, STATUS_REQUEST_DENIED, "Forespørgslen blev afbrudt, før den var sendt færdig.", "The request was cut off before all of it was sent."),
    Refusal("web.not-found", _MISSING, STATUS_REQUEST_DENIED, "Siden findes ikke.", "There is no such page."),
    Refusal("web.not-found:api", _MISSING, STATUS_REQUEST_DENIED, "Det, der bliver spurgt efter, findes ikke.", "What is asked for is not there."),
    Refusal("web.method", 405, STATUS_REQUEST_DENIED, "Siden kan ikke bruges på den måde.", "The page cannot be used in that way."),
    Refusal("web.method:api", 405, STATUS_REQUEST_DENIED, "Adressen kan ikke bruges med den metode.", "The address cannot be used with that method."),
    Refusal("web.internal", 500, STATUS_AUTHN_FAILED, "Der skete en fejl hos os.", "Something went wrong on our side."),
    Refusal("web.unavailable", 503, STATUS_AUTHN_FAILED, "Tjenesten kan ikke gemme lige nu. Prøv igen om lidt.", "The service cannot save just now. Try again in a moment."),
    Refusal("flow.unknown", _MISSING, STATUS_REQUEST_DENIED, "Loginforespørgslen findes ikke. Start forfra fra systemet.", "There is no such login request. Start again from the system."),
    Refusal("flow.unknown:logout", _MISSING, STATUS_REQUEST_DENIED, "Der er ikke et log ud i gang i denne browser.", "There is no logout under way in this browser."),
    Refusal("flow.logged-out", _DENIED, STATUS_AUTHN_FAILED, "Du loggede ud, mens loginnet var i gang. Start forfra fra systemet.", "You logged out while the login was under way. Start again from the system."),
    Refusal("flow.expired", _DENIED, STATUS_REQUEST_DENIED, "Loginforespørgslen er udløbet. Start forfra fra systemet.", "The login request has expired. Start again from the system."),
    Refusal("flow.interrupted", _DENIED, STATUS_REQUEST_DENIED, "Tjenestens maskine blev genstartet, mens du loggede ind. Start forfra fra systemet.", "The service's machine was restarted while you logged in. Start again from the system."),
)
# fmt: on

REFUSALS: Final[Mapping[str, Refusal]] = MappingProxyType({refusal.key: refusal for refusal in _TABLE})
"""Every refusal there is, by its key."""

if len(REFUSALS) != len(_TABLE):
    raise AssertionError("two refusals share one key")
