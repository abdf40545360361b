"""What the mock IdP's stories work with beside the message and the time, all of it handed in at start."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from federation.model import HomeIdp
from federation.roles import JobFunctionRole
from federation.sp_face import SpFace
from federation.urls import IdpUrls
from idp_mock.logout_memory import Logouts
from idp_mock.people import Known, People
from idp_mock.sessions import Sessions
from oiosaml.ids import Cvr, EntityId, IdSource
from oiosaml.keys import SigningKey


@dataclass(frozen=True, slots=True)
class Ports:
    """One municipality's IdP, its people, and the Context Handler it serves."""

    idp: HomeIdp
    known: Callable[[], Known]
    """Gives what is known of the world now; people and their roles may change while the house runs."""
    sessions: Sessions
    logouts: Logouts
    broker: SpFace
    asker: str
    """What to call whoever stands behind `broker` on the login page."""
    signing: SigningKey
    urls: IdpUrls
    ids: IdSource
    entropy: Callable[[int], bytes]
    """Gives that many random octets for content keys and initialisation vectors."""

    @property
    def people(self) -> People:
        """Who can log in now."""
        return self.known().people

    @property
    def organisation_names(self) -> Mapping[Cvr, str]:
        """What the organisations are called."""
        return self.known().organisation_names

    @property
    def job_function_roles(self) -> Mapping[str, JobFunctionRole]:
        """The roles that people have, by URI."""
        return self.known().job_function_roles

    @property
    def system_names(self) -> Mapping[EntityId, str]:
        """What to call a system named in RequesterID. One that is missing is shown by its entityID."""
        return self.known().system_names
