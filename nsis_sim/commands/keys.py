"""`nsis keys rollover begin|complete`: the broker's next key, published beside the one in use before it takes over. `nsis keys revoke`."""

from pathlib import Path
from typing import Annotated

import typer

from nsis_sim.terminal import REFUSED, fail, say


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    keys = typer.Typer(help="The broker's keys.", no_args_is_help=True)
    rollover = typer.Typer(
        help="Change the broker's key without breaking a login: begin, later complete.", no_args_is_help=True
    )
    rollover.command(name="begin")(begin)
    rollover.command(name="complete")(complete)
    keys.command(name="revoke")(revoke)
    keys.add_typer(rollover, name="rollover")
    app.add_typer(keys, name="keys")


def begin() -> None:
    """Make the next key. After a restart both certificates stand in both metadata documents; the old key still signs."""
    from federation.dev_ca import begin_rollover
    from nsis_sim.launcher import LaunchError, prepare
    from saml_web.clock import utc_now

    try:
        ready = prepare(None)
        settings, urls = ready.settings, ready.topology.context_handler
        if ready.keys.next_context_handler is not None:
            fail("A rollover has already begun; `nsis keys rollover complete` ends it.", status=REFUSED)
        begin_rollover(settings.certs_dir, ready.world, rsa_bits=settings.rsa_bits, at=utc_now(), urls=urls)
    except (LaunchError, OSError, ValueError) as error:
        fail(str(error))
    say(
        f"The next key is in {settings.certs_dir}. Restart the simulator (apart, the broker first): both certificates are then published."
    )
    say("Once your own systems and IdPs have read the broker's metadata anew: nsis keys rollover complete")


def complete() -> None:
    """Put the next key into use. After a restart it signs, and the old key is gone for good."""
    import os

    from federation.dev_ca import complete_rollover
    from nsis_sim.settings import SettingsError, load_settings

    try:
        settings = load_settings(os.environ)
        complete_rollover(settings.certs_dir)
    except FileNotFoundError:
        fail("No rollover has begun; `nsis keys rollover begin` begins one.", status=REFUSED)
    except (SettingsError, OSError) as error:
        fail(str(error))
    say("The next key is the broker's key now. Restart the simulator (apart, the broker first).")


def revoke(
    certificate: Annotated[
        Path, typer.Argument(help="A certificate of the simulated CA in PEM, such as certs/idp-korsbaek.crt.pem.")
    ],
) -> None:
    """Put a certificate on the simulated CA's revocation list. A running broker takes its key out within ten seconds, and for good."""
    import os

    from cryptography import x509

    from federation.dev_ca import revoke as put_on_list
    from nsis_sim.settings import SettingsError, load_settings
    from saml_web.clock import utc_now

    try:
        settings = load_settings(os.environ)
        put_on_list(settings.certs_dir, x509.load_pem_x509_certificate(certificate.read_bytes()), at=utc_now())
    except (SettingsError, OSError, ValueError) as error:
        fail(f"{certificate} cannot be revoked: {error}", status=REFUSED)
    say(f"Revoked: {certificate}. The list is in {settings.certs_dir}, and served at /_sim/ca/ca.crl.")
