"""Noise has the law it claims, its interval holds the truth, and what it costs adds up."""

from __future__ import annotations

import math
import random
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchserver.core.errors import BadInput
from benchserver.measurement.noise import (
    cell_scale,
    discrete_laplace,
    laplace_sd,
    noisy_share,
    privacy_spent,
)

ONE = Fraction(1)


@pytest.mark.parametrize("scale", [ONE, Fraction(10, 3), Fraction(1, 2)])
def test_a_draw_has_the_two_sided_geometric_law(scale: Fraction) -> None:
    below = random.Random(7).randrange
    draws = 20_000
    seen = Counter(discrete_laplace(scale, below) for _ in range(draws))
    a = math.exp(-1 / float(scale))
    for k in range(-3, 4):
        chance = (1 - a) / (1 + a) * a ** abs(k)
        error = math.sqrt(chance * (1 - chance) / draws)
        assert seen[k] / draws == pytest.approx(chance, abs=4 * error), k


def test_the_known_answers_hold() -> None:
    assert math.tanh(0.5) == pytest.approx(0.462117157260, abs=1e-12)
    assert laplace_sd(ONE) == pytest.approx(1.356962485602, abs=1e-9)
    assert laplace_sd(Fraction(10)) == pytest.approx(14.136244785431, abs=1e-9)
    assert cell_scale(5, Fraction(1, 2)) == 10
    found = noisy_share(15, tasks=30, samples=1, epsilon=ONE, family_sizes=[1] * 30)
    assert found.share == 0.5
    assert found.noise == pytest.approx(0.045232082867, abs=1e-9)
    assert found.se == pytest.approx(0.101878725227, abs=1e-9)
    assert found.interval.low == pytest.approx(0.283655, abs=1e-6)
    assert found.interval.high == pytest.approx(0.716345, abs=1e-6)


@pytest.mark.parametrize(
    ("tasks", "continuous", "ratio"), [(200, 0.0071, 0.20), (100, 0.0141, 0.29), (30, 0.047, 0.53)]
)
def test_the_noise_is_as_wide_as_the_continuous_law_or_a_little_less(
    tasks: int, continuous: float, ratio: float
) -> None:
    noise = laplace_sd(cell_scale(1, ONE)) / tasks
    assert 0.95 * continuous < noise < 1.01 * continuous
    sampling = math.sqrt(0.6 * 0.4 / tasks)
    assert noise / sampling == pytest.approx(ratio, abs=0.03)


def test_the_noise_of_a_share_does_not_depend_on_the_samples_by_much() -> None:
    noise = [laplace_sd(cell_scale(k, ONE)) / k for k in (1, 5, 20)]
    assert noise == pytest.approx([math.sqrt(2)] * 3, rel=0.05)


@pytest.mark.parametrize("samples", [1, 5])
@pytest.mark.parametrize(("tasks", "rate"), [(20, 0.5), (20, 0.05), (60, 0.9), (120, 0.5)])
def test_the_interval_holds_the_true_rate_in_95_of_100_cases(
    tasks: int, rate: float, samples: int
) -> None:
    generator, boards, held = np.random.default_rng(3), 1000, 0
    a = math.exp(-1 / samples)
    for _ in range(boards):
        solved = generator.beta(2 * rate, 2 * (1 - rate), size=tasks)
        count = generator.binomial(samples, solved).sum()
        noise = generator.geometric(1 - a) - generator.geometric(1 - a)
        found = noisy_share(
            int(count + noise),
            tasks=tasks,
            samples=samples,
            epsilon=ONE,
            family_sizes=[1] * tasks,
        )
        held += found.interval.low <= rate <= found.interval.high
    assert held / boards >= 0.95 - 4 * math.sqrt(0.95 * 0.05 / boards)


def test_a_share_is_not_cut_where_the_noise_leads_outside() -> None:
    below = noisy_share(-2, tasks=20, samples=1, epsilon=ONE, family_sizes=[1] * 20)
    assert below.share == -0.1
    assert below.se > below.noise


def test_families_widen_the_interval() -> None:
    alone = noisy_share(10, tasks=20, samples=1, epsilon=ONE, family_sizes=[1] * 20)
    pairs = noisy_share(10, tasks=20, samples=1, epsilon=ONE, family_sizes=[2] * 10)
    assert pairs.se > 1.2 * alone.se


def test_epsilons_add_on_the_task_that_bears_most() -> None:
    assert privacy_spent([({1, 2}, ONE), ({3, 4}, ONE)]) == 1
    assert privacy_spent([({1, 2}, ONE), ({3, 4}, ONE), ({2, 3}, ONE)]) == 2
    assert privacy_spent([]) == 0


cells = st.lists(
    st.tuples(st.sets(st.integers(0, 9)), st.fractions(Fraction(1, 10), Fraction(2))), max_size=6
)


@given(cells, cells)
def test_what_was_spent_never_shrinks_and_never_exceeds_the_sum(first: list, second: list) -> None:
    both = privacy_spent([*first, *second])
    assert max(privacy_spent(first), privacy_spent(second)) <= both
    assert both <= privacy_spent(first) + privacy_spent(second)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(BadInput, match="above 0"):
        laplace_sd(Fraction(0))
    with pytest.raises(BadInput, match="above 0"):
        discrete_laplace(Fraction(-1), random.Random(1).randrange)
    with pytest.raises(BadInput, match="sample"):
        cell_scale(0, ONE)
    with pytest.raises(BadInput, match="families"):
        noisy_share(5, tasks=20, samples=1, epsilon=ONE, family_sizes=[1] * 19)
