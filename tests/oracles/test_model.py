"""The state machine of the federation, a few examples of it (`make fuzz` runs thousands)."""

from hypothesis import HealthCheck, settings

from tests.oracles.model import STEPS, Federation

EXAMPLES, LENGTH = 50, 30

TestFederation = Federation.TestCase
TestFederation.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=LENGTH,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def test_examples_get_somewhere() -> None:
    """After the machine has run in this process: people got in, by answers and by sessions, and were refused for many reasons."""
    if not STEPS["examples"]:
        TestFederation("runTest").runTest()
    assert STEPS["accepted"] > EXAMPLES / 4, STEPS
    assert STEPS["answered by a session"], STEPS
    assert len(STEPS) > 10, STEPS
