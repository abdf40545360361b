"""A shape that was found good is remembered, and nothing that depends on a value with it."""

import pytest
from lxml import etree

from oiosaml.errors import SamlError
from oiosaml.uris import NS_SAML, NS_SAMLP
from oiosaml.xml import document
from oiosaml.xml.document import check_document, read_document
from oiosaml.xml.parse import parse_message

AUTHN_REQUEST = f"{{{NS_SAMLP}}}AuthnRequest"
HEAD = 'ID="_a" Version="2.0" IssueInstant="2025-03-04T08:15:30Z"'
ISSUER = "<saml:Issuer>urn:x</saml:Issuer>"
EXTENSIONS = '<samlp:Extensions><x xmlns="urn:x" Id="_b" ID="_c"/></samlp:Extensions>'


def request(content: str) -> str:
    return (
        f'<samlp:AuthnRequest xmlns:samlp="{NS_SAMLP}" xmlns:saml="{NS_SAML}" {HEAD}>{ISSUER}{content}'
        "</samlp:AuthnRequest>"
    )


def examine(text: str) -> None:
    check_document(parse_message(text.encode()))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("<samlp:NameIDPolicy>", "<samlp:NameIDPolicy>x", "NameIDPolicy.*got text"),
        ("</samlp:AuthnRequest>", "x</samlp:AuthnRequest>", "AuthnRequest.*got text"),
        (
            "</samlp:AuthnRequest>",
            "\u00a0</samlp:AuthnRequest>",
            "AuthnRequest.*got text",
        ),  # white space, and not XML's
        ('ID="_a"', 'ID="1"', "got ID='1'"),
        ('Id="_b"', 'Id="_a"', "got the ID '_a' twice"),
        (' ID="_c"', ' ID="_b"', "got the ID '_b' twice"),
    ],
)
def test_what_a_shape_leaves_open_is_asked_each_time(old: str, new: str, said: str) -> None:
    good = request(EXTENSIONS + "<samlp:NameIDPolicy></samlp:NameIDPolicy>")
    wrong = good.replace(old, new, 1)
    assert wrong != good
    for _ in range(2):
        examine(good)
        with pytest.raises(SamlError, match=said) as refused:
            examine(wrong)
        assert refused.value.code == "xml.schema"


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("<x ", "<!-- a --><x ", "xml.text"),
        ("<x ", "<?a b?><x ", "xml.text"),
        ('Id="_b"', 'xml:id="_b"', "xml.schema"),
        ("<x ", "<x " + " ".join(f'a{number}="v"' for number in range(33)) + " ", "xml.limits"),
        ("/></samlp:Extensions>", f">{'<y>' * 32}{'</y>' * 32}</x></samlp:Extensions>", "xml.limits"),
        ('ID="_c"', f'ID="{"c" * 8193}"', "xml.limits"),
        ("samlp:AuthnRequest", "samlp:LogoutRequest", "xml.root"),
        ('xmlns="urn:x"', 'xmlns="x"', "xml.malformed"),
    ],
)
def test_a_message_that_is_read_is_never_odd(old: str, new: str, code: str) -> None:
    good = request(EXTENSIONS)
    wrong = good.replace(old, new)
    assert wrong != good
    for _ in range(2):
        assert read_document(good.encode(), AUTHN_REQUEST).tag == AUTHN_REQUEST
        with pytest.raises(SamlError) as refused:
            read_document(wrong.encode(), AUTHN_REQUEST)
        assert refused.value.code == code


def test_a_comment_outside_the_root_is_odd_too() -> None:
    for outside in ("<!-- a -->{}", "{}<!-- a -->", "{}<?a b?>"):
        with pytest.raises(SamlError) as refused:
            read_document(outside.format(request(EXTENSIONS)).encode(), AUTHN_REQUEST)
        assert refused.value.code == "xml.text"


