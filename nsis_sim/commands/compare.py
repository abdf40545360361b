"""`nsis compare`: one person at two systems, both tokens side by side."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from nsis_sim.options import BaseUrl, broker_url
from nsis_sim.terminal import REFUSED, fail, say

if TYPE_CHECKING:
    from nsis_sim.login_report import LoginReport


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="compare")(compare_tokens)


def compare_tokens(
    persona: Annotated[str, typer.Option("--persona", help="Who logs in at both, such as ane-holm.")],
    idp: Annotated[str, typer.Option("--idp", help="The home IdP: its short id or its entityID.")],
    system_a: Annotated[str, typer.Option("--system-a", help="The first system: its short id or its entityID.")],
    system_b: Annotated[str, typer.Option("--system-b", help="The second system.")],
    base_url: BaseUrl = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Write the comparison as JSON.")] = False,
) -> None:
    """Log one person in at two systems, and say attribute by attribute where their tokens differ. Exits 1 if a login is refused."""
    url = broker_url(base_url)
    reports = [_log_in(url, system, idp, persona) for system in (system_a, system_b)]
    for system, report in zip((system_a, system_b), reports, strict=True):
        if not report.succeeded:
            fail(f"{system} refused: {report.refused_as}. {report.explanation}", status=REFUSED)
    if as_json:
        _say_json(*reports)
    else:
        _say(url, (system_a, system_b), *reports)


def _log_in(url: str, system: str, idp: str, persona: str) -> "LoginReport":
    from nsis_sim.api_client import Api, ApiRefusalError, ApiUnreachableError
    from nsis_sim.browser import UnreachableError
    from nsis_sim.headless_login import LoginStuckError, WrongWishError, log_in, resolve
    from nsis_sim.named_parties import UnknownPartyError

    try:
        with Api(url) as api:
            wish = resolve(api, system=system, idp=idp, persona=persona, level=None, start=None)
            return log_in(wish, api=api, base_url=url)
    except (ApiUnreachableError, UnreachableError, LoginStuckError, UnknownPartyError, WrongWishError) as error:
        fail(str(error))
    except ApiRefusalError as error:
        fail(error.message)


def _say(url: str, systems: tuple[str, str], first: "LoginReport", second: "LoginReport") -> None:
    from oiosaml.comparison import compare

    say(f"In a browser: {url}/_sim/compare?a={first.flow}&b={second.flow}")
    for system, report in zip(systems, (first, second), strict=True):
        say(f"{system}: {report.profile}, {report.stated_level}, NameID {report.name_id}")
    for row in compare(first.attributes, second.attributes):
        say(f"{row.verdict}: {row.meaning}")
        for system, side in zip(systems, (row.first, row.second), strict=True):
            if side is not None:
                say(f"    {system}: {side.name} = {', '.join(side.values):.100}")


def _say_json(first: "LoginReport", second: "LoginReport") -> None:
    from oiosaml.comparison import compare

    rows = [
        {
            "meaning": row.meaning,
            "verdict": row.verdict.value,
            "first": row.first and {"name": row.first.name, "values": list(row.first.values)},
            "second": row.second and {"name": row.second.name, "values": list(row.second.values)},
        }
        for row in compare(first.attributes, second.attributes)
    ]
    say(json.dumps({"first": first.to_json(), "second": second.to_json(), "rows": rows}, ensure_ascii=False, indent=2))
