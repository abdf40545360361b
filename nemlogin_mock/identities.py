"""The invented identities that can log in at NemLog-in."""

from collections.abc import Iterable, Iterator

from federation.nemlogin import NemLogInIdentity
from oiosaml.errors import SamlError
from oiosaml.ids import Cvr


class Identities:
    """Who is known to NemLog-in, in the order of federation.yaml."""

    def __init__(self, identities: Iterable[NemLogInIdentity]) -> None:
        """Know these."""
        self._by_id = {identity.id: identity for identity in identities}
        self._by_local_user_id = {
            (identity.cvr, local): identity for identity in self._by_id.values() for local in identity.local_user_ids
        }

    def __iter__(self) -> Iterator[NemLogInIdentity]:
        return iter(self._by_id.values())

    def named(self, identity_id: str) -> NemLogInIdentity:
        """Give the identity with that id.

        Raises:
            SamlError: `web.form:unknown-identity`; the detail lists who there is.
        """
        identity = self._by_id.get(identity_id)
        if identity is None:
            known = ", ".join(self._by_id) or "nobody"
            raise SamlError(
                "web.form:unknown-identity",
                f"got {identity_id!r:.60}, expected one of {known}",
                params={"person": identity_id},
            )
        return identity

    def of_local_user(self, cvr: Cvr, local_user_id: str) -> NemLogInIdentity | None:
        """Give whom a local IdP of that organisation means; None if nobody was provisioned under that name."""
        return self._by_local_user_id.get((cvr, local_user_id))
