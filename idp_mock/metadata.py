"""The IdP's own metadata: what the Context Handler registers of it."""

from dataclasses import replace

from federation.model import HomeIdp
from federation.topology import IdpUrls
from idp_mock.token import offered_attributes
from oiosaml.ids import IdSource
from oiosaml.keys import SigningKey, read_verification_key
from oiosaml.messages.element import serialise
from oiosaml.messages.metadata_faces import contact, idp_face
from oiosaml.messages.metadata_writing import write_entity_descriptor
from oiosaml.uris import NAMEID_X509_SUBJECT_NAME
from oiosaml.xml.sign import sign_enveloped


def write_metadata(idp: HomeIdp, *, urls: IdpUrls, signing: SigningKey, ids: IdSource) -> bytes:
    """Give the metadata of `idp` at `urls`, signed with the key it names.

    Lists the one NameID format that municipal IdPs really send to the Context Handler, and no SingleLogoutService while there
    is none.
    """
    entity = idp_face(
        idp.entity_id,
        urls.sso_url,
        signing_keys=(read_verification_key(signing.certificate_der),),
        name_id_formats=(NAMEID_X509_SUBJECT_NAME,),
        attribute_names=offered_attributes(idp),
    )
    element = write_entity_descriptor(
        replace(entity, id=ids.message_id(), organization_name=idp.name, contacts=(contact(f"it@{idp.id}.test"),))
    )
    sign_enveloped(element, signing)
    return serialise(element)
