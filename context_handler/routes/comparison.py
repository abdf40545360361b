"""Two tokens side by side, as the record holds them: what the same person was said to be, in one profile and in the other."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from context_handler.store.record import Record
from oiosaml.comparison import compare
from oiosaml.errors import SamlError
from oiosaml.ids import FlowId, WorkspaceId
from oiosaml.messages.assertion import Assertion, read_assertion
from oiosaml.xml.parse import parse_message
from saml_web.pages import Pages

PATH = "/_sim/compare"
_ISSUING_STEP = "compose_assertion"


class ComparisonRoutes:
    """The page that compares the tokens of two logins."""

    def __init__(self, record: Record, workspace: WorkspaceId, pages: Pages) -> None:
        self._record = record
        self._workspace = workspace
        self._pages = pages

    def routes(self) -> list[Route]:
        """List the routes."""
        return [Route(PATH, self.page)]

    async def page(self, request: Request) -> Response:
        """Both tokens attribute by attribute; `a` and `b` are the ids of two logins that succeeded."""
        first, second = (self._token(request.query_params.get(name, "")) for name in ("a", "b"))
        rows = compare(*({each.name: each.values for each in token.attributes} for token in (first, second)))
        return self._pages.render(request, "comparison.html", first=first, second=second, rows=rows)

    def _token(self, flow: str) -> Assertion:
        events = self._record.events_of(self._workspace, FlowId(flow[:100]))
        octets = next((event.octets_out for event in events if event.step == _ISSUING_STEP and event.octets_out), None)
        if octets is None:
            raise SamlError(
                "web.not-found", f"got {flow!r:.100}, expected the id of a login in which a token was issued"
            )
        return read_assertion(parse_message(octets))
