"""A fall at the cutoff is told from harder tasks: known answers, and levels that hold."""

from __future__ import annotations

import math
from datetime import date, timedelta
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchserver.core.errors import BadInput
from benchserver.measurement.contamination import cliff
from benchserver.measurement.contamination.cliff import Table, Windows
from benchserver.measurement.contamination.permutation import counted, larger_mean
from benchserver.measurement.pairs import newcombe

PLAIN = Table(62, 100, 41, 100)
COUNTS = st.integers(1, 30)
TABLES = st.builds(lambda a, b, c, d: Table(a, a + b, c, c + d), COUNTS, COUNTS, COUNTS, COUNTS)


def test_the_plain_table_has_the_known_answers() -> None:
    assert cliff.odds_ratio(PLAIN) == pytest.approx(2.348, abs=5e-4)
    assert cliff.fisher(PLAIN) == pytest.approx(0.00453864723553, abs=1e-9)
    interval = newcombe(62, 100, 41, 100)
    assert (interval.low, interval.high) == pytest.approx((0.0715, 0.3375), abs=5e-5)


def test_controls_that_fall_too_take_most_of_it_away() -> None:
    found = cliff.difference_in_differences(PLAIN, Table(150, 300, 138, 300))
    assert found.log_odds == pytest.approx(0.693170952445, abs=1e-9)
    assert found.se == pytest.approx(0.332470702209, abs=1e-9)
    assert found.z == pytest.approx(2.0849, abs=5e-5)
    assert found.p_value == pytest.approx(0.01854, abs=5e-6)


def test_an_empty_cell_gets_half_a_task_and_stays_finite() -> None:
    found = cliff.difference_in_differences(Table(10, 10, 4, 10), Table(5, 10, 5, 10))
    assert found.log_odds == pytest.approx(math.log(10.5 * 6.5 / (0.5 * 4.5)))


@given(TABLES, TABLES)
def test_the_same_fall_in_target_and_controls_is_no_cliff(target: Table, controls: Table) -> None:
    assert cliff.difference_in_differences(target, target).log_odds == pytest.approx(0, abs=1e-9)
    one = cliff.difference_in_differences(target, controls)
    other = cliff.difference_in_differences(controls, target)
    assert one.log_odds == pytest.approx(-other.log_odds)
    assert one.p_value + other.p_value == pytest.approx(1)


@given(TABLES)
def test_one_stratum_pools_to_itself(counts: Table) -> None:
    a, b, c, d = counts.cells()
    n = a + b + c + d
    pooled = cliff.mantel_haenszel([counts])
    plain = n * (a * d - b * c) ** 2 / ((a + b) * (c + d) * (a + c) * (b + d))
    assert pooled.odds_ratio == pytest.approx(cliff.odds_ratio(counts))
    assert pooled.chi2 == pytest.approx(plain * (n - 1) / n)
    assert pooled.p_corrected >= pooled.p_value


def test_strata_of_unequal_size_undo_a_reversal() -> None:
    # inside both strata the odds are the same on both sides; added up they are not
    easy, hard = Table(90, 100, 9, 10), Table(1, 10, 10, 100)
    pooled = cliff.mantel_haenszel([easy, hard])
    assert pooled.odds_ratio == pytest.approx(1.0)
    assert pooled.p_value == pytest.approx(1.0)
    assert cliff.fisher(Table(91, 110, 19, 110)) < 1e-9


@given(st.lists(TABLES, min_size=2, max_size=5), st.randoms(use_true_random=False))
def test_the_order_of_strata_changes_nothing(strata: list[Table], dice: object) -> None:
    mixed = list(strata)
    dice.shuffle(mixed)  # type: ignore[attr-defined]
    assert cliff.mantel_haenszel(mixed).chi2 == pytest.approx(cliff.mantel_haenszel(strata).chi2)


def test_residuals_all_higher_before_are_one_of_252_ways() -> None:
    values = [0.3, 0.2, 0.25, 0.4, 0.1, -0.2, -0.1, -0.3, -0.25, -0.15]
    sides = Windows(tuple(range(5)), tuple(range(5, 10)))
    found = cliff.residual_shift(values, sides)
    assert found.effect == pytest.approx(0.45)
    assert found.p_value == pytest.approx(1 / 252)


def test_counting_agrees_with_listing_all_ways() -> None:
    random = np.random.default_rng(3)
    for k in (3, 9, 13):
        values = np.round(random.normal(size=16) * 64) / 64  # on the grid: no rounding
        observed = values[:k].sum()
        sums = [values[list(c)].sum() for c in combinations(range(16), k)]
        expected = np.mean([s >= observed - 1e-12 for s in sums])
        assert counted(values, k) == pytest.approx(expected, rel=1e-9)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-1, 1), min_size=12, max_size=24), st.integers(1, 11))
def test_the_other_group_being_larger_is_the_opposite_question(values: list, k: int) -> None:
    one = larger_mean(values[:k], values[k:])
    other = larger_mean(values[k:], values[:k])
    assert one.difference == pytest.approx(-other.difference)
    assert one.p_value + other.p_value >= 1 - 1e-9


def test_tiny_p_values_are_reached_and_clean_ones_hold_their_level() -> None:
    assert larger_mean([1.0] * 40, [0.0] * 40).p_value < 1e-20
    random = np.random.default_rng(11)
    draws = [random.normal(size=60).tolist() for _ in range(400)]
    p_values = [larger_mean(draw[:30], draw[30:]).p_value for draw in draws]
    assert np.mean(np.array(p_values) <= 0.05) <= 0.05 + 4 * (0.05 * 0.95 / 400) ** 0.5
    assert np.mean(p_values) == pytest.approx(0.5, abs=4 * (1 / 12 / 400) ** 0.5)


def test_residuals_sum_to_nothing_and_harder_tasks_expect_less() -> None:
    hardness = cliff.panel_difficulties([9, 5, 1, 0], [10, 10, 10, 10])
    assert hardness == sorted(hardness)
    values = cliff.residuals([1, 1, 0, 0.5], hardness)
    assert sum(values) == pytest.approx(0, abs=1e-9)
    assert values[3] > 0 > values[2]


def test_the_dead_zone_and_what_controls_may_have_seen_are_left_out() -> None:
    cutoff = date(2026, 1, 1)
    written = [cutoff + timedelta(days=d) for d in (-400, -200, -91, -90, 0, 91, 92)]
    sides = cliff.windows([*written, None], cutoff=cutoff, start=cutoff - timedelta(days=300))
    assert sides == Windows(before=(1, 2), after=(6,))


@pytest.mark.parametrize(
    "question",
    [
        lambda: cliff.fisher(Table(1.5, 3, 1, 3)),
        lambda: cliff.odds_ratio(Table(4, 3, 1, 3)),
        lambda: cliff.mantel_haenszel([Table(3, 3, 2, 2)]),
        lambda: cliff.residuals([1, 1], [0, 0]),
        lambda: cliff.residuals([1], [0, 0]),
        lambda: larger_mean([], [1.0]),
        lambda: larger_mean([math.nan], [1.0]),
    ],
)
def test_what_cannot_be_is_refused(question: object) -> None:
    with pytest.raises(BadInput):
        question()  # type: ignore[operator]
