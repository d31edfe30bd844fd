"""Splits, gaps, bootstraps and exact intervals reproduce the known answers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from benchserver.core.errors import BadInput
from benchserver.measurement.means import (
    bernoulli_error,
    mean_score,
    wilson,
)
from benchserver.measurement.scores import (
    clopper_pearson,
    cluster_bootstrap,
    expected_best_of,
    gap,
    variance_split,
)

TOY = [1, 1, 1, 0, 0, 0, 1, 1, 0, 1, 1, 1]
FAMILIES = [n // 3 for n in range(12)]


def test_clopper_pearson_gives_the_exact_bounds() -> None:
    # 0 of n: the upper bound solves (1 - p)^n = 0.025.
    assert clopper_pearson(0, 10).high == pytest.approx(1 - 0.025**0.1, abs=1e-12)
    assert clopper_pearson(0, 400, confidence=0.9).high == pytest.approx(0.00746, abs=5e-6)
    assert clopper_pearson(10, 10).low == pytest.approx(0.025**0.1, abs=1e-12)


passes = st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(passes)
def test_intervals_hold_the_share_stay_in_range_and_mirror(count: tuple[int, int]) -> None:
    passed, total = count
    for rule in (wilson, clopper_pearson):
        interval, mirror = rule(passed, total), rule(total - passed, total)
        assert 0 <= interval.low <= passed / total <= interval.high <= 1
        assert interval.low == pytest.approx(1 - mirror.high, abs=1e-9)


def test_variance_splits_into_tasks_and_samples() -> None:
    generator = np.random.default_rng(5)
    p = generator.uniform(size=20_000)  # variance 1/12 between, mean p(1-p) = 1/6 within
    omega2, sigma2 = variance_split([int(c) for c in generator.binomial(5, p)], 5)
    assert omega2 == pytest.approx(1 / 12, abs=0.003)
    assert sigma2 == pytest.approx(1 / 6, abs=0.003)
    with pytest.raises(BadInput, match="2 samples"):
        variance_split([1, 0], 1)


def ones(passed: int, total: int) -> list[float]:
    return [1.0] * passed + [0.0] * (total - passed)


def test_the_gap_gives_the_known_answer() -> None:
    difference = gap(mean_score(ones(168, 200)), mean_score(ones(132, 200)))
    assert difference.mean == pytest.approx(0.18, abs=1e-12)
    raw = math.hypot(bernoulli_error(0.84, 200), bernoulli_error(0.66, 200))
    assert 0.18 / raw == pytest.approx(4.25, abs=5e-3)
    assert difference.se == pytest.approx(raw * math.sqrt(200 / 199), abs=1e-9)


def test_the_gap_interval_is_welchs() -> None:
    one, other = [0.2, 0.4, 0.9, 0.6], [0.1, 0.3, 0.2, 0.25, 0.3, 0.2, 0.15]
    expected = stats.ttest_ind(one, other, equal_var=False).confidence_interval(0.95)
    difference = gap(mean_score(one), mean_score(other))
    assert difference.interval.low == pytest.approx(expected.low, abs=1e-9)
    assert difference.interval.high == pytest.approx(expected.high, abs=1e-9)


@given(st.integers(0, 30), st.integers(0, 40))
def test_the_gap_turns_its_sign_with_its_splits(a: int, b: int) -> None:
    one, other = mean_score(ones(a, 30)), mean_score(ones(b, 40))
    there, back = gap(one, other), gap(other, one)
    assert there.mean == pytest.approx(-back.mean)
    assert there.interval.low == pytest.approx(-back.interval.high, abs=1e-9)
    assert there.interval.low <= there.mean <= there.interval.high


def test_a_gap_of_two_perfect_splits_is_still_uncertain() -> None:
    difference = gap(mean_score(ones(20, 20)), mean_score(ones(30, 30)))
    assert difference.interval.low < 0 < difference.interval.high


def test_a_bootstrap_over_few_families_is_refused() -> None:
    with pytest.raises(BadInput, match="degenerate"):
        cluster_bootstrap(TOY, families=FAMILIES)


def test_the_bootstrap_agrees_with_the_t_interval_where_both_hold() -> None:
    generator = np.random.default_rng(1)
    values = [float(v) for v in generator.binomial(5, 0.6, size=300) / 5]
    families = [n // 3 for n in range(300)]
    boot = cluster_bootstrap(values, families=families)
    plain = mean_score(values, families=families).interval
    assert boot.low == pytest.approx(plain.low, abs=0.004)
    assert boot.high == pytest.approx(plain.high, abs=0.004)
    assert boot == cluster_bootstrap(values, families=families)


@pytest.mark.parametrize(
    ("tries", "gain"), [(1, 0.0), (2, 0.564), (3, 0.846), (5, 1.163), (10, 1.539), (27, 1.998)]
)
def test_the_best_of_many_tries_is_above_the_truth(tries: int, gain: float) -> None:
    assert expected_best_of(tries) == pytest.approx(gain, abs=5e-4)


def test_wilson_covers_on_average_and_clopper_pearson_always() -> None:
    n, shares = 30, np.linspace(0.02, 0.98, 49)
    k = np.arange(n + 1)
    choose = np.array([math.comb(n, int(i)) for i in k])
    averages = {}
    for rule in (wilson, clopper_pearson):
        intervals = [rule(int(i), n) for i in k]
        covered = [
            float(
                sum(
                    choose[i] * p**i * (1 - p) ** (n - i)
                    for i in k
                    if intervals[i].low <= p <= intervals[i].high
                )
            )
            for p in shares
        ]
        averages[rule.__name__] = np.mean(covered)
        if rule is clopper_pearson:
            assert min(covered) >= 0.95
    assert averages["wilson"] == pytest.approx(0.95, abs=0.012)
