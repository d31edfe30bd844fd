"""A leaked task is noticed soon, an honest one seldom accused, and both rates are known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchserver.core.errors import BadInput
from benchserver.measurement.compromise import (
    ALARM,
    SLACK,
    chance_of_alarm,
    cusum,
    expected_rates,
    residuals,
    run_length,
    window_p,
)

UP = math.sqrt(0.6 / 0.4) - 0.5  # what a pass adds at p = .4
DOWN = math.sqrt(0.4 / 0.6) + 0.5

# The note's own simulation was short: its three printed lengths lie within 5 % of a long one.
NOTE_ERROR = 0.06


@pytest.mark.parametrize(("threshold", "calm", "leaked"), [(3, 103, 6), (4, 282, 8), (5, 709, 9)])
def test_an_alarm_takes_as_long_as_stated(threshold: float, calm: float, leaked: float) -> None:
    mean, error = run_length(expected=0.4, true=0.4, threshold=threshold, draws=4000)
    assert abs(mean - calm) <= 4 * error + NOTE_ERROR * calm
    mean, error = run_length(expected=0.4, true=0.9, threshold=threshold, draws=4000)
    assert abs(mean - leaked) <= 4 * error + 0.5  # printed in whole results


def test_the_mean_time_to_a_false_alarm_solves_its_own_equation() -> None:
    """E(s) = 1 + p E(s + up) + (1 - p) E(max(0, s - down)) on a fine grid: no simulation."""
    step, threshold = 0.002, 4.0
    grid = np.arange(0, threshold, step)
    n = len(grid)
    up = np.rint((grid + UP) / step).astype(int)
    down = np.maximum(0, np.rint((grid - DOWN) / step)).astype(int)
    lengths = np.zeros(n + 1)  # the last place: alarmed
    for _ in range(6000):
        moved = 1 + 0.4 * lengths[np.minimum(up, n)] + 0.6 * lengths[down]
        if np.abs(moved - lengths[:n]).max() < 1e-6:
            break
        lengths[:n] = moved
    mean, error = run_length(expected=0.4, true=0.4, threshold=threshold, draws=4000)
    assert lengths[0] == pytest.approx(mean, abs=4 * error + 3)


def test_passes_add_up_and_failures_take_away_down_to_nothing() -> None:
    results = [1, 0, 1, 1, 1, 1, 1, 1]
    watch = cusum(results, [0.4] * 8)
    assert watch.sums[:3] == pytest.approx((UP, 0, UP), abs=1e-9)
    assert watch.sums[-1] == pytest.approx(6 * UP, abs=1e-9)
    assert watch.at == 7
    assert watch.sums[-1] - watch.sums[-2] == pytest.approx(4.5045 - 3.7798, abs=1e-4)


def test_six_of_twenty_then_nine_of_ten_is_a_jump() -> None:
    assert window_p((6, 20), (9, 10)) == pytest.approx(0.0025987, abs=1e-7)
    with pytest.raises(BadInput):
        window_p((3, 2), (1, 1))


@given(st.integers(1, 15), st.integers(1, 15), st.data())
def test_the_window_test_is_fishers(n: int, m: int, data: st.DataObject) -> None:
    from scipy.stats import hypergeom

    a, b = data.draw(st.integers(0, n)), data.draw(st.integers(0, m))
    assert window_p((a, n), (b, m)) == pytest.approx(
        float(hypergeom.sf(b - 1, n + m, a + b, m)), abs=1e-9
    )


@given(st.lists(st.tuples(st.booleans(), st.floats(0.05, 0.95)), min_size=1, max_size=30))
def test_one_more_pass_never_lowers_the_sum(history: list[tuple[bool, float]]) -> None:
    results, rates = [float(x) for x, _ in history], [p for _, p in history]
    sums = cusum(results, rates).sums
    for i in range(len(results)):
        better = [*results[:i], 1.0, *results[i + 1 :]]
        assert all(b >= s for b, s in zip(cusum(better, rates).sums, sums, strict=True))
    assert all(s >= 0 for s in sums)


def test_an_expected_rate_of_nothing_or_all_is_refused() -> None:
    for p in (0.0, 1.0):
        with pytest.raises(BadInput):
            residuals([1.0], [p])
    with pytest.raises(BadInput):
        cusum([1.0], [])


def test_the_chance_of_a_false_alarm_is_counted_over_all_ways_it_can_go() -> None:
    from itertools import product

    rates = [0.4] * 9
    share = math.fsum(
        math.prod(p if x else 1 - p for x, p in zip(way, rates, strict=True))
        for way in product((0.0, 1.0), repeat=9)
        if cusum(way, rates).at is not None
    )
    found = chance_of_alarm(rates, draws=20_000)
    assert found == pytest.approx(share, abs=4 * math.sqrt(share / 20_000))
    assert chance_of_alarm([0.4, 0.4]) == pytest.approx(1 / 4001)


def people(models: int, tasks: int, samples: int, seed: int) -> np.ndarray:
    generator = np.random.default_rng(seed)
    theta, b = generator.normal(size=(models, 1)), generator.normal(size=tasks)
    return generator.binomial(samples, 1 / (1 + np.exp(b - theta)))


def test_a_result_never_explains_itself() -> None:
    table = people(12, 30, 5, seed=3)
    rates = expected_rates(table[:8], table[8:], samples=5)
    changed = table.copy()
    changed[9, 4] = 5 - changed[9, 4]
    again = expected_rates(table[:8], changed[8:], samples=5)
    assert again[1, 4] == pytest.approx(rates[1, 4], abs=1e-9)
    assert not np.allclose(again[1, 5], rates[1, 5], atol=1e-6)


def test_expected_rates_are_right_on_average() -> None:
    table = people(60, 100, 1, seed=5)
    rates = expected_rates(table[:40], table[40:], samples=1)
    assert abs((table[40:] - rates).mean()) < 0.02
    hard = rates < 0.4
    assert table[40:][hard].mean() == pytest.approx(rates[hard].mean(), abs=0.04)


def test_a_leaked_task_stands_out_among_honest_ones() -> None:
    table = people(28, 60, 1, seed=8)
    hardest = int(table[:18].sum(axis=0).argmin())
    table[18:, hardest] = 1
    rates = expected_rates(table[:18], table[18:], samples=1)
    alarms = [
        task
        for task in range(60)
        if cusum(table[18:, task].tolist(), rates[:, task].tolist()).at is not None
    ]
    assert hardest in alarms
    assert len(alarms) <= 6


def test_tables_that_do_not_fit_are_refused() -> None:
    table = people(4, 6, 2, seed=1)
    for reference, tested in (
        (table[:0], table),
        (table[:, :3], table),
        (table[:, :1], table[:, :1]),
    ):
        with pytest.raises(BadInput):
            expected_rates(reference, tested, samples=2)
    with pytest.raises(BadInput):
        expected_rates(table, table + 5, samples=2)


def test_thresholds_are_the_documented_ones() -> None:
    assert (ALARM, SLACK) == (4.0, 0.5)
