"""A daily figure alarms when it leaves its own past for three days, and not before."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchserver.core.errors import BadInput
from benchserver.measurement.trailing import LEAST, WINDOW, distance, trailing_alarm

QUIET = [0.11] * WINDOW


def test_three_odd_days_are_an_alarm_and_two_are_none() -> None:
    assert trailing_alarm([*QUIET, 0.7333, 0.7333, 0.7333]).alarm
    two = trailing_alarm([*QUIET, 0.7333, 0.7333])
    assert (two.alarm, two.odd_days) == (False, 2)
    assert not trailing_alarm([*QUIET, 0.7333, 0.7333, 0.11]).alarm


def test_the_printed_distances_have_their_means() -> None:
    def shares(ones: int) -> list[int]:
        return [1] * ones + [0] * (100 - ones)

    same = {name: shares(50) for name in "abc"}
    now = {"a": shares(58), "b": shares(60), "c": shares(65)}
    assert distance(same, now) == pytest.approx(0.11, abs=1e-9)
    zero = {name: shares(0) for name in "abc"}
    other = {"a": shares(90), "b": shares(60), "c": shares(70)}
    assert distance(zero, other) == pytest.approx(0.733333333333, abs=1e-9)


def test_nothing_is_said_before_there_are_fourteen_days() -> None:
    early = trailing_alarm([0.1] * (WINDOW - 1) + [0.9])
    assert (early.alarm, early.odd_days) == (False, 0)
    assert trailing_alarm([0.1] * (WINDOW - 1)).mean is None


def test_an_endpoint_whose_answers_vary_a_lot_anyway_is_called_unstable() -> None:
    found = trailing_alarm([0.45] * WINDOW + [0.9] * 3)
    assert (found.alarm, found.unstable) == (False, True)


def test_a_noisy_past_asks_for_more_than_a_quiet_one() -> None:
    noisy = [0.05, 0.25] * (WINDOW // 2)
    assert not trailing_alarm([*noisy, 0.5, 0.5, 0.5]).alarm  # 4 sd are .42
    assert trailing_alarm([*QUIET, 0.5, 0.5, 0.5]).alarm


@given(st.lists(st.floats(0, 1), max_size=40), st.floats(0, 0.5))
def test_a_drift_of_less_than_a_fifth_never_alarms(values, start) -> None:
    calm = [start + value * LEAST * 0.99 for value in values]
    assert not trailing_alarm([min(1.0, value) for value in calm]).alarm


def test_a_steady_endpoint_hardly_ever_alarms_and_a_swapped_one_does() -> None:
    draw = np.random.default_rng(7)

    def day(rates: list[float], n: int) -> dict[int, list[int]]:
        return {k: draw.binomial(1, rate, n).tolist() for k, rate in enumerate(rates)}

    false = found = 0
    for _ in range(60):
        own = draw.uniform(0.1, 0.9, 4).tolist()
        far = [min(1.0, max(0.0, r + (0.6 if r < 0.5 else -0.6))) for r in own]
        reference = day(own, 20)
        daily = [distance(reference, day(own, 10)) for _ in range(30)]
        false += any(trailing_alarm(daily[:n]).alarm for n in range(len(daily)))
        swapped = [*daily, *(distance(reference, day(far, 10)) for _ in range(4))]
        found += any(trailing_alarm(swapped[:n]).alarm for n in range(31, 35))
    assert false <= 1
    assert found >= 50


def test_impossible_distances_and_days_in_common_are_refused() -> None:
    with pytest.raises(BadInput):
        trailing_alarm([0.1, 1.2])
    with pytest.raises(BadInput):
        distance({"a": [1]}, {"b": [1]})
