"""A system's rights and attributes in the words of the authority behind it, by the table that its registration names."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from context_handler.ports import RegisteredSystem, Registry
from context_handler.roles import Dropped, Translation
from federation.translation.engine import REQUIREMENT, TOO_MANY, translate
from federation.translation.table import AttributeRule, TranslationTable
from oiosaml.errors import Party, SamlError

_HOME_IDPS_TO_MEND: Final = frozenset({REQUIREMENT, TOO_MANY})
"""What the municipality's own roles and values bring about; everything else is the table's."""


def table_of(system: RegisteredSystem, registry: Registry) -> TranslationTable | None:
    """Give the system's table, or None if its roles stay as they are.

    Raises:
        SamlError: `priv.unknown:untranslated` if the registration names a table that is not there: rights in the wrong words are not sent.
    """
    name = system.registration.translation
    if name is None:
        return None
    table = registry.translation_table(name)
    if table is None:
        raise SamlError(
            "priv.unknown:untranslated",
            f"got the translation {name!r:.60}, expected the target of a table",
            params={"system": system.registration.name},
            party=Party.CONTEXT_HANDLER,
        )
    return table


def in_words_of(system: RegisteredSystem, own: Translation, registry: Registry) -> Translation:
    """Translate the system's own rights if it has a table; what is left behind is added to what was dropped before.

    Raises:
        SamlError: `priv.unknown`, `priv.schema` or `priv.limits` if the table says that such rights refuse the login.
    """
    table = table_of(system, registry)
    if table is None:
        return own
    result = translate(table, own.privileges)
    if result.refusals:
        worst = result.refusals[0]
        raise SamlError(
            worst.key,
            "; ".join(reason.sentence for reason in result.refusals)[:1000],
            params={"system": system.registration.name},
            party=Party.HOME_IDP if worst.key in _HOME_IDPS_TO_MEND else Party.CONTEXT_HANDLER,
        )
    dropped = tuple(
        Dropped(fate.privilege, fate.reason.code, f"by table {table.target}: {fate.reason.sentence}")
        for fate in result.fates
        if fate.reason is not None
    )
    return Translation(result.privileges, own.dropped + dropped)


@dataclass(frozen=True, slots=True)
class AttributeNames:
    """Which of our attributes a system means by each name it asks for."""

    rules: tuple[AttributeRule, ...] = ()

    @classmethod
    def of(cls, system: RegisteredSystem, registry: Registry) -> "AttributeNames":
        """Give the names that a system's table has, if it has a table."""
        table = table_of(system, registry)
        return cls(table.attributes) if table is not None else NO_NAMES

    def source_of(self, name: str) -> str:
        """Give our name for what a system calls `name`."""
        return next((rule.from_ for rule in self.rules if rule.to == name), name)

    def names_for(self, requested: Sequence[str]) -> tuple[str, ...]:
        """Give the names under which the attributes go out that the metadata asks for.

        What is asked for by our name only goes out under the new one; who asks for both gets both.
        """
        return tuple(self._name_for(name, requested) for name in requested)

    def _name_for(self, name: str, requested: Sequence[str]) -> str:
        new = [rule.to for rule in self.rules if rule.from_ == name]
        return name if not new or any(each in requested for each in new) else new[0]

    def gives(self, name: str) -> bool:
        """Tell whether a line gives the attribute its name."""
        return any(rule.to == name for rule in self.rules)

    @property
    def required(self) -> tuple[str, ...]:
        """What nobody logs in without."""
        return tuple(rule.to for rule in self.rules if rule.required)


NO_NAMES: Final = AttributeNames()
