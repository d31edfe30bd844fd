"""A repeat tells a new number only when it is better by more than its own error."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from benchserver.core.errors import BadInput
from benchserver.measurement.adaptive.ladder import (
    Ladder,
    SteppedLadder,
    stepped_error_bound,
    told,
    union_bound,
)

MEANS = [0.5, 0.45, 0.6, 0.3, 0.25, 0.25, 0.0]
TOLD = [0.5, 0.5, 0.5, 0.3, 0.3, 0.3, 0.0]
ROW = st.lists(st.sampled_from([0.0, 0.2, 0.4, 0.6, 0.8, 1.0]), min_size=12, max_size=12)
HISTORY = st.lists(ROW, min_size=1, max_size=8)


def ladder(history: list[list[float]]) -> list[float]:
    """What one Ladder answers to these losses in turn."""
    state = Ladder()
    return [state.tell(row) for row in history]


def failing(share: float, tasks: int = 20) -> list[float]:
    """The first tasks fail, the others pass."""
    return [1.0] * round(share * tasks) + [0.0] * (tasks - round(share * tasks))


def test_both_ladders_give_the_printed_answers() -> None:
    stepped = SteppedLadder(0.1)
    assert [stepped.tell(failing(m)) for m in MEANS] == pytest.approx(TOLD, abs=1e-9)
    assert ladder([failing(m) for m in MEANS]) == pytest.approx(TOLD, abs=1e-9)


def test_the_stepped_ladder_tells_whole_steps() -> None:
    rung = SteppedLadder(0.03)
    answers = [rung.tell(failing(m)) for m in MEANS]
    assert all(abs(a / 0.03 - round(a / 0.03)) < 1e-9 for a in answers)
    assert answers[0] == pytest.approx(0.51)


@given(tasks=st.integers(2, 200), place=st.integers(0, 199))
def test_one_changed_verdict_is_never_told(tasks: int, place: int) -> None:
    """Its difference is exactly one error, whatever the number of tasks."""
    assume(place < tasks)
    worse = [1.0] * tasks
    better = [float(n != place) for n in range(tasks)]
    assert ladder([worse, better]) == [1.0, 1.0]


@given(HISTORY)
def test_what_is_told_never_rises_and_was_measured(history: list[list[float]]) -> None:
    answers = ladder(history)
    assert answers == sorted(answers, reverse=True)
    means = [float(np.mean(row)) for row in history]
    assert all(a in means[: n + 1] for n, a in enumerate(answers))


@given(HISTORY, st.randoms(use_true_random=False))
def test_the_order_of_the_tasks_is_irrelevant(history: list[list[float]], random: object) -> None:
    order = list(range(12))
    random.shuffle(order)  # type: ignore[attr-defined]
    shuffled = [[row[i] for i in order] for row in history]
    assert ladder(shuffled) == pytest.approx(ladder(history), abs=1e-12)


@given(HISTORY)
def test_the_place_told_is_the_one_whose_loss_the_ladder_tells(history: list[list[float]]) -> None:
    scores = [[1 - loss for loss in row] for row in history]
    place = told(scores)
    assert float(np.mean(history[place])) == pytest.approx(ladder(history)[-1], abs=1e-12)


def test_a_better_number_over_few_tasks_is_not_told() -> None:
    first, second = [0.0] * 40, [1.0] * 5 + [0.0] * 35
    assert told([first, second]) == 1
    assert told([first, second], min_changed=20) == 0
    assert told([first, [1.0] * 20 + [0.0] * 20], min_changed=20) == 1


def test_a_repeat_that_is_better_by_chance_alone_is_mostly_not_told() -> None:
    """One-sided at one error: about one in six of equal repeats, not one in two."""
    generator = np.random.default_rng(5)
    rates = generator.beta(2, 2, 150)
    pairs = [generator.binomial(5, rates, (2, 150)) / 5 for _ in range(600)]
    share = np.mean([told(pair.tolist()) for pair in pairs])
    assert share == pytest.approx(0.1587, abs=4 * math.sqrt(0.1587 * 0.8413 / 600))


@pytest.mark.parametrize(
    ("tasks", "bound"), [(200, 0.51), (2000, 0.23), (10_000, 0.137), (100_000, 0.064)]
)
def test_the_best_bound_of_the_stepped_ladder(tasks: int, bound: float) -> None:
    half = 0.5 * 10 ** -len(f"{bound}".partition(".")[2])
    assert stepped_error_bound(tasks, 10) == pytest.approx(bound, abs=half)


@given(st.integers(50, 5000), st.integers(1, 100), st.floats(0.01, 1.0))
def test_no_step_has_a_better_bound(tasks: int, tries: int, step: float) -> None:
    exponent = (1 / step + 2) * math.log(4 * tries / step) + 1 + math.log(20)
    assert stepped_error_bound(tasks, tries) <= math.sqrt(exponent / 2 / tasks) + step + 1e-5


def test_the_bound_for_tries_fixed_beforehand() -> None:
    assert union_bound(200, 10) == pytest.approx(0.122387341535, abs=1e-9)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Ladder().tell([0.5]),
        lambda: Ladder().tell([0.5, 1.5]),
        lambda: Ladder().tell([0.5, math.nan]),
        lambda: ladder([[0.0, 1.0], [0.0, 1.0, 1.0]]),
        lambda: SteppedLadder(0.0),
        lambda: SteppedLadder(1.5),
        lambda: told([]),
        lambda: told([[0.0, 1.0], [0.0, 1.0, 1.0]]),
        lambda: stepped_error_bound(0, 1),
        lambda: union_bound(10, 0),
    ],
)
def test_what_cannot_be_is_refused(wrong: object) -> None:
    with pytest.raises(BadInput):
        wrong()  # type: ignore[operator]
