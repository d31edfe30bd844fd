"""Means reproduce the known answers and their intervals hold what they promise."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from benchserver.core.errors import BadInput
from benchserver.measurement.means import (
    bernoulli_error,
    mean_score,
    pass_at_k,
    score,
    score_at_k,
    t_quantile,
    wilson,
)

TOY = [1, 1, 1, 0, 0, 0, 1, 1, 0, 1, 1, 1]
FAMILIES = [n // 3 for n in range(12)]


@pytest.mark.parametrize(
    ("n", "c", "k", "value"),
    [
        (10, 3, 5, 0.916666666667),
        (200, 13, 10, 0.497551114731),
        (200, 13, 100, 0.999919497199),
        (20, 1, 5, 0.25),
        (4, 2, 3, 1.0),
    ],
)
def test_pass_at_k_gives_the_known_answers(n: int, c: int, k: int, value: float) -> None:
    assert pass_at_k(n, c, k) == pytest.approx(value, abs=1e-9)


def plug_in(n: int, c: int, k: int) -> float:
    """What pass@k is not: 1 - (1 - c/n)^k, biased low."""
    return 1.0 - (1.0 - c / n) ** k


def test_the_plug_in_is_the_biased_one() -> None:
    assert plug_in(10, 3, 5) == pytest.approx(0.83193, abs=1e-9)


@pytest.mark.parametrize(("n", "c", "k"), [(3, 4, 1), (3, -1, 1), (3, 1, 4), (3, 1, 0), (0, 0, 1)])
def test_impossible_counts_are_refused_not_clamped(n: int, c: int, k: int) -> None:
    with pytest.raises(BadInput):
        pass_at_k(n, c, k)


counts = st.integers(1, 60).flatmap(
    lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(1, n))
)


@given(counts)
def test_pass_at_k_is_the_share_of_draws_with_a_pass(ncks: tuple[int, int, int]) -> None:
    n, c, k = ncks
    exact = 1 - math.comb(n - c, k) / math.comb(n, k)
    assert pass_at_k(n, c, k) == pytest.approx(exact, abs=1e-12)
    assert pass_at_k(n, c, 1) == pytest.approx(c / n)
    assert 0 <= plug_in(n, c, k) <= pass_at_k(n, c, k) + 1e-12


@given(counts)
def test_more_passes_or_more_tries_never_lower_pass_at_k(ncks: tuple[int, int, int]) -> None:
    n, c, k = ncks
    if c < n:
        assert pass_at_k(n, c, k) <= pass_at_k(n, c + 1, k) + 1e-12
    if k < n:
        assert pass_at_k(n, c, k) <= pass_at_k(n, c, k + 1) + 1e-12


def test_clustered_and_naive_errors_give_the_known_answers() -> None:
    estimate = score(TOY, [1] * 12, families=FAMILIES)
    assert estimate.mean == pytest.approx(2 / 3, abs=1e-12)
    assert estimate.se_naive == pytest.approx(0.142133810904, abs=1e-9)
    assert estimate.se == pytest.approx(0.235702260396, abs=1e-9)
    assert estimate.se * math.sqrt(3 / 4) == pytest.approx(0.204124145232, abs=1e-9)
    assert estimate.design_effect == pytest.approx(2.0625, abs=1e-9)
    assert (estimate.clusters, estimate.df) == (4, 3)


def test_without_families_the_clustered_error_is_the_plain_one() -> None:
    estimate = score(TOY, [1] * 12)
    assert estimate.se == pytest.approx(estimate.se_naive, abs=1e-12)


@pytest.mark.parametrize(
    ("mean", "n", "error"),
    [
        (0.655, 5000, 0.00672),
        (0.630, 5000, 0.00683),
        (0.836, 164, 0.02891),
        (0.867, 164, 0.02652),
        (0.753, 2500, 0.00863),
        (0.780, 2500, 0.00828),
    ],
)
def test_errors_of_the_published_toy_table(mean: float, n: int, error: float) -> None:
    assert bernoulli_error(mean, n) == pytest.approx(error, abs=5e-6)


@pytest.mark.parametrize(
    ("passed", "total", "low", "high"),
    [
        (8, 10, 0.490162471537, 0.943317848546),
        (0, 10, 0.0, 0.277532799863),
        (150, 200, 0.68565901688, 0.804918319932),
    ],
)
def test_wilson_gives_the_known_answers(passed: int, total: int, low: float, high: float) -> None:
    interval = wilson(passed, total)
    assert interval.low == pytest.approx(low, abs=1e-9)
    assert interval.high == pytest.approx(high, abs=1e-9)


task_rows = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from("abcdef")), min_size=2, max_size=60
).filter(lambda rows: len({family for _, family in rows}) > 1)


@given(task_rows, st.randoms())
def test_order_of_tasks_and_names_of_families_change_nothing(rows, random) -> None:  # type: ignore[no-untyped-def]
    shuffled = random.sample(rows, len(rows))
    one, other = (
        score([c for c, _ in r], [5] * len(r), families=[f for _, f in r]) for r in (rows, shuffled)
    )
    renamed = score([c for c, _ in rows], [5] * len(rows), families=[ord(f) * 7 for _, f in rows])
    for estimate in (other, renamed):
        assert estimate.mean == pytest.approx(one.mean, abs=1e-12)
        assert estimate.se == pytest.approx(one.se, abs=1e-12)
        assert estimate.interval.low == pytest.approx(one.interval.low, abs=1e-9)


@given(task_rows)
def test_a_score_lies_in_its_interval_and_both_in_zero_to_one(
    rows: list[tuple[int, str]],
) -> None:
    estimate = score([c for c, _ in rows], [5] * len(rows), families=[f for _, f in rows])
    low, high = estimate.interval.low, estimate.interval.high
    assert 0 <= low <= estimate.mean + 1e-12
    assert estimate.mean - 1e-12 <= high <= 1
    assert low < high


@given(task_rows, st.data())
def test_one_more_pass_never_lowers_a_score(
    rows: list[tuple[int, str]], data: st.DataObject
) -> None:
    passed = [c for c, _ in rows]
    position = data.draw(st.integers(0, len(rows) - 1))
    better = [min(5, c + (i == position)) for i, c in enumerate(passed)]
    samples = [5] * len(rows)
    assert score(better, samples).mean >= score(passed, samples).mean


def test_the_interval_is_students_with_one_degree_less_than_families() -> None:
    interval = mean_score([0.4, 0.5, 0.6, 0.5]).interval
    half = 3.182446305284 * math.sqrt(0.02 / 3 / 4)  # t(.975, 3) from tables
    assert interval.low == pytest.approx(0.5 - half, abs=1e-9)
    assert interval.high == pytest.approx(0.5 + half, abs=1e-9)


def test_all_passed_is_not_certainty() -> None:
    estimate = score([5] * 20, [5] * 20)
    assert estimate.method == "wilson"
    assert estimate.interval.low == pytest.approx(wilson(20, 20).low)
    few = score([5] * 20, [5] * 20, families=[n // 10 for n in range(20)])
    assert few.interval.low < estimate.interval.low


def test_pass_at_one_is_the_score() -> None:
    passed, samples = [0, 2, 5, 3], [5, 5, 5, 5]
    assert score_at_k(passed, samples, 1) == score(passed, samples)
    assert score_at_k(passed, samples, 5).mean == pytest.approx(0.75)


def test_one_family_gives_no_error_and_is_refused() -> None:
    with pytest.raises(BadInput, match="at least two families"):
        score([1, 0], [1, 1], families=["a", "a"])


@pytest.mark.parametrize("values", [[], [0.5, 1.5], [-0.1, 0.2], [float("nan"), 0.1]])
def test_values_that_are_no_scores_are_refused(values: list[float]) -> None:
    with pytest.raises(BadInput):
        mean_score(values)


def test_lengths_must_agree() -> None:
    with pytest.raises(BadInput, match="2 counts for 3 tasks"):
        score([1, 1], [1, 1, 1])
    with pytest.raises(BadInput, match="1 families for 2 tasks"):
        score([1, 1], [1, 1], families=["a"])


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    """60 tasks in 30 families with a shared family effect, 5 samples each, 1000 repetitions."""
    generator = np.random.default_rng(2026)
    families = [n // 2 for n in range(60)]
    hits = {"clustered": 0, "naive": 0}
    for _ in range(1000):
        p = np.clip(np.repeat(generator.beta(2, 1.5, size=30), 2), 0, 1)
        passed = [int(c) for c in generator.binomial(5, p)]
        clustered = score(passed, [5] * 60, families=families).interval
        naive = score(passed, [5] * 60).interval
        truth = 2 / 3.5
        hits["clustered"] += clustered.low <= truth <= clustered.high
        hits["naive"] += naive.low <= truth <= naive.high
    assert 0.92 <= hits["clustered"] / 1000 <= 0.975
    assert hits["naive"] / 1000 < 0.91


@given(st.integers(1, 2000), st.floats(0.001, 0.4999))
def test_students_quantile_is_the_librarys(df: int, above: float) -> None:
    assert t_quantile(0.5 + above, df) == pytest.approx(stats.t.ppf(0.5 + above, df), rel=1e-9)


@pytest.mark.parametrize(
    ("probability", "df", "value"),
    [(0.975, 1, 12.706204736), (0.975, 2, 4.302652730), (0.975, 10, 2.228138852), (0.5, 7, 0.0)],
)
def test_students_quantile_gives_the_tables_answers(
    probability: float, df: int, value: float
) -> None:
    assert t_quantile(probability, df) == pytest.approx(value, abs=1e-8)


def test_students_quantile_has_no_step_where_the_way_changes() -> None:
    values = [t_quantile(0.975, df) for df in (1999, 2000, 2000.5, 2001)]
    assert values == sorted(values, reverse=True)
    assert values[0] - values[-1] < 1e-5


def test_a_mean_needs_no_numeric_library() -> None:
    script = (
        "import sys; from benchserver.measurement.means import score; score([1, 0, 1], [1, 1, 1]);"
        "print({'numpy', 'scipy'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"
