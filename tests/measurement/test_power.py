"""What a board resolves: the published plan, and what its own pairs say afterwards."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchserver.core.errors import BadInput
from benchserver.measurement.pairs import paired_difference
from benchserver.measurement.power import (
    detectable_difference,
    observed_resolution,
    tasks_needed,
)


@pytest.mark.parametrize(
    ("tasks", "row"),
    [
        (50, (0.264, 0.167, 0.151)),
        (100, (0.187, 0.118, 0.106)),
        (200, (0.132, 0.084, 0.075)),
        (400, (0.093, 0.059, 0.053)),
        (1000, (0.059, 0.037, 0.034)),
    ],
)
def test_the_power_table(tasks: int, row: tuple[float, ...]) -> None:
    got = tuple(detectable_difference(tasks, k) for k in (1, 5, 10))
    assert got == pytest.approx(row, abs=5.1e-4)


def test_a_form_of_150_tasks_resolves_about_ten_points() -> None:
    assert detectable_difference(150, 5) == pytest.approx(0.10, abs=0.005)


def test_tasks_needed_gives_the_known_answer_and_inverts_the_table() -> None:
    assert tasks_needed(0.03, 1, sigma2=0) == pytest.approx(968.997, abs=5e-4)
    assert tasks_needed(detectable_difference(150, 5), 5) == pytest.approx(150, abs=1e-9)


def test_each_model_may_have_its_own_samples_and_spread() -> None:
    variance = 0.1 + 0.2 / 2 + 0.05 / 10
    found = tasks_needed(0.05, (2, 10), omega2=0.1, sigma2=(0.2, 0.05))
    assert found == pytest.approx((1.959963984540 + 0.841621233573) ** 2 * variance / 0.05**2)
    assert detectable_difference(80, (3, 3)) == detectable_difference(80, 3)


@given(st.integers(1, 2000), st.integers(1, 20))
def test_more_tasks_or_samples_never_hide_a_difference(tasks: int, samples: int) -> None:
    now = detectable_difference(tasks, samples)
    assert detectable_difference(tasks + 1, samples) < now
    assert detectable_difference(tasks, samples + 1) < now


def test_power_of_nothing_is_refused() -> None:
    for call in (
        lambda: detectable_difference(0, 1),
        lambda: detectable_difference(5, 0),
        lambda: detectable_difference(5, 1, power=1),
        lambda: tasks_needed(0, 1),
        lambda: detectable_difference(5, 1, omega2=-1),
        lambda: observed_resolution([[1, 0]], 1),
        lambda: observed_resolution([[1, 0], [1]], 1),
        lambda: observed_resolution([[1, 0], [1, 2]], 1),
        lambda: observed_resolution([[1, 0], [1, 1]], 1, families=["a", "a"]),
    ):
        with pytest.raises(BadInput):
            call()


def test_a_pair_by_hand() -> None:
    found = observed_resolution([[1, 1, 0, 0], [1, 0, 1, 0]], 1)
    assert found.omega2 == pytest.approx(2 / 3, abs=1e-9)
    assert found.sigma2 is None
    assert found.detectable == pytest.approx(1.698689, abs=5e-6)
    assert (found.tasks, found.clusters, found.pairs, found.design) == (4, 4, 1, 1.0)


def test_the_error_of_the_typical_pair_is_the_paired_one() -> None:
    generator = np.random.default_rng(4)
    passed = generator.integers(0, 6, size=(2, 40))
    families = [n // 4 for n in range(40)]
    rows = [[float(c) / 5 for c in row] for row in passed]
    error = paired_difference(rows[0], rows[1], families=families).se
    found = observed_resolution(passed.tolist(), 5, families=families)
    factor = 2.262157162740992 + 0.8834038597  # Student's, 9 df: .975 and .8
    assert found.detectable == pytest.approx(factor * error, rel=1e-6)
    assert found.detectable == found.detectable_all, "one pair is all pairs"


def test_the_spreads_of_a_known_board_are_found_again() -> None:
    """Six models whose true rates differ by a task effect of variance 1/48 each."""
    generator = np.random.default_rng(9)
    tasks, samples = 4000, 5
    base = generator.uniform(0.3, 0.7, size=tasks)
    rates = base + generator.uniform(-0.25, 0.25, size=(6, tasks))
    found = observed_resolution(generator.binomial(samples, rates).tolist(), samples)
    assert found.omega2 == pytest.approx(2 * 0.5**2 / 12, abs=0.002)
    assert found.sigma2 == pytest.approx(float(np.mean(rates * (1 - rates))), abs=0.002)
    planned = detectable_difference(tasks, samples, omega2=found.omega2, sigma2=found.sigma2 or 0)
    assert found.detectable == pytest.approx(planned, rel=1e-3)
    assert found.detectable_all > found.detectable


def test_families_that_move_together_resolve_less() -> None:
    generator = np.random.default_rng(10)
    rates = 0.5 + np.repeat(generator.uniform(-0.4, 0.4, size=(4, 30)), 5, axis=1)
    passed = generator.binomial(5, rates).tolist()
    alone = observed_resolution(passed, 5)
    together = observed_resolution(passed, 5, families=[n // 5 for n in range(150)])
    assert together.design > 2 > alone.design == pytest.approx(1)
    assert together.detectable > 1.4 * alone.detectable


def test_a_difference_of_that_size_is_found_in_about_eighty_of_a_hundred() -> None:
    generator = np.random.default_rng(11)
    tasks, repeats, found = 150, 300, 0
    truth = detectable_difference(tasks, 5, omega2=1 / 96, sigma2=0.24)
    for _ in range(repeats):
        base = generator.uniform(0.35, 0.65, size=tasks)
        shift = truth + generator.uniform(-1, 1, size=tasks) * math.sqrt(3 / 96)
        rows = [generator.binomial(5, rate) / 5 for rate in (base + shift / 2, base - shift / 2)]
        found += paired_difference(*[row.tolist() for row in rows]).p_value < 0.05
    assert found / repeats == pytest.approx(0.8, abs=4 * math.sqrt(0.16 / repeats))
