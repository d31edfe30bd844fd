"""A total read on another form: symmetric, monotone, and within its interval as often as said."""

from __future__ import annotations

import numpy as np
import pytest

from benchserver.core.errors import BadInput
from benchserver.measurement.equating.placing import place
from benchserver.measurement.equating.rasch import fit
from tests.measurement.equating.simulated import two_rotations


@pytest.fixture(scope="module")
def scale():
    return fit(two_rotations(np.random.default_rng(5), panel=8, tasks=40).table)


def on(scale, rotation: int, samples: int = 5):
    return np.where(scale.table.rotations == rotation, samples, 0)


def test_on_the_reference_form_itself_the_rate_is_the_score(scale):
    form = scale.table.rotations == 0
    for passed in (10, 100, 190):
        placed = place(scale, passed=passed, samples=on(scale, 0), form=form)
        assert placed.expected.value == pytest.approx(passed / 200, abs=1e-9)
        assert placed.link_se == pytest.approx(0, abs=1e-9)


def test_more_passes_never_mean_less(scale):
    form = scale.table.rotations == 0
    rates = [
        place(scale, passed=n, samples=on(scale, 1), form=form).expected.value
        for n in range(1, 200)
    ]
    assert (np.diff(rates) > 0).all()


@pytest.mark.parametrize("passed", [0, 200, -1, 201])
def test_none_and_all_have_no_ability(scale, passed):
    with pytest.raises(BadInput, match="no ability"):
        place(scale, passed=passed, samples=on(scale, 1), form=scale.table.rotations == 0)


def covered(runs: int, seed: int) -> float:
    """How often the interval holds the rate that a new model would have on the first form."""
    rng = np.random.default_rng(seed)
    hits = []
    while len(hits) < runs:
        drawn = two_rotations(rng, panel=8, tasks=40, misfit=0.0, others=1)
        counts = drawn.table
        here, there = counts.rotations == 1, counts.rotations == 0
        passed, total = int(counts.passed[9].sum()), int(counts.samples[9].sum())
        if not 0 < passed < total:
            continue
        placed = place(
            fit(counts.of_models(counts.panel)),
            passed=passed,
            samples=np.where(here, 5, 0),
            form=there,
        ).expected
        truth = float(np.mean(1 / (1 + np.exp(drawn.b[there] - drawn.theta[9]))))
        hits.append(abs(placed.value - truth) <= 1.96 * placed.se)
    return float(np.mean(hits))


def test_the_interval_holds_the_truth_as_often_as_it_says():
    assert covered(150, seed=1) == pytest.approx(0.95, abs=4 * (0.95 * 0.05 / 150) ** 0.5)


@pytest.mark.soak
def test_the_interval_holds_the_truth_as_often_as_it_says_in_2000_boards():
    assert covered(2000, seed=2) == pytest.approx(0.95, abs=4 * (0.95 * 0.05 / 2000) ** 0.5)
