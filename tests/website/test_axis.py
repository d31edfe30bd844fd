"""Everything in a column is drawn on one axis, inside it, in the order of its numbers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from benchserver.website.axis import Axis, fitting

SCORES = st.lists(st.integers(0, 10_000), min_size=1, max_size=30)


def place(text: str) -> float:
    assert text.endswith("%")
    return float(text[:-1])


@given(SCORES)
def test_all_scores_lie_inside_the_fitted_axis(scores: list[int]) -> None:
    axis = fitting(scores)
    assert 0 <= axis.low_e4 <= min(scores)
    assert max(scores) <= axis.high_e4 <= 10_000
    assert axis.high_e4 - axis.low_e4 >= 4_000


@given(SCORES, st.integers(0, 10_000), st.integers(0, 10_000))
def test_a_higher_score_never_lies_further_left(scores: list[int], one: int, other: int) -> None:
    axis = fitting(scores)
    low, high = sorted((one, other))
    assert 0 <= place(axis.at(low)) <= place(axis.at(high)) <= 100


@given(SCORES)
def test_both_ends_of_the_axis_carry_a_label(scores: list[int]) -> None:
    axis = fitting(scores)
    ticks = axis.ticks
    assert (ticks[0].x, ticks[0].label) == ("0.00%", str(axis.low_e4 // 100))
    assert (ticks[-1].x, ticks[-1].label) == ("100.00%", str(axis.high_e4 // 100))
    assert len(ticks) <= 6


def test_without_scores_the_axis_is_the_whole_scale() -> None:
    assert fitting([]) == Axis(0, 10_000)


def test_a_known_place() -> None:
    assert Axis().at(7083) == "70.83%"
    assert Axis(2_000, 8_000).at(5_000) == "50.00%"
