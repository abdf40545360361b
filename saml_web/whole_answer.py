"""An answer handed to the server in one piece, where the server takes it so: written at once, and no header looked at twice.

ASGI lets a server say in `scope["extensions"]` what else it can do. Ours (`nsis_sim.http_answers`) can do this; under any other, an answer
goes the ordinary way and is the same to the octet.
"""

from typing import Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from saml_web.security_headers import with_defaults

WHOLE_ANSWER: Final = "nsis.whole_answer"
"""The extension's name. It holds an async function that answers a GET or POST: of status, headers with names in lower case, and body."""


async def give(response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """Give a response that has a body, or none, and says how long it is."""
    whole = scope.get("extensions", {}).get(WHOLE_ANSWER)
    if whole is None:
        await response(scope, receive, send)
    else:
        await whole(response.status_code, with_defaults(response.raw_headers), response.body)
