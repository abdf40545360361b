from collections.abc import Callable
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from oiosaml.errors import SamlError
from oiosaml.keys import read_verification_key
from oiosaml.messages.encryption_choice import encryption_for, method_for
from oiosaml.messages.metadata import KeyDescriptor, MetadataEncryptionMethod
from oiosaml.uris import (
    AES128_GCM,
    AES256_GCM,
    DIGEST_SHA1,
    DIGEST_SHA256,
    MGF1_SHA1,
    MGF1_SHA256,
    RSA_OAEP,
    RSA_OAEP_MGF1P,
)
from oiosaml.xml.encryption import OIOSAML_DEFAULT, EncryptionMethod
from tests.conftest import Member, certificate_of

AES256_CBC = "http://www.w3.org/2001/04/xmlenc#aes256-cbc"
RSA_1_5 = "http://www.w3.org/2001/04/xmlenc#rsa-1_5"


def listed(*algorithms: str) -> tuple[MetadataEncryptionMethod, ...]:
    return tuple(MetadataEncryptionMethod(algorithm) for algorithm in algorithms)


def test_silent_metadata_gets_oiosamls_own_choice():
    assert method_for(()) == OIOSAML_DEFAULT


@pytest.mark.parametrize(
    ("methods", "chosen"),
    [
        (listed(AES128_GCM), EncryptionMethod(AES128_GCM, RSA_OAEP, DIGEST_SHA256, MGF1_SHA256)),
        (listed(AES128_GCM, AES256_GCM), EncryptionMethod(AES128_GCM, RSA_OAEP, DIGEST_SHA256, MGF1_SHA256)),
        (listed(AES256_CBC, AES256_GCM), OIOSAML_DEFAULT),
        (listed(RSA_OAEP), OIOSAML_DEFAULT),
        (listed(RSA_1_5, RSA_OAEP_MGF1P), EncryptionMethod(AES256_GCM, RSA_OAEP_MGF1P, DIGEST_SHA1, MGF1_SHA1)),
        (
            (MetadataEncryptionMethod(RSA_OAEP_MGF1P, DIGEST_SHA256),),
            EncryptionMethod(AES256_GCM, RSA_OAEP_MGF1P, DIGEST_SHA256, MGF1_SHA1),
        ),
        (
            (MetadataEncryptionMethod(RSA_OAEP, DIGEST_SHA256),),
            EncryptionMethod(AES256_GCM, RSA_OAEP, DIGEST_SHA256, MGF1_SHA1),
        ),
    ],
)
def test_the_first_allowed_method_of_each_kind_is_chosen(methods, chosen):
    assert method_for(methods) == chosen


@pytest.mark.parametrize(
    "methods",
    [
        listed(AES256_CBC),
        listed(RSA_1_5),
        (MetadataEncryptionMethod(RSA_OAEP, "urn:x"),),
        (MetadataEncryptionMethod(RSA_OAEP_MGF1P, DIGEST_SHA256, MGF1_SHA256),),
    ],
)
def test_refuses_metadata_that_lists_only_what_is_not_allowed(methods):
    with pytest.raises(SamlError) as refused:
        method_for(methods)
    assert refused.value.code == "enc.algorithm"


def test_encrypts_to_the_key_that_may_encrypt(member: Callable[[str], Member]):
    signing, encryption = member("idp"), member("broker")
    keys = (KeyDescriptor("signing", signing.verification), KeyDescriptor("encryption", encryption.verification))
    public_key, _ = encryption_for(keys)
    assert public_key == encryption.public_key


def test_passes_over_a_key_that_cannot_encrypt(member: Callable[[str], Member]):
    elliptic = read_verification_key(certificate_of(ec.generate_private_key(ec.SECP256R1())))
    keys = (KeyDescriptor(None, elliptic), KeyDescriptor(None, member("broker").verification))
    public_key, _ = encryption_for(keys)
    assert public_key == member("broker").public_key


def test_refuses_metadata_without_a_key_to_encrypt_to(member: Callable[[str], Member]):
    with pytest.raises(SamlError) as refused:
        encryption_for((KeyDescriptor("signing", member("broker").verification),))
    assert refused.value.code == "md.key"


@pytest.mark.parametrize("barred", ["key.withdrawn", "key.revoked"])
def test_a_barred_key_is_refused_as_the_recipients_and_not_as_a_senders(member: Callable[[str], Member], barred: str):
    stolen = KeyDescriptor("encryption", replace(member("broker").verification, barred=barred))
    with pytest.raises(SamlError) as refused:
        encryption_for((stolen,))
    assert refused.value.code == barred
    assert "recipient's encryption" in refused.value.sentence("en")
    public_key, _ = encryption_for((stolen, KeyDescriptor("encryption", member("idp").verification)))
    assert public_key == member("idp").public_key, "the twin: the next key counts"
