"""`nsis login`: a whole login without a browser."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from nsis_sim.options import BaseUrl, Level, broker_url
from nsis_sim.terminal import REFUSED, fail, harmless, say
from oiosaml.nist import NistLevel

if TYPE_CHECKING:
    from nsis_sim.login_report import LoginReport


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="login")(login)


def login(
    system: Annotated[str, typer.Option("--system", help="The system: its short id or its entityID.")],
    idp: Annotated[str, typer.Option("--idp", help="The home IdP: its short id or its entityID.")],
    persona: Annotated[str, typer.Option("--persona", help="Who logs in, such as ane-holm.")],
    level: Annotated[
        Level | None, typer.Option("--level", case_sensitive=False, help="NSIS level to ask for (demo systems).")
    ] = None,
    assurance_level: Annotated[
        NistLevel | None,
        typer.Option("--assurance-level", help="NIST level to ask for (demo systems that read OIOSAML 2)."),
    ] = None,
    start: Annotated[
        str | None, typer.Option("--start", help="Where the login begins at a system of your own.")
    ] = None,
    base_url: BaseUrl = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Write the outcome as JSON.")] = False,
) -> None:
    """Log in over real HTTP, and say what the token holds. Exits 0 on success, 1 on a refusal, 2 on wrong use or if nobody answers.

    A login that succeeds may have lost rights on the way, or broken rules that refuse nobody: both are said, with why.
    """
    from nsis_sim.api_client import Api, ApiRefusalError, ApiUnreachableError
    from nsis_sim.browser import UnreachableError
    from nsis_sim.headless_login import LoginStuckError, WrongWishError, log_in, resolve
    from nsis_sim.named_parties import UnknownPartyError

    if level is not None and assurance_level is not None:
        fail("Say --level or --assurance-level, not both: a system asks on one ladder.")
    asked = level or assurance_level
    url = broker_url(base_url)
    try:
        with Api(url) as api:
            wish = resolve(api, system=system, idp=idp, persona=persona, level=asked and asked.value, start=start)
            report = log_in(wish, api=api, base_url=url)
    except (ApiUnreachableError, UnreachableError, LoginStuckError, UnknownPartyError, WrongWishError) as error:
        fail(str(error))
    except ApiRefusalError as error:
        fail(error.message)
    if as_json:
        say(json.dumps(report.to_json(), ensure_ascii=False, indent=2))
    else:
        _say(report)
    if not report.succeeded:
        raise typer.Exit(REFUSED)


def _say(report: "LoginReport") -> None:
    if not report.succeeded:
        say(harmless(f"Refused: {report.refused_as}. {report.explanation}"))
        for code in report.status:
            say(f"  status {code}")
    else:
        say(f"Logged in as {report.name_id} at {report.stated_level}")
        for name, values in report.attributes.items():
            say(f"  {name} = {', '.join(values):.120}")
        for group in report.privileges:
            say(f"  within {group.scope}:")
            for privilege in group.privileges:
                say(f"    {privilege}")
            for constraint in group.constraints:
                say(f"      limited by {constraint.name} = {constraint.value}")
        if not report.privileges:
            say("  no rights in the token")
    _say_remarks(report)
    say(f"  flow {report.flow or '–'}")


def _say_remarks(report: "LoginReport") -> None:
    """Say what became of rights, and what rules were broken; not twice what the explanation of a refusal says already."""
    for each in report.dropped:
        say(harmless(f"  dropped: {each}"))
    for finding in report.findings:
        if finding.detail not in report.explanation:
            whose = f" ({finding.party})" if finding.party else ""
            say(harmless(f"  {finding.requirement} {finding.rule_id}{whose}: {finding.sentence}"))
            say(harmless(f"    {finding.detail}"))
