"""Choosing by difficulty shows the best tasks to everybody, until it is held back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchserver.core.errors import BadInput
from benchserver.measurement.exposure.selection import fewest_tasks, given_if_chosen, rounds


def test_what_is_chosen_too_often_is_given_less_often() -> None:
    found = given_if_chosen([0.9, 0.6, 0.3, 0.1, 0.25], 0.25)
    expected = [0.277777777778, 0.416666666667, 0.833333333333, 1, 1]
    assert found == pytest.approx(expected, abs=1e-9)


@given(st.lists(st.floats(0, 1), max_size=20), st.floats(0.01, 1))
def test_nothing_is_given_beyond_the_limit(chosen: list[float], limit: float) -> None:
    for p, keep in zip(chosen, given_if_chosen(chosen, limit), strict=True):
        assert 0 < keep <= 1
        assert p * keep <= limit + 1e-12


def test_a_pool_has_at_least_length_over_limit_tasks() -> None:
    assert fewest_tasks(10, 0.25) == 40
    with pytest.raises(BadInput):
        rounds([0.0] * 39, length=10, limit=0.25)


@pytest.mark.parametrize("seed", range(3))
def test_ten_of_sixty_tasks_are_held_to_a_quarter_of_the_models(seed: int) -> None:
    difficulties = np.random.default_rng(seed).normal(size=60).tolist()
    found = rounds(difficulties, length=10, limit=0.25, models=500, seed=seed)
    assert found[0].highest > 0.75
    assert found[-1].highest <= 0.25 + 0.04
    assert found[-1].overlap < found[0].overlap
    assert found[-1].unused <= found[0].unused


def test_every_model_gets_its_ten_tasks() -> None:
    """Exposure rates sum to the length, so two models share at least length / tasks of them."""
    held = rounds([0.0] * 40, length=10, limit=0.5, models=300)
    assert held[-1].overlap >= 10 / 40 - 0.01
