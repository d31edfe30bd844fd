"""Whether a panel carries a comparison: each condition, broken alone, is named in words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchserver.measurement.equating.conditions import Link, examine, reasons
from benchserver.measurement.equating.rasch import Figure, fit
from benchserver.measurement.equating.table import table
from tests.measurement.equating.simulated import two_rotations

GOOD = Link(
    shift=Figure(0.4, 0.05),
    models=6,
    families=3,
    rates=(0.1, 0.9),
    dispersion=3.0,
    steady=0.2,
)


def why(link: Link, *, link_se: float = 0.02, sampling_se: float = 0.04) -> list[str]:
    return reasons(link, link_se=[link_se], sampling_se=[sampling_se])


def test_at_its_limits_everything_holds():
    assert why(GOOD) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"models": 5}, "5 panel models, 6 are needed"),
        ({"families": 2}, "2 families, 3 are needed"),
        ({"rates": (0.11, 0.9)}, "pass rates"),
        ({"rates": (0.1, 0.89)}, "pass rates"),
        ({"dispersion": 3.01}, "chi2/df"),
        ({"steady": 0.21}, "without one panel model"),
        ({"steady": float("inf")}, "without one panel model"),
    ],
)
def test_each_condition_is_named_when_it_alone_is_broken(change, words):
    (reason,) = why(replace(GOOD, **change))
    assert words in reason


@pytest.mark.parametrize("sampling", [0.0399, 0.0])
def test_the_link_may_add_half_of_a_scores_own_error_at_most(sampling):
    (reason,) = why(GOOD, sampling_se=sampling)
    assert "more than half" in reason


def test_models_that_ran_one_rotation_only_link_nothing():
    n = np.ones((3, 4), dtype=int) * 5
    n[1, 2:] = 0
    n[2, :2] = 0
    counts = table(passed=n // 2, samples=n, rotations=[0, 0, 1, 1], panel=[1, 1, 1])
    link = examine(fit(counts), families=("a", "b", "c"), rotation=1)
    assert (link.models, link.families) == (1, 1)
    assert link.steady == float("inf")


def test_a_panel_that_sees_one_shift_is_steady():
    passed = np.tile([[1, 3, 2, 4]], (6, 1)).repeat(2, axis=1)
    counts = table(
        passed=np.hstack([passed, passed]),
        samples=np.full((6, 16), 5),
        rotations=[0] * 8 + [1] * 8,
        panel=np.ones(6),
    )
    link = examine(fit(counts), families=range(6), rotation=1)
    assert link.steady == pytest.approx(0, abs=1e-9)
    assert link.shift.value == pytest.approx(0, abs=1e-9)


def test_a_model_at_odds_with_the_panel_is_noticed():
    counts = two_rotations(np.random.default_rng(0), panel=6, tasks=40).table
    passed = counts.passed.copy()
    passed[0, 40:] = 5  # it knows the second rotation by heart
    odd = table(passed=passed, samples=counts.samples, rotations=counts.rotations, panel=np.ones(6))
    link = examine(fit(odd), families=range(6), rotation=1)
    assert any("without one panel model" in reason for reason in why(link))
