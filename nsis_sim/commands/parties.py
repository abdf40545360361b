"""`nsis sp add` and `nsis idp add`: one's own system or IdP joins a running simulator."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urljoin

import typer

from federation.model import AttributeProfile, GetsRights, OnAttributeFailure, OnNoRoles
from nsis_sim.encryption_words import BlockCipher, KeyTransport, encryption_document
from nsis_sim.named_parties import registered_party
from nsis_sim.option_words import in_options, option_at_fault
from nsis_sim.options import BaseUrl, IdpProfile, Level, Party, SystemProfile, broker_url
from nsis_sim.terminal import REFUSED, fail, say, say_findings
from oiosaml.nist import NistLevel

if TYPE_CHECKING:
    from nsis_sim.api_client import ApiRefusalError

Metadata = Annotated[
    str, typer.Option("--metadata", help="The party's SAML metadata: a file, a URL, or - for standard input.")
]
Name = Annotated[
    str | None,
    typer.Option("--name", help="The name that people see; without it the metadata's organisation, or ServiceName."),
]
ShortId = Annotated[
    str | None, typer.Option("--id", help="Short name for URLs and commands; without it made from the entityID.")
]
Replace = Annotated[bool, typer.Option("--replace", help="Replace what the same organisation registered before.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    systems = typer.Typer(help="User-facing systems (service providers).", no_args_is_help=True)
    systems.command(name="add")(add_system)
    systems.command(name="remove")(remove_system)
    app.add_typer(systems, name="sp")
    idps = typer.Typer(help="Municipal IdPs.", no_args_is_help=True)
    idps.command(name="add")(add_idp)
    idps.command(name="remove")(remove_idp)
    app.add_typer(idps, name="idp")


def add_system(
    metadata: Metadata,
    cvr: Annotated[str, typer.Option("--cvr", help="CVR number of the supplier or authority that owns it.")],
    min_loa: Annotated[
        Level, typer.Option("--min-loa", case_sensitive=False, help="Lowest level its users must have.")
    ] = Level.SUBSTANTIAL,
    idp: Annotated[
        list[str] | None,
        typer.Option("--idp", help="An IdP it takes users from, by short id or entityID; one: nobody is asked."),
    ] = None,
    profile: Annotated[
        SystemProfile, typer.Option("--profile", case_sensitive=False, help="Which profile of SAML it reads.")
    ] = SystemProfile.OIOSAML3,
    min_assurance_level: Annotated[
        NistLevel | None,
        typer.Option("--min-assurance-level", help="Lowest NIST level of users without NSIS; 3 with OIOSAML2."),
    ] = None,
    name_id_format: Annotated[
        str | None, typer.Option("--name-id-format", help="Overrides the metadata's NameIDFormat.")
    ] = None,
    attribute_profile: Annotated[
        AttributeProfile | None,
        typer.Option("--attribute-profile", case_sensitive=False, help="Attributes where its metadata asks for none."),
    ] = None,
    on_no_roles: Annotated[
        OnNoRoles | None, typer.Option("--on-no-roles", case_sensitive=False, help="For a user without roles.")
    ] = None,
    translation: Annotated[
        str | None,
        typer.Option(
            "--translation", help="Table that puts its roles into another authority's words; `apply` brings one."
        ),
    ] = None,
    gets_rights: Annotated[
        GetsRights | None,
        typer.Option("--gets-rights", case_sensitive=False, help="query: it asks the attribute service itself."),
    ] = None,
    key_transport: Annotated[
        KeyTransport | None,
        typer.Option("--key-transport", help="Overrides its metadata, for a stack that cannot do OIOSAML 3's own."),
    ] = None,
    block_cipher: Annotated[
        BlockCipher | None, typer.Option("--block-cipher", help="Overrides its metadata, too.")
    ] = None,
    name: Name = None,
    short_id: ShortId = None,
    base_url: BaseUrl = None,
    *,
    replace: Replace = False,
) -> None:
    """Register a system at a running simulator. Broken metadata gets findings with line, rule and mend."""
    optional = {
        "minimum_assurance_level": min_assurance_level,
        "name_id_format": name_id_format,
        "attribute_profile": attribute_profile,
        "on_no_roles": on_no_roles,
        "translation": translation,
        "gets_rights": gets_rights,
        "name": name,
        "id": short_id,
        "encryption": encryption_document(key_transport, block_cipher),
    }
    party = {"cvr": cvr, "minimum_level": min_loa, "profile": profile, "idps": idp or [], **_given(optional)}
    _register("systems", metadata, party, base_url=base_url, replace=replace)


def add_idp(
    metadata: Metadata,
    cvr: Annotated[list[str], typer.Option("--cvr", help="CVR number it may speak for; several times for several.")],
    name: Annotated[str, typer.Option("--name", help="Its name on the page where people choose.")],
    max_loa: Annotated[
        Level | None, typer.Option("--max-loa", case_sensitive=False, help="NSIS level it is registered at.")
    ] = None,
    max_assurance_level: Annotated[
        NistLevel | None, typer.Option("--max-assurance-level", help="NIST level it is registered at.")
    ] = None,
    profile: Annotated[
        IdpProfile, typer.Option("--profile", case_sensitive=False, help="Which profile of SAML it speaks.")
    ] = IdpProfile.OIOSAML3,
    attribute_service: Annotated[
        str | None,
        typer.Option("--attribute-service", help="Metadata of the service with its users' rights: a file or a URL."),
    ] = None,
    role_catalogue: Annotated[
        str | None,
        typer.Option("--role-catalogue", help="Address of the role catalogue with its users' rights, asked by REST."),
    ] = None,
    on_attribute_failure: Annotated[
        OnAttributeFailure | None,
        typer.Option("--on-attribute-failure", case_sensitive=False, help="If rights cannot be fetched."),
    ] = None,
    short_id: ShortId = None,
    base_url: BaseUrl = None,
    *,
    knows_roles: Annotated[bool, typer.Option("--knows-roles", help="Its token carries job function roles.")] = False,
    no_scoping: Annotated[bool, typer.Option("--no-scoping", help="Do not tell it which system asks.")] = False,
    encryption_optional: Annotated[
        bool, typer.Option("--encryption-optional", help="Take unencrypted assertions too; OIOSAML2 only.")
    ] = False,
    replace: Replace = False,
) -> None:
    """Register an IdP at a running simulator, with its attribute service or role catalogue if its token carries no roles."""
    if [knows_roles, attribute_service is not None, role_catalogue is not None].count(True) != 1:
        fail(
            "Choose exactly one of --knows-roles, --attribute-service FILE|URL and --role-catalogue URL: "
            "it says where the users' rights come from."
        )
    if max_loa is None and max_assurance_level is None:
        fail("Say at which level it is registered: --max-loa Substantial, or --max-assurance-level 3 with OIOSAML2.")
    party: dict[str, Any] = {
        "cvrs": cvr,
        "name": name,
        "knows_roles": knows_roles,
        "profile": profile,
        "supports_scoping": not no_scoping,
        "encryption_optional": encryption_optional,
        **_given(
            {
                "maximum_level": max_loa,
                "maximum_assurance_level": max_assurance_level,
                "on_attribute_failure": on_attribute_failure,
                "id": short_id,
            }
        ),
    }
    if metadata == attribute_service == "-":
        fail("Only one of --metadata and --attribute-service can be standard input.")
    if attribute_service is not None:
        party["attribute_service"] = {"metadata": read_source(attribute_service), "cvrs": cvr}
    if role_catalogue is not None:
        party["attribute_service"] = {"role_catalogue": {"url": role_catalogue}, "cvrs": cvr}
    _register("idps", metadata, party, base_url=base_url, replace=replace)


def remove_system(party: Party, base_url: BaseUrl = None) -> None:
    """Take a system out of a running simulator. What others name, or what is withdrawn, stays."""
    _remove("systems", party, base_url)


def remove_idp(party: Party, base_url: BaseUrl = None) -> None:
    """Take an IdP out of a running simulator. What others name, or what is withdrawn, stays; its attribute service stays too."""
    _remove("idps", party, base_url)


def _remove(kind: str, name: str, base_url: str | None) -> None:
    from nsis_sim.api_client import Api, registering

    with registering(name), Api(broker_url(base_url)) as api:
        found = registered_party(api, kind, name)
        api.remove(kind, found["id"])
    say(f"Removed {found['entity_id']}")


def _given(options: Mapping[str, object]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _register(kind: str, metadata: str, party: dict[str, Any], *, base_url: str | None, replace: bool) -> None:
    from nsis_sim.api_client import Api, ApiRefusalError, registering

    document = {"metadata": read_source(metadata), **_remembered(metadata), **party}
    url = broker_url(base_url)
    source = "standard input" if metadata == "-" else metadata
    with registering(source), Api(url) as api:
        if party.get("idps"):
            document["idps"] = [registered_party(api, "idps", idp)["entity_id"] for idp in party["idps"]]
        try:
            done = api.send("POST", f"/{kind}" + ("?replace=true" if replace else ""), document)
        except ApiRefusalError as refusal:
            _say_of_options(source, refusal)
            raise
        known = [*api.parties(kind), *(api.parties("attribute-services") if "attribute_service" in party else ())]
    say_findings(source, done.findings)
    registered = [each for each in known if each["entity_id"] in done.registered]
    for each in registered:
        say(f"Registered {each['entity_id']} as {each['id']}")
    _say_what_next(kind, url)
    for each in registered:
        if each["registration"].get("role_catalogue"):
            say(f"Its API key belongs into role-catalogue-{each['id']}.key in the simulator's certificate directory.")


def _say_of_options(source: str, refusal: "ApiRefusalError") -> None:
    """End the command if what was refused are options, and not the metadata: whoever typed them knows no other names for them."""
    if refusal.code == "web.form":
        fail(in_options(refusal.detail))
    told = [option_at_fault(finding) for finding in refusal.findings]
    if not any(told):
        return
    for finding, at_fault in zip(refusal.findings, told, strict=True):
        at, said = at_fault or (source, finding)
        say_findings(at, [said])
    fail("Nothing was registered.", status=REFUSED)


def _remembered(metadata: str) -> dict[str, Any]:
    """Have the simulator fetch the metadata again from where this command fetched it."""
    return {"metadata_source": {"url": metadata}} if metadata.startswith(("http://", "https://")) else {}


def _say_what_next(kind: str, url: str) -> None:
    from federation.urls import ContextHandlerUrls

    urls = ContextHandlerUrls(url)
    face = urls.metadata_towards_systems_url if kind == "systems" else urls.metadata_towards_idps_url
    say(f"The simulator's metadata for it: {face}")


def read_source(source: str) -> str:
    """Give the text of a file, of standard input (-) or of what a URL answers; ends the command if it cannot be had."""
    if source.startswith(("http://", "https://")):
        return _fetch(source)
    if "://" in source:
        fail(f"{source} cannot be fetched: metadata comes from a file, from standard input (-), or by http or https.")
    try:
        return (sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()).decode("utf-8")
    except UnicodeDecodeError as error:
        from oiosaml.messages.metadata_lookalikes import mend_by_looks

        fail(f"{source} is not UTF-8. {mend_by_looks(error.object) or 'Save it so.'}")
    except OSError as error:
        fail(f"{source} cannot be read: {error.strerror}.")


def _fetch(url: str) -> str:
    import httpx

    from nsis_sim.outgoing import outgoing_transport
    from saml_web.local_names import is_local_name

    try:
        host = httpx.URL(url).host
        # A proxy never knows this machine's own addresses, nor does a resolver know its names or the usual authorities its certificate.
        own = is_local_name(host) or host in {"127.0.0.1", "::1"}
        transport = outgoing_transport() if own else None
        # The simulator fetches it again without following redirects (MD-03), so the address that counts is the last one.
        with httpx.Client(transport=transport, timeout=10, follow_redirects=False, trust_env=not own) as client:
            answer = client.get(url)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        fail(f"{url} cannot be fetched: {error}")
    if answer.has_redirect_location:
        fail(f"{url} redirects to {urljoin(url, answer.headers['location'])}; give the address of the metadata itself.")
    if not answer.is_success:
        fail(f"{url} cannot be fetched: it answers HTTP {answer.status_code} {answer.reason_phrase}.")
    return answer.text
