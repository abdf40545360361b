"""Algorithms by the names people use: every word is a setting that the broker can encrypt with."""

import itertools

import pytest

from nsis_sim.encryption_words import BlockCipher, KeyTransport, encryption_document
from oiosaml.xml.encryption import OIOSAML_DEFAULT, RSA_OAEP_MGF1P_SHA1, EncryptionMethod


def test_nothing_said_is_no_setting() -> None:
    assert encryption_document(None, None) is None


@pytest.mark.parametrize(
    ("key_transport", "block_cipher"), [*itertools.product((None, *KeyTransport), (None, *BlockCipher))][1:]
)
def test_every_pair_can_be_encrypted_with(key_transport, block_cipher) -> None:
    method = EncryptionMethod(**encryption_document(key_transport, block_cipher))
    assert method.key_transport.endswith("#" + (key_transport or "rsa-oaep"))
    assert method.block.endswith("#" + (block_cipher or "aes256-gcm"))


def test_what_is_not_said_is_the_profiles_choice() -> None:
    assert EncryptionMethod(**encryption_document(None, BlockCipher.AES256_GCM)) == OIOSAML_DEFAULT
    assert EncryptionMethod(**encryption_document(KeyTransport.RSA_OAEP_MGF1P, None)) == RSA_OAEP_MGF1P_SHA1
