"""What the mock IdP's stories work with beside the message and the time, all of it values handed in at start."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from federation.model import HomeIdp
from federation.roles import JobFunctionRole
from federation.sp_face import SpFace
from federation.urls import IdpUrls
from idp_mock.logout_memory import Logouts
from idp_mock.people import People
from idp_mock.sessions import Sessions
from oiosaml.ids import Cvr, EntityId, IdSource
from oiosaml.keys import SigningKey


@dataclass(frozen=True, slots=True)
class Ports:
    """One municipality's IdP, its people, and the Context Handler it serves."""

    idp: HomeIdp
    people: People
    organisation_names: Mapping[Cvr, str]
    job_function_roles: Mapping[str, JobFunctionRole]
    system_names: Mapping[EntityId, str]
    """What to call a system named in RequesterID. One that is missing is shown by its entityID."""
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
