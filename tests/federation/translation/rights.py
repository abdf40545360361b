"""Tables and rights for the tests of translation. A table is valid; a test changes one thing."""

from dataclasses import replace
from typing import Any

from federation.translation.table import AttributeRule, ConstraintRule, Requirement, RoleRule, TranslationTable
from oiosaml.privileges import Constraint, PrivilegeGroup, PrivilegeList

SCOPE = "urn:dk:gov:saml:cvrNumberIdentifier:91000013"
ORG = "http://sts.kombit.dk/constraints/orgenhed/1"
ORG_OUT = "urn:dk:kombit:orgUnit"
SOR_OUT = "urn:dk:gov:saml:sorIdentifier"
TEAM = "http://sundhed.sim.test/constraints/careteam/1"
TEAM_OUT = "urn:dk:sundhed:ehealth:careteam"
CARE = "http://sundhed.sim.test/roles/usersystemrole/plejeassistent/1"
CARE_OUT = "urn:dk:healthcare:national-federation-role:code:41003:value:PlejeAssR3"
MONITOR = "http://sundhed.sim.test/roles/usersystemrole/ehealth_monitoring_assistor/1"
MONITOR_OUT = "urn:dk:sundhed:ehealth:role:monitoring_assistor"

TABLE = TranslationTable(
    target="seb",
    roles=(
        RoleRule(CARE_OUT, from_=CARE),
        RoleRule(
            "urn:dk:sundhed:ehealth:role:{role}",
            from_pattern="http://sundhed.sim.test/roles/usersystemrole/ehealth_{role}/1",
        ),
    ),
    constraints=(ConstraintRule(ORG, ORG_OUT, ","), ConstraintRule(TEAM, TEAM_OUT, ",")),
    merge_groups=True,
    require=(Requirement((ORG_OUT, SOR_OUT)),),
    attributes=(
        AttributeRule(
            "https://data.gov.dk/model/core/eid/cprNumber", "dk:gov:saml:attribute:CprNumberIdentifier", required=True
        ),
    ),
)
TABLE_YAML = f"""version: 1
target: seb
on_unmapped_role: drop
on_unmapped_constraint: drop_role
roles:
  - from: {CARE}
    to: {CARE_OUT}
  - from_pattern: "http://sundhed.sim.test/roles/usersystemrole/ehealth_{{role}}/1"
    to: "urn:dk:sundhed:ehealth:role:{{role}}"
constraints:
  - from: {ORG}
    to: {ORG_OUT}
    split: ","
  - from: {TEAM}
    to: {TEAM_OUT}
    split: ","
scope: keep
merge_groups: true
require:
  - exactly_one_of: [{ORG_OUT}, {SOR_OUT}]
attributes:
  - from: https://data.gov.dk/model/core/eid/cprNumber
    to: dk:gov:saml:attribute:CprNumberIdentifier
    required: true
"""


def table(**changes: Any) -> TranslationTable:
    return replace(TABLE, **changes)


def group(*privileges: str, limits: dict[str, str] | None = None, scope: str = SCOPE) -> PrivilegeGroup:
    constraints = tuple(Constraint(name, value) for name, value in (limits or {ORG: "U1,U2"}).items())
    return PrivilegeGroup(scope, privileges or (CARE,), constraints)


def rights(*groups: PrivilegeGroup) -> PrivilegeList:
    return PrivilegeList(groups or (group(CARE), group(MONITOR)))
