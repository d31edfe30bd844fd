"""What may be told of counts and pairs: p never below the truth, margins that fit p."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchserver.core.errors import BadInput
from benchserver.measurement.whole import CERTAIN_E6, P_STEPS_E6, count, p_step, pair_margin

errors = st.integers(0, 2_500)


def test_known_answers() -> None:
    assert count(["passed", "wrong", "passed"], of="passed") == 2
    assert [p_step(p) for p in (0.0266, 0.05, 0.5, 0.0)] == [50_000, 50_000, 1_000_000, 100]
    known = {"difference_e4": 2500, "clusters": 24}
    assert pair_margin((930, 1020), p_e6=50_000, **known) == 2500
    assert pair_margin((930, 1020), p_e6=200_000, **known) == 2855


@given(st.floats(0, 1))
def test_a_told_p_is_never_below_the_exact_one(p: float) -> None:
    assert p_step(p) >= p * 1_000_000 * (1 - 1e-12)


@given(st.floats(0, 1))
def test_the_decision_at_five_per_cent_survives_the_step(p: float) -> None:
    assert (p_step(p) <= CERTAIN_E6) == (p <= 0.05)


@given(
    errors, errors, st.integers(-10_000, 10_000), st.sampled_from(P_STEPS_E6), st.integers(2, 400)
)
def test_an_interval_holds_zero_exactly_when_p_says_so(
    one: int, other: int, difference: int, p: int, clusters: int
) -> None:
    half = pair_margin((one, other), difference_e4=difference, p_e6=p, clusters=clusters)
    if p > CERTAIN_E6:
        assert half >= abs(difference)
    else:
        assert half <= abs(difference) + 1


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
def test_what_is_no_p_value_is_refused(p: float) -> None:
    with pytest.raises(BadInput):
        p_step(p)


def test_one_family_gives_no_margin() -> None:
    with pytest.raises(BadInput, match="two families"):
        pair_margin((0, 0), difference_e4=0, p_e6=50_000, clusters=1)
