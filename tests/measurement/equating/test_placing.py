"""A total read on another form: symmetric, monotone, and within its interval as often as said."""

from __future__ import annotations

import numpy as np
import pytest

from benchserver.core.errors import BadInput
from benchserver.measurement.equating.placing import place
from benchserver.measurement.equating.rasch import fit
from benchserver.measurement.equating.table import table
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


def held_with_misfit(runs: int, seed: int, *, misfit: float) -> float:
    """How often the interval holds the rate that *this* model has on the first form, where every
    model finds every task harder or easier than its difficulty says."""
    rng, tasks, hits = np.random.default_rng(seed), 60, []
    there = np.arange(2 * tasks) < tasks
    for _ in range(runs):
        b = rng.normal(0, 1.2, 2 * tasks) + 0.4 * ~there
        theta = rng.normal(0, 1, (9, 1))
        p = 1 / (1 + np.exp(b + rng.normal(0, misfit, (9, 2 * tasks)) - theta))
        passed = rng.binomial(5, p)
        panel = table(
            passed=passed[:8],
            samples=np.full((8, 2 * tasks), 5),
            rotations=~there,
            panel=np.ones(8),
        )
        total = int(np.clip(passed[8, ~there].sum(), 1, 5 * tasks - 1))
        found = place(fit(panel), passed=total, samples=np.where(there, 0, 5), form=there).expected
        hits.append(abs(found.value - p[8, there].mean()) <= 1.96 * found.se)
    return float(np.mean(hits))


# Some of the misfit looks like difficulty to the panel, so a little is lost: at least 92.5 %.
LOST = 0.025


def test_with_misfit_the_interval_still_holds_a_models_own_rate():
    held = held_with_misfit(200, seed=3, misfit=0.8)
    assert (
        0.95 - LOST - 4 * (0.95 * 0.05 / 200) ** 0.5 < held < 0.95 + 4 * (0.95 * 0.05 / 200) ** 0.5
    )


@pytest.mark.soak
def test_with_misfit_the_interval_still_holds_a_models_own_rate_in_2000_rotations():
    error = 4 * (0.95 * 0.05 / 2000) ** 0.5
    assert 0.95 - LOST - error < held_with_misfit(2000, seed=4, misfit=0.8) < 0.95 + error


def test_without_tasks_it_never_met_misfit_adds_nothing(scale):
    form = scale.table.rotations == 0
    one = place(scale, passed=100, samples=on(scale, 0), form=form, dispersion=2.0).expected
    p = 1 / (
        1
        + np.exp(
            scale.b[form] - place(scale, passed=100, samples=on(scale, 0), form=form).theta.value
        )
    )
    assert one.se == pytest.approx((2 * (5 * p * (1 - p)).sum()) ** 0.5 / 200, rel=1e-9)


@pytest.mark.soak
def test_the_interval_holds_the_truth_as_often_as_it_says_in_2000_boards():
    assert covered(2000, seed=2) == pytest.approx(0.95, abs=4 * (0.95 * 0.05 / 2000) ** 0.5)
