"""What a house of the simulator does when it is asked to end a session, as chosen on its page: to see what others make of it."""

from enum import StrEnum

from oiosaml.errors import SamlError
from saml_web.inbound import Form


class LogoutBehaviour(StrEnum):
    """The choices; the value stands in the page's form."""

    ANSWER = "answer"
    """Ends the session and says so."""
    REFUSE = "refuse"
    """Keeps the session and answers with a refusal."""
    SILENT = "silent"
    """Keeps the session and does not answer at all, as somebody who is down."""


def chosen_behaviour(form: Form) -> LogoutBehaviour:
    """Give what was chosen in the field `behaviour`.

    Raises:
        SamlError: `web.form` if the field is missing or holds another word.
    """
    try:
        return LogoutBehaviour(form.one("behaviour"))
    except ValueError as error:
        raise SamlError("web.form", f"{error!s:.120}, expected one of {', '.join(LogoutBehaviour)}") from error
