"""A board that is full says so, and one with room does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchserver.core.errors import BadInput
from benchserver.measurement.means import bernoulli_error, wilson
from benchserver.measurement.saturation import saturation


def test_147_of_150_is_full() -> None:
    found = saturation(0.98, se=bernoulli_error(0.98, 150), tasks=150)
    assert (wilson(147, 150).low, found.high) == pytest.approx((0.943, 0.993), abs=5e-4)
    assert found.headroom == pytest.approx(1.75, abs=5e-3)
    assert found.alarm
    assert len(found.reasons) == 2


def test_140_of_150_has_room() -> None:
    top = 140 / 150
    found = saturation(top, se=bernoulli_error(top, 150), tasks=150)
    assert found.headroom == pytest.approx(3.27, abs=5e-3)
    assert not found.alarm


def test_three_that_cannot_be_told_apart_twice_are_an_alarm_and_once_is_not() -> None:
    calm = {"se": 0.04, "tasks": 150}
    assert not saturation(0.6, **calm, top_tied=(True,)).alarm  # type: ignore[arg-type]
    assert not saturation(0.6, **calm, top_tied=(False, True, True)).alarm  # type: ignore[arg-type]
    assert saturation(0.6, **calm, top_tied=(True, True, False)).reasons == (  # type: ignore[arg-type]
        "the best 3 models were one tie group for 2 rotations",
    )


def test_a_perfect_model_leaves_no_room_although_its_error_is_nothing() -> None:
    found = saturation(1.0, se=0.0, tasks=150)
    assert found.headroom == 0
    assert found.alarm
    assert saturation(0.5, se=0.0, tasks=150).headroom is None


@given(st.integers(20, 300), st.data())
def test_a_better_best_model_never_ends_an_alarm(tasks: int, data: st.DataObject) -> None:
    low = data.draw(st.integers(tasks // 2, tasks))
    high = data.draw(st.integers(low, tasks))
    alarms = [
        saturation(k / tasks, se=bernoulli_error(k / tasks, tasks), tasks=tasks).alarm
        for k in (low, high)
    ]
    assert alarms[0] <= alarms[1]


def test_what_is_no_score_is_refused() -> None:
    for top, se, tasks in ((1.1, 0.1, 10), (0.5, -0.1, 10), (0.5, 0.1, 0)):
        with pytest.raises(BadInput):
            saturation(top, se=se, tasks=tasks)
