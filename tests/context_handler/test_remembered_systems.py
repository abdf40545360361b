"""What follows from a system's registration alone is remembered for that registration, and for no other."""

from dataclasses import replace

from context_handler.encryption_choice import encryption_for, encryption_told
from context_handler.release import allowed_names
from federation.model import AttributeProfile, EncryptionChoice
from oiosaml import attributes as names
from oiosaml.uris import AES256_GCM, DIGEST_SHA1, MGF1_SHA1, RSA_OAEP_MGF1P
from oiosaml.xml.encryption import OIOSAML_DEFAULT, RSA_OAEP_MGF1P_SHA1
from tests.conftest import make_member
from tests.context_handler.rig import registered_system, system_metadata


def test_how_to_encrypt_is_asked_anew_when_the_registration_changed() -> None:
    system = make_member("system")
    before = registered_system(system)
    assert encryption_for(before) == encryption_for(before) == (system.public_key, OIOSAML_DEFAULT)
    older = EncryptionChoice(AES256_GCM, RSA_OAEP_MGF1P, DIGEST_SHA1, MGF1_SHA1)
    after = replace(before, registration=replace(before.registration, encryption=older))
    assert encryption_for(after) == (system.public_key, RSA_OAEP_MGF1P_SHA1)
    told = [encryption_told(each) for each in (before, after, before)]
    assert told[1] == "encrypted by aes256-gcm and rsa-oaep-mgf1p (sha1, mgf1sha1)"
    assert told[0] is told[2] != told[1], "said once for each registration, not once for each login"
    other_key = make_member("another-key")
    assert encryption_for(replace(before, metadata=system_metadata(other_key))) == (
        other_key.public_key,
        OIOSAML_DEFAULT,
    )


def test_what_leaves_is_asked_anew_when_the_registration_changed() -> None:
    system = make_member("system")
    before = registered_system(system, system_metadata(system, requested=(names.FULL_NAME,)))
    assert names.FULL_NAME in allowed_names(before)
    bare = replace(before.registration, attribute_profile=AttributeProfile.KOMBIT_WITHOUT_PERSONAL_DATA)
    assert names.FULL_NAME not in allowed_names(replace(before, registration=bare))
    assert names.FULL_NAME not in allowed_names(replace(before, metadata=system_metadata(system)))


def test_two_registrations_are_never_the_same_one() -> None:
    system = make_member("system")
    one = registered_system(system)
    assert one != replace(one)
