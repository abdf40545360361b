"""What the receiver of an assertion knows before it reads it: what it asked, and what the registry says about the sender."""

from datetime import datetime, timedelta

from oiosaml.ids import Cvr, EntityId, MessageId
from oiosaml.nist import NistLevel
from oiosaml.nsis import AssuranceLevel, Comparison
from oiosaml.uris import NAMEID_X509_SUBJECT_NAME
from oiosaml.validity import CLOCK_SKEW
from oiosaml.value_type import value_type


@value_type
class AssertionExpectations:
    """One login's question, and the registration of the IdP that was asked."""

    at: datetime
    idp: EntityId
    our_entity_id: EntityId
    """The audience: our face towards the sender."""
    assertion_consumer_service: str
    """Our own, from configuration, never from the request's Host."""
    request_id: MessageId
    requested_at: datetime
    registered_cvrs: tuple[Cvr, ...]
    """The organisations the IdP may speak for (CH-CVR-01)."""
    registered_level: AssuranceLevel | None
    """The highest NSIS level the IdP may assert (LOA-3); None if it may assert none."""
    system: EntityId | None = None
    """Who is to be told on the strength of the assertion; None where nobody is."""
    force_authn: bool = False
    requested_level: AssuranceLevel | None = None
    comparison: Comparison = Comparison.MINIMUM
    minimum_level: AssuranceLevel | None = None
    """What the system behind us is registered with; it holds whatever was asked for."""
    acceptable_levels: tuple[AssuranceLevel, ...] | None = None
    """The only NSIS levels that will do, where the system's demand is one in NIST levels; None where it is not."""
    registered_assurance_level: NistLevel | None = None
    """The highest NIST level the IdP may assert; None if it must state an NSIS level."""
    acceptable_assurance_levels: tuple[NistLevel, ...] = ()
    """The NIST levels that will do; none where the system demands an NSIS level."""
    demanded: str = "an NSIS level"
    """How a refusal names what the system demands."""
    knows_roles: bool | None = None
    """Whether the IdP puts privileges into its tokens; None if that is not to be examined."""
    name_id_formats: tuple[str, ...] = (NAMEID_X509_SUBJECT_NAME,)
    credential_types: tuple[str, ...] = ()
    """The means of identification that the system demands; none means any."""
    skew: timedelta = CLOCK_SKEW
