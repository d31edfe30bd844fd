"""What intervals, ranks and tiers promise, counted on boards whose truth is known.

Each promise is tried on 200 boards every day and on 2,000 with ``-m soak``; a share may miss its
promise by four of its Monte Carlo errors.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchserver.measurement.incomplete import compare_shared
from benchserver.measurement.means import mean_score, wilson
from benchserver.measurement.multiplicity import holm
from benchserver.measurement.ranks import board
from benchserver.measurement.resampling import max_t

Table = npt.NDArray[np.float64]
DAILY = pytest.param(200, id="200")
MANY = pytest.param(2000, id="2000", marks=pytest.mark.soak)
BOARDS = pytest.mark.parametrize("boards", [DAILY, MANY])
ALPHA = 0.05


def share(event: Callable[[np.random.Generator], bool], boards: int) -> float:
    generator = np.random.default_rng(2026)
    return sum(event(generator) for _ in range(boards)) / boards


def slack(boards: int) -> float:
    """Four Monte Carlo errors of a share of one in twenty."""
    return 4 * math.sqrt(ALPHA * (1 - ALPHA) / boards)


def logistic(values: Table) -> Table:
    return np.asarray(1 / (1 + np.exp(-values)))


# Intervals of one score.


def t_covers(generator: np.random.Generator) -> bool:
    interval = mean_score((generator.binomial(5, generator.beta(2, 1.5, 60)) / 5).tolist()).interval
    return interval.low <= 2 / 3.5 <= interval.high


def clustered_covers(generator: np.random.Generator) -> bool:
    rates = np.repeat(generator.beta(2, 1.5, 40), 3)
    families = [n // 3 for n in range(120)]
    found = mean_score((generator.binomial(5, rates) / 5).tolist(), families=families).interval
    return found.low <= 2 / 3.5 <= found.high


def wilson_covers(generator: np.random.Generator) -> bool:
    rate = generator.uniform(0.1, 0.9)
    interval = wilson(int(generator.binomial(80, rate)), 80)
    return interval.low <= rate <= interval.high


@BOARDS
@pytest.mark.parametrize("covers", [t_covers, clustered_covers, wilson_covers])
def test_intervals_cover_as_often_as_they_say(
    covers: Callable[[np.random.Generator], bool], boards: int
) -> None:
    assert share(covers, boards) == pytest.approx(1 - ALPHA, abs=slack(boards))


# Boards: models by tasks, correlated through tasks and through families.


@dataclass(frozen=True)
class World:
    """``abilities``: one per model; equal ones are true ties. ``family``: tasks in each."""

    abilities: tuple[float, ...]
    tasks: int = 60
    family: int = 1
    samples: int = 5

    def draw(self, generator: np.random.Generator) -> tuple[Table, list[int] | None]:
        shared = np.repeat(generator.normal(0, 1, self.tasks // self.family), self.family)
        group = generator.normal(0, 0.6, (len(self.abilities), self.tasks // self.family))
        own = np.repeat(group, self.family, axis=1)
        rates = logistic(np.array(self.abilities)[:, None] + shared + own)
        families = None if self.family == 1 else [n // self.family for n in range(self.tasks)]
        return generator.binomial(self.samples, rates) / self.samples, families

    def ties(self) -> npt.NDArray[np.bool_]:
        truth = np.array(self.abilities)
        return np.asarray(np.equal.outer(truth, truth)[np.triu_indices(len(truth), 1)])


WORLDS = {
    "all equal": World((0.0,) * 8),
    "all equal, families": World((0.0,) * 8, tasks=90, family=3),
    "all equal, single samples": World((0.0,) * 8, samples=1),
    "half better": World((0.9,) * 4 + (0.0,) * 4),
    "half better, families": World((0.9,) * 4 + (0.0,) * 4, tasks=90, family=3),
    "a crowd, all equal": World((0.0,) * 24, tasks=90, family=3),
    "a crowd, half better": World((0.9,) * 12 + (0.0,) * 12),
}


def by_holm(table: Table, families: list[int] | None, upper: Any) -> Table:
    return np.array(holm(compare_shared(table, families=families).p_value[upper].tolist()))


def by_max_t(table: Table, families: list[int] | None, upper: Any) -> Table:
    return np.asarray(max_t(table, families=families, draws=300)[upper])


@BOARDS
@pytest.mark.parametrize("adjust", [by_holm, by_max_t])
@pytest.mark.parametrize("name", WORLDS)
def test_equal_models_are_told_apart_on_no_more_than_one_board_in_twenty(
    name: str, adjust: Callable[..., Table], boards: int
) -> None:
    world = WORLDS[name]
    ties, upper = world.ties(), np.triu_indices(len(world.abilities), 1)

    def wrong(generator: np.random.Generator) -> bool:
        table, families = world.draw(generator)
        return bool((adjust(table, families, upper)[ties] <= ALPHA).any())

    assert share(wrong, boards) <= ALPHA + slack(boards)


@BOARDS
@pytest.mark.parametrize("family", [1, 3])
def test_all_true_ranks_lie_in_their_intervals_together(family: int, boards: int) -> None:
    abilities = (1.2, 0.6, 0.6, 0.0, -0.8)
    world = World(abilities, tasks=90, family=family)

    def broken(generator: np.random.Generator) -> bool:
        table, families = world.draw(generator)
        rows = {f"m{n}": row.tolist() for n, row in enumerate(table)}
        return any(misses(abilities, line) for line in board(rows, families=families))

    assert share(broken, boards) <= ALPHA + slack(boards)


def misses(abilities: tuple[float, ...], line) -> bool:  # type: ignore[no-untyped-def]
    mine = abilities[int(line.model[1:])]
    best = 1 + sum(other > mine for other in abilities)
    worst = len(abilities) - sum(other < mine for other in abilities)
    return bool(line.rank_low > best or line.rank_high < worst)


def test_turning_signs_finds_more_than_holm_in_a_crowd() -> None:
    world = WORLDS["a crowd, half better"]
    upper = np.triu_indices(24, 1)
    generator = np.random.default_rng(12)
    found = {by_holm: 0, by_max_t: 0}
    for _ in range(20):
        table, families = world.draw(generator)
        for adjust in found:
            found[adjust] += int((adjust(table, families, upper) <= ALPHA).sum())
    assert found[by_max_t] > found[by_holm] > 0


# What cannot matter, and what can only help.

boards_with_families = st.tuples(st.integers(2, 5), st.integers(6, 25), st.integers(0, 9999))


@settings(max_examples=60)
@given(boards_with_families)
def test_labels_of_families_and_order_of_everything_change_no_line(
    shape: tuple[int, int, int],
) -> None:
    models, tasks, seed = shape
    generator = np.random.default_rng(seed)
    table = generator.integers(0, 6, (models, tasks)) / 5
    families = generator.integers(0, 5, tasks)
    columns, rows = generator.permutation(tasks), generator.permutation(models)
    one = board({f"m{n}": table[n].tolist() for n in range(models)}, families=families.tolist())
    other = board(
        {f"m{n}": table[n][columns].tolist() for n in rows},
        families=[f"renamed {9 - label}" for label in families[columns]],
    )
    assert one == other


single_samples = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=2, max_size=60)


@given(single_samples, st.data())
def test_one_more_pass_raises_the_mean_and_never_costs_a_place(
    results: list[tuple[bool, bool]], data: st.DataObject
) -> None:
    failed = [n for n, (mine, _) in enumerate(results) if not mine]
    if not failed:
        return
    place = data.draw(st.sampled_from(failed))
    mine, other = [float(m) for m, _ in results], [float(o) for _, o in results]
    more = [*mine[:place], 1.0, *mine[place + 1 :]]
    before = {line.model: line for line in board({"me": mine, "other": other})}["me"]
    after = {line.model: line for line in board({"me": more, "other": other})}["me"]
    assert after.mean > before.mean
    assert after.copeland >= before.copeland
    assert after.rank_low <= before.rank_low
    assert after.rank_high <= before.rank_high
    assert after.tier <= before.tier


@pytest.mark.parametrize("seed", range(3))
def test_a_twin_of_a_model_ties_with_it_and_shares_its_ranks(seed: int) -> None:
    generator = np.random.default_rng(seed)
    table = generator.integers(0, 6, (4, 40)) / 5
    rows = {f"m{n}": row.tolist() for n, row in enumerate(table)}
    lines = {line.model: line for line in board({**rows, "twin": rows["m0"]})}
    mine, twin = lines["m0"], lines["twin"]
    assert (mine.rank_low, mine.rank_high, mine.tier) == (twin.rank_low, twin.rank_high, twin.tier)
