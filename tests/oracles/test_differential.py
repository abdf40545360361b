"""The same octets to our verifier and to libxmlsec: ours is nowhere the laxer (`make fuzz` compares many more)."""

import pytest

from tests.oracles.differential import DifferentialTally, Pair, run

RUNS = 2_000


@pytest.fixture(scope="module")
def tally() -> DifferentialTally:
    return run("ci", range(RUNS))


def test_nowhere_is_ours_the_laxer(tally: DifferentialTally) -> None:
    assert not tally.findings, "\n".join(tally.findings[:3])
    assert tally.runs == RUNS


def test_both_verifiers_accept_and_refuse_often(tally: DifferentialTally) -> None:
    """Else the comparison would say nothing."""
    assert tally.both_accept > RUNS / 4
    assert tally.both_refuse > RUNS / 4
    assert set(tally.stricter) >= {"xml.text", "sig.coverage", "sig.structure"}


@pytest.mark.parametrize(
    "pair",
    [
        Pair("accepted", theirs=False, same_content=True, recipe=""),
        Pair("accepted", theirs=True, same_content=False, recipe=""),
    ],
    ids=["laxer", "other content"],
)
def test_oracle_finds(pair: Pair) -> None:
    tally = DifferentialTally()
    tally.note(pair)
    assert len(tally.findings) == 1
    assert tally.runs == 1
