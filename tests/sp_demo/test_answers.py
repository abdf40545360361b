"""What becomes of an answer: refusals by the Context Handler, hostile values, rights, and which ciphertext each stack takes."""

from dataclasses import replace

import pytest

from oiosaml.attributes import FULL_NAME, PRIVILEGES_INTERMEDIATE
from oiosaml.messages.response import Status
from oiosaml.uris import (
    AES128_GCM,
    AES256_GCM,
    DIGEST_SHA1,
    DIGEST_SHA256,
    MGF1_SHA1,
    MGF1_SHA256,
    RSA_OAEP,
    RSA_OAEP_MGF1P,
    STATUS_NO_AUTHN_CONTEXT,
    STATUS_REQUESTER,
    STATUS_RESPONDER,
)
from oiosaml.xml.encryption import OIOSAML_DEFAULT, RSA_OAEP_MGF1P_SHA1, EncryptionMethod
from sp_demo.system import StackName
from tests.sp_demo.houses import refused, result_of


def test_a_refusal_of_the_context_handler_is_shown_kindly(house):
    visitor = house.visitor()
    visitor.begin(house.login)
    status = Status(STATUS_RESPONDER, STATUS_NO_AUTHN_CONTEXT, "Niveauet kunne ikke nås")
    assert visitor.post(house.acs, house.issuer.refusal(visitor.request_id, status)).status_code == 303
    page = result_of(house, visitor)
    assert "You were not logged in" in page.text
    assert "Niveauet kunne ikke nås" in page.text
    # The Context Handler writes its StatusMessage in English, whatever the page's language.
    assert '<dd lang="en">Niveauet kunne ikke nås</dd>' in page.text
    assert STATUS_NO_AUTHN_CONTEXT in page.text
    assert "The answer is not signed" not in page.text
    # It was authenticated, so it used the login up.
    assert visitor.post(house.acs, house.issuer.answer(visitor.request_id)).status_code == 403


def told(house, side, sentence, level="Low"):
    """The page that a system shows which asked for `level` and was refused as the Context Handler refuses for a level."""
    visitor = house.visitor()
    visitor.begin(f"{house.login}?level={level}")
    status = Status(side, STATUS_NO_AUTHN_CONTEXT, sentence)
    assert visitor.post(house.acs, house.issuer.refusal(visitor.request_id, status)).status_code == 303
    return result_of(house, visitor).text


def test_the_level_asked_for_is_not_called_the_one_that_is_required(house):
    """Asked at Low, refused for Substantial: the registration asks for more than the request."""
    page = told(
        house, STATUS_RESPONDER, "fed.loa: The system requires level Substantial, but you are logged in at Low."
    )
    lead = page[page.index('<p class="font-lead">') :].partition("</p>")[0]
    assert "assurance level that is required" in lead and "Low" not in lead
    assert "<dt>Level this system asked for</dt><dd>Low</dd>" in page


def test_who_mends_a_level_depends_on_what_was_wrong_with_it(house):
    unstated = told(house, STATUS_RESPONDER, "fed.loa: Your municipality's login does not state a valid NSIS level.")
    assert "stated no valid level: those who run that login" in unstated and "means of identification" in unstated
    unanswerable = told(
        house, STATUS_REQUESTER, "req.authn-context: The system asks for a level in a way that cannot be met."
    )
    assert "The vendor of this system" in unanswerable and "means of identification" not in unanswerable


def test_an_unsigned_refusal_leaves_the_login_open(house):
    visitor = house.visitor()
    visitor.begin(house.login)
    status = Status(STATUS_RESPONDER, STATUS_NO_AUTHN_CONTEXT)
    visitor.post(house.acs, house.issuer.refusal(visitor.request_id, status, signed=False))
    assert "The answer is not signed" in result_of(house, visitor).text
    assert visitor.post(house.acs, house.issuer.answer(visitor.request_id)).status_code == 303


def test_refuses_a_refusal_whose_signature_is_broken(house):
    visitor = house.visitor()
    visitor.begin(house.login)
    octets = house.issuer.refusal(visitor.request_id, Status(STATUS_RESPONDER, None, "aaaa"))
    assert refused(house, visitor, octets.replace(b"aaaa", b"bbbb")) == "sig.value"


def test_hostile_attribute_values_are_text(house):
    evil = "<script>alert(1)</script>"
    changed = house.issuer.attributes(**{FULL_NAME: (evil,)})
    page = result_of(house, house.logged_in(attribute_statements=(changed,)))
    assert evil not in page.text
    assert "&lt;script&gt;alert(1)" in page.text


def test_hostile_status_messages_are_text(house):
    visitor = house.visitor()
    visitor.begin(house.login)
    status = Status(STATUS_RESPONDER, None, '"><img src=x onerror=alert(1)>')
    visitor.post(house.acs, house.issuer.refusal(visitor.request_id, status))
    assert "<img src=x" not in result_of(house, visitor).text


@pytest.mark.parametrize("values", [(), ("bm8geG1s",), ("!",)])
def test_rights_that_cannot_be_read_are_no_rights(house, values):
    changed = house.issuer.attributes(**{PRIVILEGES_INTERMEDIATE: values})
    page = result_of(house, house.logged_in(attribute_statements=(changed,)))
    assert 'class="sim-tree"' not in page.text


def test_the_session_can_be_ended(house):
    visitor = house.logged_in()
    assert visitor.send("POST", f"{house.system.urls.base_url}/end", data={"form_token": "x"}).status_code == 303
    assert result_of(house, visitor).status_code == 303


TRANSPORTS = {
    "rsa-oaep-mgf1p, SHA-1": RSA_OAEP_MGF1P_SHA1,
    "rsa-oaep-mgf1p, SHA-256": EncryptionMethod(AES256_GCM, RSA_OAEP_MGF1P, DIGEST_SHA256, MGF1_SHA1),
    "rsa-oaep-mgf1p, SHA-1, AES-128": EncryptionMethod(AES128_GCM, RSA_OAEP_MGF1P, DIGEST_SHA1, MGF1_SHA1),
    "xmlenc11 rsa-oaep, SHA-256": OIOSAML_DEFAULT,
    "xmlenc11 rsa-oaep, SHA-256, MGF SHA-1": EncryptionMethod(AES256_GCM, RSA_OAEP, DIGEST_SHA256, MGF1_SHA1),
    "xmlenc11 rsa-oaep, SHA-1": EncryptionMethod(AES256_GCM, RSA_OAEP, DIGEST_SHA1, MGF1_SHA1),
    "xmlenc11 rsa-oaep, SHA-1, MGF SHA-256": EncryptionMethod(AES256_GCM, RSA_OAEP, DIGEST_SHA1, MGF1_SHA256),
}


@pytest.mark.parametrize("name", TRANSPORTS)
def test_which_key_transports_the_stack_takes(house, name):
    issuer = replace(house.issuer, method=TRANSPORTS[name])
    visitor = house.visitor()
    visitor.begin(house.login)
    response = visitor.post(house.acs, issuer.answer(visitor.request_id))
    # python3-saml's XML schema knows no xmlenc11 elements (README: what each stack cannot do).
    taken = house.system.stack is StackName.PYSAML2 or not name.startswith("xmlenc11")
    assert (response.status_code == 303) is taken, response.text
