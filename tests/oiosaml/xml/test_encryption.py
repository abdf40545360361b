"""What nobody should be sent cannot be asked for."""

import pytest

from oiosaml.uris import AES256_GCM, DIGEST_SHA1, DIGEST_SHA256, MGF1_SHA1, MGF1_SHA256, RSA_OAEP, RSA_OAEP_MGF1P
from oiosaml.xml.encryption import EncryptionMethod, encrypt
from tests.conftest import Member

CBC = "http://www.w3.org/2001/04/xmlenc#aes256-cbc"
RSA_1_5 = "http://www.w3.org/2001/04/xmlenc#rsa-1_5"


@pytest.mark.parametrize(
    "parts",
    [
        (CBC, RSA_OAEP, DIGEST_SHA256, MGF1_SHA256),
        (AES256_GCM, RSA_1_5, DIGEST_SHA256, MGF1_SHA256),
        (AES256_GCM, RSA_OAEP, "md5", MGF1_SHA256),
        (AES256_GCM, RSA_OAEP, DIGEST_SHA256, "mgf"),
        (AES256_GCM, RSA_OAEP_MGF1P, DIGEST_SHA1, MGF1_SHA256),
    ],
)
def test_refuses_other_methods(parts: tuple[str, str, str, str]) -> None:
    with pytest.raises(ValueError, match="expected"):
        EncryptionMethod(*parts)


def test_key_and_nonce_come_from_entropy(broker: Member) -> None:
    """32 bytes for the key, 12 for the nonce, in separate draws."""
    asked = []

    def entropy(count: int) -> bytes:
        asked.append(count)
        return bytes([len(asked)]) * count

    encrypt(
        b"<a/>", broker.public_key, EncryptionMethod(AES256_GCM, RSA_OAEP, DIGEST_SHA256, MGF1_SHA1), entropy=entropy
    )
    assert asked == [32, 12]
