"""What a vendor's engineer is told of a signature that has another shape: what stands there, and what should."""

import pytest

from oiosaml.errors import SamlError
from oiosaml.xml.parse import parse_message
from oiosaml.xml.signature_profile import read_signature
from tests.oiosaml.xml.test_signature_profile import (
    DIGEST_METHOD,
    DIGEST_VALUE,
    DOCUMENT,
    SIGNATURE_VALUE,
    TRANSFORMS,
    refusal_of,
)


@pytest.mark.parametrize(
    ("old", "new", "detail"),
    [
        (
            SIGNATURE_VALUE,
            SIGNATURE_VALUE + "<ds:Object/>" * 9,
            "got SignedInfo, SignatureValue, Object, Object, Object, Object, Object, Object in Signature, "
            "expected SignedInfo, SignatureValue or SignedInfo, SignatureValue, KeyInfo",
        ),
        (
            TRANSFORMS + DIGEST_METHOD + DIGEST_VALUE,
            DIGEST_METHOD + DIGEST_VALUE,
            "got DigestMethod, DigestValue in Reference, expected Transforms, DigestMethod, DigestValue",
        ),
    ],
    ids=["too much", "too little"],
)
def test_what_stands_there_and_what_should(old: str, new: str, detail: str) -> None:
    assert refusal_of(old, new).detail == detail


@pytest.mark.parametrize("identifier", ["_1", "XXXX"])
def test_without_an_id_a_reference_to_another_element_covers_nothing(identifier: str) -> None:
    document = DOCUMENT.replace('<a ID="_1">', "<a>").replace("<before/>", f'<before ID="{identifier}"/>')
    with pytest.raises(SamlError) as refused:
        read_signature(parse_message(document.replace("#_1", f"#{identifier}").encode())[1])
    assert refused.value.code == "sig.coverage"
