"""A leaked task is noticed soon, an honest one seldom accused, and both rates are known."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from scipy.sparse.linalg import spsolve

from benchserver.core.errors import BadInput
from benchserver.measurement.compromise import (
    ALARM,
    SLACK,
    chance_of_alarm,
    cusum,
    expected_rates,
    residuals,
    window_p,
)

UP = math.sqrt(0.6 / 0.4) - 0.5  # what a pass adds at p = .4
DOWN = math.sqrt(0.4 / 0.6) + 0.5

# (threshold): (the note's length in control, when leaked), the exact ones.
LENGTHS = {
    3: ((103, 6), (101.408, 6.191)),
    4: ((282, 8), (294.970, 7.920)),
    5: ((709, 9), (682.918, 9.380)),
}
# The note's lengths are means of a simulation. A mean of n such lengths has an error of about
# 1 / sqrt(n) of itself; theirs lie 1.6 % above, 4.4 % below and 3.8 % above the exact ones, as
# some 800 runs would. No definition explains them: a head start or a second side shortens all
# three, another slack moves all three one way.
NOTE_ERROR = 0.05

Chain = tuple[sparse.csc_matrix, npt.NDArray[np.float64]]


def chain(rate: float, threshold: float) -> Chain:
    """The sum's own Markov chain, exact: it is 0, or so many passes less so many failures since it
    last was. (Moves between states that raise no alarm, chance of the alarm from each.)"""
    known, waiting, moves, alarms = {(0, 0): 0}, [(0, 0)], [], []
    while waiting:
        passes, failures = state = waiting.pop()
        for after, chance in (
            ((passes + 1, failures), rate),
            ((passes, failures + 1), 1 - rate),
        ):
            total = after[0] * UP - after[1] * DOWN
            if total >= threshold:
                alarms.append((known[state], chance))
                continue
            # Beyond 60 failures without a 0 lies less than 1e-9 of all runs.
            after = after if total > 0 and after[1] <= 60 else (0, 0)
            if after not in known:
                known[after] = len(known)
                waiting.append(after)
            moves.append((known[state], known[after], chance))
    rows, columns, chances = zip(*moves, strict=True)
    size = len(known)
    alarm = np.zeros(size)
    for place, chance in alarms:
        alarm[place] += chance
    return sparse.csc_matrix((chances, (rows, columns)), shape=(size, size)), alarm


def mean_length(rate: float, threshold: float) -> float:
    moves, _ = chain(rate, threshold)
    size = moves.shape[0]
    return float(spsolve(sparse.identity(size, format="csc") - moves, np.ones(size))[0])


@pytest.mark.parametrize("threshold", LENGTHS)
def test_an_alarm_takes_as_long_as_the_chain_of_its_states_says(threshold: int) -> None:
    note, exact = LENGTHS[threshold]
    for rate, stated, length in zip((0.4, 0.9), note, exact, strict=True):
        assert mean_length(rate, threshold) == pytest.approx(length, abs=1e-3)
        assert abs(length - stated) <= max(NOTE_ERROR * stated, 0.5)  # printed in whole results


@pytest.mark.parametrize(("rate", "runs", "longest"), [(0.4, 300, 2500), (0.9, 3000, 80)])
def test_the_watch_itself_takes_as_long(rate: float, runs: int, longest: int) -> None:
    generator = np.random.default_rng(71)
    found = []
    for _ in range(runs):
        at = cusum((generator.random(longest) < rate).tolist(), [0.4] * longest).at
        found.append(longest if at is None else at + 1)  # fewer than one in a thousand
    error = float(np.std(found)) / math.sqrt(runs)
    assert np.mean(found) == pytest.approx(mean_length(rate, ALARM), abs=4 * error)


@pytest.mark.parametrize("results", [2, 20, 150])
def test_the_chance_of_an_alarm_is_the_chains(results: int) -> None:
    moves, alarm = chain(0.4, ALARM)
    here, alarmed = np.eye(1, moves.shape[0])[0], 0.0
    for _ in range(results):
        alarmed += float(here @ alarm)
        here = here @ moves
    error = math.sqrt(alarmed * (1 - alarmed) / 4000)
    drawn = chance_of_alarm([0.4] * results, draws=4000)
    assert drawn == pytest.approx(alarmed, abs=4 * error + 1 / 4001)


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
