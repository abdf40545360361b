"""NameID and the X509SubjectName layout that municipal IdPs put into it."""

import re

from oiosaml.ids import Cvr, parse_cvr
from oiosaml.value_type import value_type

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)


@value_type
class NameId:
    """A saml:NameID; two are the same only if all four parts are (SAML Core 2.2.3, 3.3.4)."""

    value: str
    format: str | None = None
    name_qualifier: str | None = None
    sp_name_qualifier: str | None = None


@value_type
class X509SubjectName:
    """`C=DK,O=<CVR>,CN=<display name>,Serial=<the user's UUID>`, as KOMBIT's federation lays it out."""

    cvr: Cvr
    common_name: str
    serial: str

    def __post_init__(self) -> None:
        """Refuse a serial that is not a UUID and an empty name."""
        if not is_uuid(self.serial):
            raise ValueError(f"got Serial={self.serial!r:.60}, expected a UUID")
        if not self.common_name.strip():
            raise ValueError("got an empty CN, expected the user's display name")

    def __str__(self) -> str:
        return f"C=DK,O={self.cvr},CN={self.common_name},Serial={self.serial}"

    @classmethod
    def parse(cls, text: str) -> "X509SubjectName":
        """Read the layout: split at the first `,CN=` and the last `,Serial=`, so that a comma in the name survives.

        Keys are case-sensitive. What is unusual in the name is kept as it is.

        Raises:
            ValueError: says which part is wrong.
        """
        head, found_cn, rest = text.partition(",CN=")
        common_name, found_serial, serial = rest.rpartition(",Serial=")
        if not found_cn or not found_serial or not head.startswith("C=DK,O="):
            raise ValueError(f"got {text!r:.120}, expected C=DK,O=<CVR>,CN=<name>,Serial=<UUID>")
        return cls(parse_cvr(head.removeprefix("C=DK,O=")), common_name, serial)


def is_uuid(text: str) -> bool:
    """Tell whether `text` is a UUID in its usual 36-character form."""
    return _UUID.fullmatch(text) is not None
