"""A shape that was found good is remembered, and nothing that depends on a value with it."""

import pytest

from oiosaml.errors import SamlError
from oiosaml.uris import NS_SAML, NS_SAMLP
from oiosaml.xml import document
from oiosaml.xml.document import check_document
from oiosaml.xml.parse import parse_message

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


def test_no_number_of_shapes_fills_the_memory() -> None:
    def with_extension(name: str) -> str:
        return request(f'<samlp:Extensions><x:{name} xmlns:x="urn:x"/></samlp:Extensions>')

    examine(with_extension("b" * document.LONGEST_REMEMBERED))
    assert all(len(shape) <= document.LONGEST_REMEMBERED for shape, _ in document._good_shapes)
    for number in range(document.MOST_REMEMBERED + 8):
        examine(with_extension(f"a{number}"))
        assert len(document._good_shapes) <= document.MOST_REMEMBERED
