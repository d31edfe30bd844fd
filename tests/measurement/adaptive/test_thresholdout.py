"""The holdout is looked at only where the training value misleads, and only so often."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchserver.core.errors import BadInput
from benchserver.measurement.adaptive.thresholdout import Thresholdout

SHARE = st.floats(0, 1)
TRAINING = [0.60, 0.62, 0.70, 0.65, 0.80, 0.55]
HOLDOUT = [0.59, 0.55, 0.69, 0.58, 0.66, 0.54]


def quiet(budget: int, scale: float = 0.0) -> Thresholdout:
    return Thresholdout(generator=np.random.default_rng(3), scale=scale, budget=budget)


def test_the_printed_answers() -> None:
    state = quiet(2)
    answers = [state.answer(training=a, holdout=b) for a, b in zip(TRAINING, HOLDOUT, strict=True)]
    assert answers == [0.60, 0.55, 0.70, 0.58, None, None]


@given(st.lists(st.tuples(SHARE, SHARE), max_size=40), st.integers(0, 5))
def test_the_holdout_answers_at_most_as_often_as_the_budget(
    pairs: list[tuple[float, float]], budget: int
) -> None:
    state = quiet(budget)
    answers = [state.answer(training=a, holdout=b) for a, b in pairs]
    used = sum(
        answer != a for answer, (a, _) in zip(answers, pairs, strict=True) if answer is not None
    )
    assert used <= budget
    if None in answers:
        assert set(answers[answers.index(None) :]) == {None}


def test_noise_is_laplace_of_the_stated_scale() -> None:
    """Answers from the holdout scatter by sqrt(2) s around it."""
    state = Thresholdout(generator=np.random.default_rng(8), scale=0.01, budget=4000)
    answers = [state.answer(training=0.9, holdout=0.3) for _ in range(4000)]
    noise = np.array([a for a in answers if a is not None and a != 0.9]) - 0.3
    assert len(noise) > 3990
    assert noise.mean() == pytest.approx(0, abs=4 * 0.01414 / 63)
    assert noise.std() == pytest.approx(0.01414, rel=0.1)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(BadInput):
        quiet(-1)
    with pytest.raises(BadInput):
        quiet(1).answer(training=1.2, holdout=0.5)
