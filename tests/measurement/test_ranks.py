"""A board claims no order the data cannot carry."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchserver.core.errors import BadInput
from benchserver.measurement.means import Interval
from benchserver.measurement.multiplicity import benjamini_hochberg
from benchserver.measurement.ranks import (
    HOLM_UP_TO,
    Comparison,
    adjustment,
    board,
    compare_all,
    copeland,
    rank_intervals,
    tiers,
    upper_bound_ranks,
)
from tests.shared_data import shared

PASSES = [46, 42, 44, 35, 39, 18]  # of 60: means .767 .700 .733 .583 .650 .300


def six_models() -> dict[str, list[float]]:
    """A 6 x 60 table with those means whose nearest significant pair has the known p .0266."""
    generator = np.random.default_rng(27)
    rows = [generator.permutation(np.r_[np.ones(k), np.zeros(60 - k)]) for k in PASSES]
    return {str(i): [float(x) for x in row] for i, row in enumerate(rows)}


def test_an_eighteen_point_spread_on_sixty_tasks_is_one_tie() -> None:
    scores = six_models()
    pairs = compare_all(scores)
    upper = [c for c in pairs if "5" not in (c.first, c.second)]
    assert min(c.p_value for c in upper) == pytest.approx(0.0266, abs=5e-5)
    assert min(c.p_adjusted for c in upper) == pytest.approx(0.266, abs=5e-4)
    explored = dict(zip(pairs, benjamini_hochberg([c.p_value for c in pairs]), strict=True))
    assert min(explored[c] for c in upper) == pytest.approx(0.0665, abs=5e-4)
    lines = board(scores)
    assert {line.model: (line.rank_low, line.rank_high) for line in lines} == {
        **{str(i): (1, 5) for i in range(5)},
        "5": (6, 6),
    }
    means = {m: sum(row) / 60 for m, row in scores.items()}
    assert tiers(means, pairs) == [["0", "2", "1", "4", "3"], ["5"]]
    assert [line.model for line in lines] == ["0", "2", "1", "4", "3", "5"]
    assert {line.model: line.upper_bound_rank for line in lines} == {
        **dict.fromkeys("01234", 1),
        "5": 6,
    }


def test_copeland_gives_the_known_answer() -> None:
    means = dict(zip("012345", (0.767, 0.700, 0.733, 0.583, 0.650, 0.300), strict=True))
    assert list(copeland(means).values()) == [5, 1, 3, -3, -1, -5]


def pair(first: str, second: str, difference: float, p: float) -> Comparison:
    return Comparison(first=first, second=second, difference=difference, p_value=p, p_adjusted=p)


def test_a_chain_of_ties_is_cut_at_its_leader() -> None:
    means = {"a": 0.9, "b": 0.8, "c": 0.7}
    pairs = [pair("a", "b", 0.1, 0.3), pair("a", "c", 0.2, 0.01), pair("b", "c", 0.1, 0.3)]
    assert tiers(means, pairs) == [["a", "b"], ["c"]]
    assert rank_intervals(means, pairs) == {"a": (1, 2), "b": (1, 3), "c": (2, 3)}


tables = st.integers(2, 5).flatmap(
    lambda m: st.lists(st.lists(st.integers(0, 5), min_size=m, max_size=m), min_size=4, max_size=30)
)


@given(tables, st.randoms())
def test_order_of_models_and_tasks_changes_no_line(table, random) -> None:  # type: ignore[no-untyped-def]
    columns = {f"m{i}": [row[i] / 5 for row in table] for i in range(len(table[0]))}
    order = random.sample(range(len(table)), len(table))
    names = random.sample(list(columns), len(columns))
    shuffled = {name: [columns[name][i] for i in order] for name in names}
    one, other = board(columns), board(shuffled)
    for line, again in zip(one, other, strict=True):
        assert (line.model, line.rank_low, line.rank_high, line.tier, line.copeland) == (
            again.model, again.rank_low, again.rank_high, again.tier, again.copeland,
        )  # fmt: skip


@given(tables)
def test_rank_intervals_are_ranks_and_tiers_descend(table: list[list[int]]) -> None:
    scores = {f"m{i}": [row[i] / 5 for row in table] for i in range(len(table[0]))}
    lines = board(scores)
    assert all(1 <= line.rank_low <= line.rank_high <= len(lines) for line in lines)
    by_mean = sorted(lines, key=lambda line: (-line.mean, line.model))
    found = [line.tier for line in by_mean]
    assert found == sorted(found)
    assert found[0] == 1


def test_true_ranks_lie_in_all_intervals_together() -> None:
    generator = np.random.default_rng(3)
    truth = [0.7, 0.6, 0.5, 0.4]
    broken = 0
    for _ in range(300):
        ease = generator.normal(0, 0.15, size=80)
        scores = {
            str(i): [float(x) for x in generator.binomial(5, np.clip(p + ease, 0, 1)) / 5]
            for i, p in enumerate(truth)
        }
        lines = {line.model: line for line in board(scores)}
        broken += any(
            not lines[str(i)].rank_low <= i + 1 <= lines[str(i)].rank_high for i in range(4)
        )
    assert broken / 300 <= 0.06


def test_equal_models_are_seldom_told_apart() -> None:
    generator = np.random.default_rng(4)
    wrong = 0
    for _ in range(300):
        p = generator.beta(2, 2, size=60)
        scores = {str(i): [float(x) for x in generator.binomial(5, p) / 5] for i in range(5)}
        wrong += any(line.rank_low > 1 for line in board(scores))
    assert wrong / 300 <= 0.08


def test_an_upper_bound_rank_counts_those_wholly_above() -> None:
    intervals = {"a": Interval(0.6, 0.8), "b": Interval(0.5, 0.6), "c": Interval(0.1, 0.3)}
    assert upper_bound_ranks(intervals) == {"a": 1, "b": 1, "c": 3}


def test_small_boards_use_holm_and_large_ones_turn_signs() -> None:
    assert (adjustment(2), adjustment(HOLM_UP_TO)) == ("holm", "holm")
    assert adjustment(HOLM_UP_TO + 1) == "max-t"
    generator = np.random.default_rng(8)
    ease = generator.normal(0, 0.15, size=150)
    scores = {
        f"m{i:02}": [float(x) for x in generator.binomial(5, np.clip(p + ease, 0, 1)) / 5]
        for i, p in enumerate(np.linspace(0.8, 0.2, HOLM_UP_TO + 4))
    }
    lines = {line.model: line for line in board(scores)}
    assert lines["m00"].rank_high < lines["m23"].rank_low
    for place, name in enumerate(scores, 1):
        assert lines[name].rank_low <= place <= lines[name].rank_high
    assert all(c.p_adjusted >= c.p_value for c in compare_all(scores))


def test_a_single_family_lets_nothing_be_claimed() -> None:
    lines = board({"a": [1.0, 1.0], "b": [0.0, 0.0]}, families=["f", "f"])
    assert [(line.rank_low, line.rank_high, line.tier) for line in lines] == [(1, 2, 1)] * 2


def test_a_board_of_models_on_different_tasks_is_refused() -> None:
    with pytest.raises(BadInput, match="same tasks"):
        board({"a": [1.0, 0.0], "b": [1.0]})


def test_a_real_board_has_wide_rank_intervals() -> None:
    """Published results of five models on SWE-bench Pro, tasks all of them tried."""
    with shared("matrices/swebench_pro.csv").open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    models = [c for c in rows[0] if {row[c] for row in rows} <= {"0", "1", ""}]
    complete = [row for row in rows if all(row[m] for m in models)]
    scores = {m: [float(row[m]) for row in complete] for m in models}
    lines = board(scores)
    assert len(lines) == len(models) >= 5
    assert all(line.rank_low <= n <= line.rank_high for n, line in enumerate(lines, 1))


def test_models_of_one_mean_lead_and_fall_together() -> None:
    """A and B tie; C differs from B alone. Whatever the two are called, C opens the next tier, and
    D, as good as C, goes with it."""

    def pair(first: str, second: str, p: float) -> Comparison:
        return Comparison(first=first, second=second, difference=0.3, p_value=p, p_adjusted=p)

    for a, b in (("a", "b"), ("b", "a")):
        means = {a: 0.8, b: 0.8, "c": 0.5, "d": 0.5}
        found = [pair(a, "c", 0.2), pair(b, "c", 0.01), pair(a, "d", 0.2), pair(b, "d", 0.2)]
        assert tiers(means, found) == [["a", "b"], ["c", "d"]]
