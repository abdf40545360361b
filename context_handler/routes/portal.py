"""The front page: where to log in, who can, which municipality runs which solution, and how one's own system or IdP joins."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from context_handler.endings import Ending
from context_handler.level import LevelDemand
from context_handler.ports import Ports
from federation.model import HomeIdp
from federation.person import Person
from federation.topology import Topology
from saml_web.pages import Pages


@dataclass(frozen=True, slots=True)
class SystemCard:
    """A registered system; `url` only if the simulator plays it."""

    name: str
    entity_id: str
    minimum_level: str
    """As people call it: in OIOSAML 2 a NIST level."""
    profile: str
    url: str | None


class PortalRoutes:
    """The simulator's front page."""

    def __init__(
        self,
        ports: Ports,
        pages: Pages,
        topology: Topology,
        people: Sequence[Person],
        endings: Callable[[], Sequence[Ending]],
    ) -> None:
        self._ports = ports
        self._pages = pages
        self._topology = topology
        self._people = tuple(people)
        self._endings = endings

    def routes(self) -> list[Route]:
        """List the routes."""
        return [Route("/", self.front_page)]

    async def front_page(self, request: Request) -> Response:
        """Everything a newcomer needs, on one page."""
        registry = self._ports.registry()
        pages = self._topology.idp_base_urls
        idps = sorted((idp.registration for idp in registry.idps()), key=lambda idp: idp.name)
        return self._pages.render(
            request,
            "portal.html",
            endings=self._endings(),
            systems=self._system_cards(),
            idps=idps,
            idp_pages=[(idp.name, f"{pages[idp.id]}/") for idp in idps if idp.id in pages],
            people=[(person, registry.organisation_name(person.cvr) or person.cvr) for person in self._people],
            rights_from=_rights_from,
            nemlogin_url=self._topology.nemlogin.home_url if self._topology.nemlogin_base_url else None,
            urls=self._ports.urls,
            entity_id_towards_systems=self._ports.entity_id_towards_systems,
            entity_id_towards_idps=self._ports.entity_id_towards_idps,
        )

    def _system_cards(self) -> list[SystemCard]:
        played = self._topology.system_base_urls
        return [
            SystemCard(
                name=system.registration.name,
                entity_id=system.registration.entity_id,
                minimum_level=LevelDemand.of(None, system.registration).named,
                profile=system.registration.profile.value,
                url=f"{played[system.registration.id]}/" if system.registration.id in played else None,
            )
            for system in self._ports.registry().systems()
        ]


def _rights_from(idp: HomeIdp) -> str:
    return "token" if idp.knows_roles else "attribute-service"
