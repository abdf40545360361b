"""AppSwitch: NemLog-in's request extension that tells which app the person comes from and goes back to (oiosaml3, section 3).

It is carried, never followed: nobody here sends a browser to `return_url`.
"""

from enum import StrEnum

from lxml.etree import _Element

from oiosaml.errors import SamlError
from oiosaml.messages.element import add, child, child_text, required_child
from oiosaml.uris import NS_APPSWITCH
from oiosaml.value_type import value_type
from oiosaml.xml.parse import text_of
from oiosaml.xml.writing import NewElement


class Platform(StrEnum):
    """The telephone's operating system, as the XSD spells it."""

    ANDROID = "Android"
    IOS = "iOS"


@value_type
class AppSwitch:
    """Where the app is. `return_url` may be absent for iOS, though the XSD demands it."""

    platform: Platform
    return_url: str | None = None


def read_app_switch(extensions: _Element | None) -> AppSwitch | None:
    """Read the AppSwitch among a request's extensions whose structure was checked; None if there is none. Others are passed over.

    Raises:
        SamlError: `xml.schema` for another platform or two of them.
    """
    element = None if extensions is None else child(extensions, NS_APPSWITCH, "AppSwitch")
    if element is None:
        return None
    text = text_of(required_child(element, NS_APPSWITCH, "Platform"))
    try:
        platform = Platform(text)
    except ValueError as error:
        raise SamlError("xml.schema", f"got Platform {text!r:.40}, expected Android or iOS") from error
    return AppSwitch(platform, child_text(element, NS_APPSWITCH, "ReturnURL"))


def add_app_switch(extensions: NewElement, app_switch: AppSwitch) -> None:
    """Write it into samlp:Extensions of a message that declares the prefix `nl`.

    Raises:
        UnwritableText: if the URL holds what XML cannot.
    """
    element = add(extensions, NS_APPSWITCH, "AppSwitch")
    add(element, NS_APPSWITCH, "Platform", text=app_switch.platform.value)
    if app_switch.return_url is not None:
        add(element, NS_APPSWITCH, "ReturnURL", text=app_switch.return_url)
