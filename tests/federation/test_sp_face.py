from dataclasses import replace

import pytest

from federation.sp_face import read_sp_face
from oiosaml.errors import SamlError
from oiosaml.messages.metadata import EntityDescriptor
from oiosaml.messages.metadata_faces import sp_face
from oiosaml.xml.encryption import OIOSAML_DEFAULT
from tests.builders import CH_ACS, CH_SP_FACE
from tests.conftest import Member


@pytest.fixture
def metadata(idp: Member, broker: Member) -> EntityDescriptor:
    """A broker that signs with one key and decrypts with another."""
    return sp_face(CH_SP_FACE, CH_ACS, signing_keys=(idp.verification,), encryption_keys=(broker.verification,))


def test_reads_whom_to_trust_where_to_answer_and_how_to_encrypt(
    metadata: EntityDescriptor, idp: Member, broker: Member
):
    face = read_sp_face(metadata)
    assert face.entity_id == CH_SP_FACE
    assert face.keys == (idp.verification,)
    assert [each.location for each in face.assertion_consumer_services] == [CH_ACS]
    assert (face.encryption_key, face.encryption_method) == (broker.public_key, OIOSAML_DEFAULT)


def test_refuses_metadata_of_an_idp(metadata: EntityDescriptor):
    with pytest.raises(SamlError) as refused:
        read_sp_face(replace(metadata, sp=None))
    assert refused.value.code == "md.rule"


def test_refuses_metadata_without_a_signing_key(metadata: EntityDescriptor):
    assert metadata.sp is not None
    only_encryption = replace(metadata.sp, keys=tuple(key for key in metadata.sp.keys if key.use == "encryption"))
    with pytest.raises(SamlError) as refused:
        read_sp_face(replace(metadata, sp=only_encryption))
    assert refused.value.code == "md.key"
