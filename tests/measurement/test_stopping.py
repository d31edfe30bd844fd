"""Sampling stops only where more samples would have changed no tier, in all but 1 % of cases."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchserver.core.errors import BadInput
from benchserver.measurement.ranks import HOLM_UP_TO, board, tier_numbers
from benchserver.measurement.stopping import (
    ERROR_RATE,
    draws_for,
    look,
    settled_after,
)

Outcomes = npt.NDArray[np.bool_]


def world(
    generator: np.random.Generator,
    *,
    models: int,
    tasks: int,
    samples: int,
    spread: float = 0.0,
    camps: float = 0.0,
    hardness: float = 1.5,
    family: int = 1,
) -> tuple[Outcomes, list[int] | None]:
    """Passes by a logistic law with an effect of the model, the family, and each model's task.
    ``camps``: how far the first half of the models lies above the other, in logits."""
    half = np.where(np.arange(models) < models // 2, camps / 2, -camps / 2)
    ability = half[:, None] + generator.normal(0, spread, (models, 1))
    shared = np.repeat(generator.normal(0, hardness, tasks // family), family)
    own = generator.normal(0, 0.5, (models, tasks))
    chance = 1 / (1 + np.exp(-(ability + shared + own)))
    families = None if family == 1 else [n // family for n in range(tasks)]
    return generator.random((models, tasks, samples)) < chance[:, :, None], families


WORLDS = {
    "clear": {"models": 3, "spread": 2.0},
    "no difference": {"models": 4, "spread": 0.0},
    "all or nothing": {"models": 4, "spread": 1.5, "hardness": 6.0},
    "families": {"models": 4, "spread": 1.5, "family": 4},
    "a crowd, two camps": {"models": 24, "camps": 3.0},
    "a crowd, no difference": {"models": 24},
}
assert all(each["models"] > HOLM_UP_TO for name, each in WORLDS.items() if "crowd" in name)


def stopped_and_wrong(name: str, boards: int, seed: int) -> tuple[int, int]:
    generator = np.random.default_rng(seed)
    stopped = wrong = 0
    for _ in range(boards):
        outcomes, families = world(generator, tasks=100, samples=5, **WORLDS[name])  # type: ignore[arg-type]
        k = settled_after(outcomes.tolist(), families=families)
        if k is not None:
            stopped += 1
            early = tier_numbers(outcomes[:, :, :k].mean(axis=2), families=families)
            wrong += early != tier_numbers(outcomes.mean(axis=2), families=families)
    return stopped, wrong


def held(name: str, boards: int, seed: int) -> None:
    """The error rate is at most the stated one and its Monte Carlo error; and it does stop."""
    stopped, wrong = stopped_and_wrong(name, boards, seed)
    assert wrong / boards <= ERROR_RATE + 4 * math.sqrt(ERROR_RATE / boards)
    assert stopped > boards / 10


@pytest.mark.parametrize("name", WORLDS)
def test_a_stop_is_wrong_no_more_often_than_stated(name: str) -> None:
    held(name, 12, seed=31)


@pytest.mark.soak
@pytest.mark.parametrize("name", WORLDS)
def test_a_stop_in_two_thousand_boards_is_wrong_no_more_often(name: str) -> None:
    held(name, 2000, seed=32)


def test_the_draws_alone_err_in_half_the_stated_rate() -> None:
    assert draws_for(5) == 221
    for planned in (2, 3, 5, 10, 20):
        n, q = draws_for(planned), 1 / (draws_for(planned) + 1)
        assert max(1, planned - 2) * q * (1 - q) ** n <= ERROR_RATE / 2


def test_with_nothing_left_it_is_settled_and_with_one_sample_never() -> None:
    done = look([[5, 3], [1, 0]], [[5, 5], [5, 5]], 5)
    assert (done.settled, done.reason, done.left) == (True, "", 0)
    one = look([[1] * 40, [0] * 40], [[1] * 40] * 2, 5)
    assert not one.settled
    assert "does not tell" in one.reason
    assert settled_after(np.ones((2, 9, 1), dtype=bool).tolist()) is None


def test_a_clear_lead_is_settled_and_a_lead_at_the_brink_is_not() -> None:
    halfway = [[2] * 100, [2] * 100]
    assert look([[2] * 70 + [0] * 30, [0] * 100], halfway, 5).settled
    wavering = [[1] * 100, [1] * 88 + [0] * 12]
    found = look(wavering, halfway, 5)
    assert (found.settled, found.reason) == (False, "a tier may still change")
    assert found.left == 600


def test_a_task_without_a_sample_is_not_foretold() -> None:
    missing = look([[2, 0], [2, 2]], [[2, 0], [2, 2]], 5)
    assert (missing.settled, missing.reason) == (False, "a task has no sample yet")


def test_a_crowd_in_two_clear_camps_is_settled_and_one_of_even_steps_is_not() -> None:
    many = HOLM_UP_TO + 4
    halfway = [[2] * 100] * many
    generator = np.random.default_rng(4)
    rates = np.where(np.arange(many) < many // 2, 0.93, 0.07)[:, None]
    settled_tasks = 2 * (generator.random((many, 100)) < rates)
    assert look(settled_tasks.tolist(), halfway, 5).settled
    steps = [[2] * (4 * n) + [0] * (100 - 4 * n) for n in range(many)]
    assert look(steps, halfway, 5).reason == "a tier may still change"


def test_counts_that_cannot_be_are_refused() -> None:
    for passed, done in (([[3]], [[2]]), ([[1]], [[6]]), ([[1], [1, 2]], [[1], [1, 2]]), ([], [])):
        with pytest.raises(BadInput):
            look(passed, done, 5)
    with pytest.raises(BadInput):
        settled_after([[True, False]])  # type: ignore[list-item]


tables = st.tuples(st.integers(2, 6), st.integers(4, 30), st.booleans(), st.integers(0, 9999))


@settings(max_examples=60)
@given(tables)
def test_tiers_without_names_are_the_boards(case: tuple[int, int, bool, int]) -> None:
    models, tasks, clustered, seed = case
    generator = np.random.default_rng(seed)
    rates = generator.uniform(0, 1, (models, 1))
    table = generator.binomial(5, rates, (models, tasks)) / 5
    families = generator.integers(0, 4, tasks).tolist() if clustered else None
    lines = board({f"m{n}": row.tolist() for n, row in enumerate(table)}, families=families)
    assert tier_numbers(table, families=families) == [
        line.tier for line in sorted(lines, key=lambda line: line.model)
    ]


@settings(max_examples=4)
@given(st.integers(0, 9999))
def test_places_of_tasks_do_not_decide_what_is_clear(seed: int) -> None:
    generator = np.random.default_rng(seed)
    passed = np.array([generator.binomial(2, 0.95, 80), generator.binomial(2, 0.05, 80)])
    done = np.full_like(passed, 2).tolist()
    for columns in (np.arange(80), generator.permutation(80)):
        assert look(passed[:, columns].tolist(), done, 5).settled
