"""Translations, read from the committed `.po` files at start: no compile step, so a plain checkout speaks Danish too.

Message ids are the English texts. A house keeps its own in `<package>/locale/da/LC_MESSAGES/messages.po`; what it
lacks is looked up in this package's catalogue, which holds the texts of the shared layout and macros.
"""

import gettext
from functools import cache
from importlib.resources import files
from io import BytesIO

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from saml_web.languages import Language


def load_translations(package: str, language: Language) -> gettext.NullTranslations:
    """Give the texts of `package` in `language`, backed by those of this package. English is the message ids."""
    if language is Language.EN:
        return gettext.NullTranslations()
    translations = _read(package, language)
    if package != __package__:
        translations.add_fallback(_read(__package__, language))
    return translations


def _read(package: str, language: Language) -> gettext.NullTranslations:
    compiled = _compiled(package, language)
    # a fresh object each time, since fallbacks are added to it
    return gettext.GNUTranslations(BytesIO(compiled)) if compiled else gettext.NullTranslations()


@cache
def _compiled(package: str, language: Language) -> bytes:
    """Give a catalogue in gettext's own form, compiled once however many houses show the package's pages; empty if it has none."""
    source = files(package) / "locale" / language.value / "LC_MESSAGES" / "messages.po"
    if not source.is_file():
        return b""
    with source.open("rb") as po_file:
        catalog = read_po(po_file, locale=language.value, abort_invalid=True)
    compiled = BytesIO()
    write_mo(compiled, catalog)
    return compiled.getvalue()