def test_what_holds_a_comment_is_never_found_good_for_others() -> None:
    odd = request('<samlp:Extensions><x xmlns="urn:x"><!-- a --></x></samlp:Extensions>').encode()
    check_document(etree.fromstring(odd))  # nobody does: it does not come from `parse_message`
    with pytest.raises(SamlError) as refused:
        read_document(odd, AUTHN_REQUEST)
    assert refused.value.code == "xml.text"


def test_the_same_names_nested_otherwise_are_another_shape() -> None:
    examine(request('<samlp:Extensions><x xmlns="urn:x"/></samlp:Extensions>'))
    with pytest.raises(SamlError, match="got x as child 3"):
        examine(request('<samlp:Extensions/><x xmlns="urn:x"/>'))


def test_the_same_names_with_other_attributes_are_another_shape() -> None:
    examine(request('<samlp:NameIDPolicy Format="f"/>'))
    with pytest.raises(SamlError, match="got the attribute format"):
        examine(request('<samlp:NameIDPolicy format="f"/>'))


def test_the_same_document_round_another_message_is_examined_anew() -> None:
    """What stands under no model passes; were the shape all that counts, a message could pass for its surroundings."""
    root = parse_message(f'<x xmlns="urn:x">{request("<samlp:Nothing/>")}</x>'.encode())
    for _ in range(2):
        check_document(root)
        with pytest.raises(SamlError, match="got Nothing as child 2"):
            check_document(root[0])


def test_assertions_and_ids_count_in_the_whole_document() -> None:
    assertion = f'<saml:Assertion xmlns:saml="{NS_SAML}" ID="_z"/>'
    for _ in range(2):
        for count in (0, 1):
            check_document(parse_message(f"<x>{assertion * count}{request('')}</x>".encode())[count])
        for wrong, code in (
            (assertion + assertion.replace("_z", "_y"), "proto.assertion-count"),
            ('<x ID="_a"/>', "xml.schema"),
        ):
            with pytest.raises(SamlError) as refused:
                check_document(parse_message(f"<x>{wrong}{request('')}</x>".encode())[-1])
            assert refused.value.code == code


def test_what_was_found_good_is_not_compared_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """By other values, and by white space between elements, a shape stays the same; beside a comment it is not trusted (0032)."""
    spaced = request(f"\n  {EXTENSIONS}\n")
    root = parse_message(f"<a>{spaced}</a>".encode())
    read_document(spaced.encode(), AUTHN_REQUEST)
    check_document(root[0])
    asked: list[bool] = []
    monkeypatch.setattr(document, "compare", _not_compared)
    monkeypatch.setattr(document, "refuse_oddities", lambda *_, ordinary_shape: asked.append(ordinary_shape))
    read_document(spaced.replace("_a", "_other").encode(), AUTHN_REQUEST)
    check_document(root[0])
    read_document(f"{spaced}<!-- a -->".encode(), AUTHN_REQUEST)
    assert asked == [True, False]


def test_what_was_found_good_within_is_not_good_as_a_whole() -> None:
    """In an envelope of whatever kind a message is good; as a message, the envelope is not."""
    envelope = request("").replace('ID="_a"', 'ID="_outer"').replace(ISSUER, request(EXTENSIONS))
    for _ in range(2):
        check_document(parse_message(envelope.encode())[0])
        with pytest.raises(SamlError, match="got AuthnRequest, expected Issuer"):
            read_document(envelope.encode(), AUTHN_REQUEST)


def _not_compared(_message: etree._Element) -> list[etree._Element]:
    raise AssertionError("got a shape that was found good, expected no other look at it")


def test_no_number_of_shapes_fills_the_memory() -> None:
    def with_extension(name: str) -> str:
        return request(f'<samlp:Extensions><x:{name} xmlns:x="urn:x"/></samlp:Extensions>')

    examine(with_extension("b" * document.LONGEST_REMEMBERED))
    assert all(len(shape) <= document.LONGEST_REMEMBERED for shape, _ in document._good_shapes)
    for number in range(document.MOST_REMEMBERED + 8):
        examine(with_extension(f"a{number}"))
        assert len(document._good_shapes) <= document.MOST_REMEMBERED
