"""What foreign stacks send is accepted: the standard's whole breadth where it is harmless."""

import pytest

from oiosaml.errors import SamlError
from oiosaml.uris import NS_MD, NS_SAML, NS_SAMLP
from oiosaml.xml.parse import parse_message, parse_metadata
from oiosaml.xml.schema import check

XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xs="http://www.w3.org/2001/XMLSchema"'
HEAD = 'ID="_a" Version="2.0" IssueInstant="2025-03-04T08:15:30Z"'
NAMESPACES = f'xmlns:samlp="{NS_SAMLP}" xmlns:saml="{NS_SAML}"'
ISSUER = '<saml:Issuer Format="urn:oasis:names:tc:SAML:2.0:nameid-format:entity">urn:x</saml:Issuer>'

AUTHN_REQUEST = f"""<samlp:AuthnRequest {NAMESPACES} {HEAD} Consent="urn:oasis:names:tc:SAML:2.0:consent:unspecified" ForceAuthn="false"
  IsPassive="0" ProtocolBinding="urn:b" AssertionConsumerServiceURL="https://a.test" ProviderName="p" AttributeConsumingServiceIndex="1">
  {ISSUER}
  <samlp:Extensions><nl:AppSwitch xmlns:nl="https://data.gov.dk/eid/saml/extensions"><nl:Platform>iOS</nl:Platform></nl:AppSwitch>
    <eidas:SPType xmlns:eidas="http://eidas.europa.eu/saml-extensions">public</eidas:SPType></samlp:Extensions>
  <saml:Subject><saml:NameID>hint</saml:NameID></saml:Subject>
  <samlp:NameIDPolicy Format="urn:f" SPNameQualifier="urn:sp" AllowCreate="true"/>
  <saml:Conditions><saml:AudienceRestriction><saml:Audience>a</saml:Audience></saml:AudienceRestriction></saml:Conditions>
  <samlp:RequestedAuthnContext Comparison="minimum"><saml:AuthnContextClassRef>a</saml:AuthnContextClassRef></samlp:RequestedAuthnContext>
  <samlp:Scoping ProxyCount="1"><samlp:IDPList><samlp:IDPEntry ProviderID="urn:i" Name="I" Loc="https://i.test"/>
    <samlp:GetComplete>https://x.test</samlp:GetComplete></samlp:IDPList><samlp:RequesterID>urn:r</samlp:RequesterID></samlp:Scoping>
</samlp:AuthnRequest>"""

RESPONSE = f"""<samlp:Response {NAMESPACES} {XSI} {HEAD} InResponseTo="_b" Destination="https://d.test" Consent="urn:c">
  {ISSUER}<samlp:Extensions><x xmlns="urn:x" y="z"/></samlp:Extensions>
  <samlp:Status><samlp:StatusCode Value="urn:s"><samlp:StatusCode Value="urn:t"><samlp:StatusCode Value="urn:u"/></samlp:StatusCode>
    </samlp:StatusCode><samlp:StatusMessage>m</samlp:StatusMessage><samlp:StatusDetail><Cause xmlns="">c</Cause></samlp:StatusDetail>
  </samlp:Status>
  <saml:Assertion {HEAD.replace("_a", "_c")}>{ISSUER}
    <saml:Subject><saml:NameID NameQualifier="q" SPNameQualifier="s" SPProvidedID="p" Format="urn:f">n</saml:NameID>
      <saml:SubjectConfirmation Method="urn:m"><saml:NameID>n</saml:NameID>
        <saml:SubjectConfirmationData xsi:type="saml:KeyInfoConfirmationDataType" Address="127.0.0.1" NotBefore="x" NotOnOrAfter="x"
          Recipient="r" InResponseTo="_b"/></saml:SubjectConfirmation></saml:Subject>
    <saml:Conditions NotBefore="x" NotOnOrAfter="y"><saml:AudienceRestriction><saml:Audience>a</saml:Audience></saml:AudienceRestriction>
      <saml:OneTimeUse/><saml:ProxyRestriction Count="2"/></saml:Conditions>
    <saml:Advice><saml:AssertionIDRef>_d</saml:AssertionIDRef></saml:Advice>
    <saml:AuthnStatement AuthnInstant="x" SessionIndex="i" SessionNotOnOrAfter="y"><saml:SubjectLocality Address="a" DNSName="d"/>
      <saml:AuthnContext><saml:AuthnContextClassRef>c</saml:AuthnContextClassRef>
        <saml:AuthenticatingAuthority>urn:i</saml:AuthenticatingAuthority></saml:AuthnContext></saml:AuthnStatement>
    <saml:AttributeStatement><saml:Attribute Name="n" NameFormat="f" FriendlyName="g" xmlns:old="urn:old" old:OriginalIssuer="i">
      <saml:AttributeValue xsi:type="xs:string">v</saml:AttributeValue><saml:AttributeValue xsi:nil="true"/>
      <saml:AttributeValue><saml:NameID>n</saml:NameID></saml:AttributeValue></saml:Attribute></saml:AttributeStatement>
  </saml:Assertion>
</samlp:Response>"""

LOGOUT = f"""<samlp:LogoutRequest {NAMESPACES} {HEAD} Reason="urn:r" NotOnOrAfter="x">{ISSUER}<saml:NameID>n</saml:NameID>
  <samlp:SessionIndex>i</samlp:SessionIndex><samlp:SessionIndex>j</samlp:SessionIndex></samlp:LogoutRequest>"""

