"""A translation explained: for every right that came in what became of it and which line of the table says so; as text and as JSON."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from federation.translation.explanation import Fate, Line, Outcome, Translated
from oiosaml.privileges import PrivilegeGroup


@dataclass(frozen=True, slots=True)
class TranslationReport:
    """What `nsis translate` says. `lines` tells where in the file each line of the table stands."""

    translated: Translated
    lines: Mapping[Line, int]

    @property
    def is_refused(self) -> bool:
        """Whether a login with these rights would be refused."""
        return bool(self.translated.refusals)

    def text(self) -> str:
        """Give the report for people."""
        return "\n".join(self._text())

    def document(self) -> dict[str, Any]:
        """Give the report for programs; the keys are stable."""
        refusals = [{"code": reason.code, "reason": reason.sentence} for reason in self.translated.refusals]
        return {
            "outcome": "refused" if refusals else "success",
            "refusals": refusals,
            "rights": [self._fate_document(fate) for fate in self.translated.fates],
            "privileges": [_group_document(group) for group in self.translated.privileges.groups],
        }

    def _text(self) -> Iterator[str]:
        if not self.translated.fates:
            yield "There are no rights in the list."
        for fate in self.translated.fates:
            yield from self._fate_text(fate)
        for reason in self.translated.refusals:
            yield f"REFUSED {reason.code}: {reason.sentence}"
        if not self.is_refused:
            yield f"Result: {len(self.translated.privileges.groups)} group(s)"
            for number, group in enumerate(self.translated.privileges.groups, start=1):
                yield f"  {number}. for {group.scope}"
                yield from (f"       {privilege}" for privilege in group.privileges)
                yield from (f"       only where {each.name} = {each.value}" for each in group.constraints)

    def _fate_text(self, fate: Fate) -> Iterator[str]:
        yield f"group {fate.group}: {fate.privilege}  (for {fate.scope})"
        if fate.reason is not None:
            yield f"    {fate.outcome}: {fate.reason.code}: {fate.reason.sentence}"
            return
        for role in fate.roles:
            yield (
                f"    {self._said(role.line)}: becomes {role.to}"
                if role.line
                else "    on_unmapped_role: keeps its name"
            )
        for limit in fate.constraints:
            many = f", split into {len(limit.values)}" if len(limit.values) > 1 else ""
            said = self._said(limit.line) if limit.line else "on_unmapped_constraint"
            yield f"    {said}: {limit.name} = {limit.value} becomes {limit.to}{many}"
        yield f"    stands in group {', '.join(map(str, fate.groups_out)) or '–'} of the result"

    def _fate_document(self, fate: Fate) -> dict[str, Any]:
        document: dict[str, Any] = {
            "group": fate.group,
            "scope": fate.scope,
            "privilege": fate.privilege,
            "outcome": str(fate.outcome),
            "became": [{"privilege": role.to, **self._where(role.line)} for role in fate.roles],
            "constraints": [
                {
                    "name": limit.name,
                    "value": limit.value,
                    "became": limit.to,
                    "values": list(limit.values),
                    **self._where(limit.line),
                }
                for limit in fate.constraints
            ],
            "groups": list(fate.groups_out),
        }
        if fate.outcome in (Outcome.DROPPED, Outcome.REFUSED) and fate.reason is not None:
            document |= {"code": fate.reason.code, "reason": fate.reason.sentence}
        return document

    def _said(self, line: Line) -> str:
        return f"{line} (line {self.lines[line]})" if line in self.lines else str(line)

    def _where(self, line: Line | None) -> dict[str, Any]:
        return {"rule": None if line is None else str(line), "line": None if line is None else self.lines.get(line)}


def _group_document(group: PrivilegeGroup) -> dict[str, Any]:
    return {
        "scope": group.scope,
        "privileges": list(group.privileges),
        "constraints": [{"name": each.name, "value": each.value} for each in group.constraints],
    }
