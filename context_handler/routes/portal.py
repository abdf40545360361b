"""The front page: where to log in, who can, which municipality runs which solution, and how one's own system or IdP joins."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from context_handler.endings import Ending
from context_handler.level import LevelDemand
from context_handler.ports import Ports
from context_handler.routes.remembered import RememberedIdp
from context_handler.standing import Standing, standing_of
from federation.model import HomeIdp, Profile, UserFacingSystem
from federation.topology import Topology
from saml_web.pages import Pages


@dataclass(frozen=True, slots=True)
class SystemCard:
    """A registered system; `url` says where to start, if the simulator plays it."""

    name: str
    entity_id: str
    minimum_level: str
    """As people call it: in OIOSAML 2 a NIST level."""
    profile: str
    url: str | None
    is_nemlogin: bool
    """NemLog-in, played by the simulator, which asks for local identifiers on behalf of the services behind it."""
    standing: Standing


class PortalRoutes:
    """The simulator's front page."""

    def __init__(
        self,
        ports: Ports,
        pages: Pages,
        topology: Topology,
        endings: Callable[[], Sequence[Ending]],
        clock: Callable[[], datetime],
    ) -> None:
        self._ports = ports
        self._pages = pages
        self._topology = topology
        self._endings = endings
        self._clock = clock
        self._remembered = RememberedIdp(ports.urls.base_url)

    def routes(self) -> list[Route]:
        """List the routes."""
        return [Route("/", self.front_page)]

    async def front_page(self, request: Request) -> Response:
        """Everything a newcomer needs, on one page."""
        registry = self._ports.registry()
        pages = self._topology.idp_base_urls
        at = self._clock()
        members = sorted(registry.idps(), key=lambda idp: idp.registration.name)
        idps = [(idp.registration, standing_of(idp, at)) for idp in members]
        return self._pages.render(
            request,
            "portal.html",
            endings=self._endings(),
            remembered=self._remembered.name(request, registry),
            systems=self._system_cards(at),
            idps=idps,
            idp_pages=[(idp.name, f"{pages[idp.id]}/") for idp, _ in idps if idp.id in pages],
            people=[(person, registry.organisation_name(person.cvr) or person.cvr) for person in registry.people()],
            rights_from=_rights_from,
            nemlogin_url=self._nemlogin_url,
            urls=self._ports.urls,
            entity_id_towards_systems=self._ports.entity_id_towards_systems,
            entity_id_towards_idps=self._ports.entity_id_towards_idps,
        )

    def _system_cards(self, at: datetime) -> list[SystemCard]:
        return [
            SystemCard(
                name=system.registration.name,
                entity_id=system.registration.entity_id,
                minimum_level=LevelDemand.of(None, system.registration).named,
                profile=system.registration.profile.value,
                url=self._start_of(system.registration),
                is_nemlogin=_is_nemlogin(system.registration),
                standing=standing_of(system, at),
            )
            for system in self._ports.registry().systems()
        ]

    def _start_of(self, system: UserFacingSystem) -> str | None:
        """A vendor's own system may have the short id of one that the simulator plays, and starts elsewhere all the same."""
        if not system.simulated:
            return None
        if _is_nemlogin(system):
            return self._nemlogin_url
        played = self._topology.system_base_urls.get(system.id)
        return None if played is None else f"{played}/"

    @property
    def _nemlogin_url(self) -> str | None:
        return self._topology.nemlogin.home_url if self._topology.nemlogin_base_url else None


def _is_nemlogin(system: UserFacingSystem) -> bool:
    return system.simulated and system.profile is Profile.LOCAL_IDP


def _rights_from(idp: HomeIdp) -> str:
    return "token" if idp.knows_roles else "attribute-service"