METADATA = f"""<md:EntityDescriptor xmlns:md="{NS_MD}" {XSI} entityID="urn:e" validUntil="x" cacheDuration="P1D" xmlns:x="urn:x" x:y="z">
  <!-- a licence --><md:Extensions><mdui:UIInfo xmlns:mdui="urn:oasis:names:tc:SAML:metadata:ui"/></md:Extensions>
  <md:RoleDescriptor xsi:type="fed:SecurityTokenServiceType" xmlns:fed="urn:fed" protocolSupportEnumeration="urn:p">
  <fed:Any/></md:RoleDescriptor>
  <md:SPSSODescriptor protocolSupportEnumeration="urn:p" AuthnRequestsSigned="true" WantAssertionsSigned="true">
    <md:Extensions><init:RequestInitiator xmlns:init="urn:init" Binding="b" Location="l"/></md:Extensions>
    <md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:KeyName>k</ds:KeyName></ds:KeyInfo>
      <md:EncryptionMethod Algorithm="a"><OAEPparams xmlns="http://www.w3.org/2001/04/xmlenc#">x</OAEPparams></md:EncryptionMethod></md:KeyDescriptor>
    <md:SingleLogoutService Binding="b" Location="l" ResponseLocation="r"/><md:NameIDFormat>f</md:NameIDFormat>
    <md:AssertionConsumerService Binding="b" Location="l" index="0" isDefault="true"/>
    <md:AttributeConsumingService index="0"><md:ServiceName xml:lang="da">s</md:ServiceName>
    <md:RequestedAttribute Name="n" isRequired="true"/>
    </md:AttributeConsumingService></md:SPSSODescriptor>
  <md:Organization><md:OrganizationName xml:lang="da">o</md:OrganizationName>
    <md:OrganizationDisplayName xml:lang="da">o</md:OrganizationDisplayName>
    <md:OrganizationURL xml:lang="da">u</md:OrganizationURL></md:Organization>
  <md:ContactPerson contactType="technical"><md:GivenName>g</md:GivenName>
    <md:EmailAddress>mailto:a@b.test</md:EmailAddress></md:ContactPerson>
</md:EntityDescriptor>"""


@pytest.mark.parametrize(
    "document", [AUTHN_REQUEST, RESPONSE, LOGOUT], ids=["AuthnRequest", "Response", "LogoutRequest"]
)
def test_accepts_the_breadth_of_the_standard(document: str) -> None:
    check(parse_message(document.encode()))


def test_accepts_metadata_with_foreign_extensions() -> None:
    check(parse_metadata(METADATA.encode()))


@pytest.mark.parametrize(
    ("document", "old", "new", "said"),
    [
        (AUTHN_REQUEST, "<samlp:NameIDPolicy", "<samlp:NameIdPolicy", "got NameIdPolicy"),
        (AUTHN_REQUEST, 'IsPassive="0"', 'isPassive="0"', "got the attribute isPassive"),
        (AUTHN_REQUEST, ISSUER, "", "got Extensions, expected Issuer"),
        (RESPONSE, 'Value="urn:s"', "", "/Response/Status/StatusCode (line 3): got no Value"),
        (RESPONSE, "<saml:OneTimeUse/>", "<saml:OneTimeUse>x</saml:OneTimeUse>", "got text, expected only elements"),
        (
            METADATA,
            'Binding="b" Location="l" index="0"',
            'Binding="b" index="0"',
            "AssertionConsumerService (line 10): got no Location",
        ),
    ],
)
def test_says_where_what_and_what_was_expected(document: str, old: str, new: str, said: str) -> None:
    assert old in document
    broken = document.replace(old, new).replace("/samlp:NameIDPolicy", "/samlp:NameIdPolicy")
    with pytest.raises(SamlError) as caught:
        check(parse_metadata(broken.encode()))
    assert caught.value.code == "xml.schema"
    assert said in caught.value.detail


@pytest.mark.parametrize(
    "content",
    [
        "text<saml:Audience>a</saml:Audience>",
        "<saml:Audience>a</saml:Audience>text",
        "<saml:Audience>a</saml:Audience>text<saml:Audience>b</saml:Audience>",
    ],
)
def test_refuses_text_beside_elements_however_deep(content: str) -> None:
    element = parse_message(
        f"<samlp:AuthnRequest {NAMESPACES} {HEAD}>{ISSUER}<saml:Conditions><saml:AudienceRestriction>{content}"
        "</saml:AudienceRestriction></saml:Conditions></samlp:AuthnRequest>".encode()
    )
    with pytest.raises(SamlError) as refusal:
        check(element)
    assert "AudienceRestriction" in refusal.value.detail
    assert "got text, expected only elements" in refusal.value.detail


def test_refuses_text_where_an_element_should_hold_nothing() -> None:
    element = parse_message(
        f"<samlp:AuthnRequest {NAMESPACES} {HEAD}>{ISSUER}<samlp:NameIDPolicy>x</samlp:NameIDPolicy></samlp:AuthnRequest>".encode()
    )
    with pytest.raises(SamlError, match=r"NameIDPolicy.*got text"):
        check(element)
