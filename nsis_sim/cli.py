"""`nsis`: the table of contents of the command line. Each group of commands lives in its own file."""

import typer

from nsis_sim.commands import (
    audit,
    ca,
    compare,
    decode,
    demo,
    doctor,
    health,
    keys,
    login,
    matrix,
    parties,
    translate,
    withdrawal,
    world,
)
from nsis_sim.terminal import write_whatever_the_locale


def build() -> typer.Typer:
    """Give the whole command line."""
    app = typer.Typer(
        name="nsis",
        help="A simulator of the Danish municipal NSIS Context Handler and the federation round it. Test data only.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    demo.add_to(app)
    login.add_to(app)
    matrix.add_to(app)
    compare.add_to(app)
    parties.add_to(app)
    world.add_to(app)
    decode.add_to(app)
    translate.add_to(app)
    audit.add_to(app)
    doctor.add_to(app)
    keys.add_to(app)
    withdrawal.add_to(app)
    ca.add_to(app)
    health.add_to(app)
    return app


def main() -> None:
    """Run the command line."""
    write_whatever_the_locale()
    build()()
