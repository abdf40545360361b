"""What a recorded message holds, for whoever reads the record: a vendor who looks for a mistake in the assertion of his own IdP.

Nothing here is verified, and nothing of it goes anywhere but to that reader (docs/adr/0025). It is opened when somebody reads, so that it
costs no login anything and lies nowhere.
"""

from collections.abc import Sequence

from oiosaml.bindings.post import read_post_form
from oiosaml.errors import SamlError
from oiosaml.keys import DecryptionKey
from oiosaml.messages.element import qname
from oiosaml.uris import NS_SAML
from oiosaml.xml.encryption import decrypt
from oiosaml.xml.parse import parse_message


def encrypted_assertion_in(octets: bytes, keys: Sequence[DecryptionKey]) -> bytes | None:
    """Give the assertion that a Response holds encrypted, as its sender wrote it and as unverified as it came.

    `octets` are a form body or a SOAP envelope exactly as recorded. None if there is none in them that one of our `keys` opens: it may be
    plain, made for another key, from before a rollover, or cut off.
    """
    try:
        document = octets if octets.lstrip()[:1] == b"<" else read_post_form(octets, "SAMLResponse").octets
        encrypted = next(parse_message(document).iter(qname(NS_SAML, "EncryptedAssertion")), None)
        return None if encrypted is None else decrypt(encrypted, keys)
    except SamlError:
        return None
