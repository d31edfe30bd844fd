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
    hard=0.25,
    easy=0.25,
    dispersion=3.0,
    steady=0.2,
)


def why(link: Link, *, link_se: float = 0.02, sampling_se: float = 0.04) -> list[str]:
    return [each.says for each in reasons(link, link_se=[link_se], sampling_se=[sampling_se])]


def test_at_its_limits_everything_holds():
    assert why(GOOD) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"models": 5}, "5 panel models, 6 are needed"),
        ({"families": 2}, "2 families, 3 are needed"),
        ({"hard": 0.26}, "between 10 % and 90 % on 49% of a form's tasks"),
        ({"easy": 0.26}, "between 10 % and 90 % on 49% of a form's tasks"),
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


@pytest.mark.parametrize(
    ("hard", "easy", "mend"), [(0.6, 0.1, "stronger models: 60%"), (0.1, 0.6, "weaker models: 10%")]
)
def test_the_operator_reads_at_which_end_the_panel_lacks_models(hard, easy, mend):
    (reason,) = reasons(replace(GOOD, hard=hard, easy=easy), link_se=[], sampling_se=[])
    assert mend in reason.mend


def panel_of(passed: list[int], samples: int, tasks: int = 10):
    """Two equal rotations of so many tasks; ``passed``: by the one model, on each."""
    row = [*passed, *passed]
    return fit(
        table(
            passed=[row] * 6,
            samples=np.full((6, 2 * tasks), samples),
            rotations=np.arange(2 * tasks) // tasks,
            panel=np.ones(6),
        )
    )


@pytest.mark.parametrize(
    ("passed", "hard", "easy"),
    [
        ([1] * 5 + [9] * 5, 0.0, 0.0),  # .1 and .9 themselves lie between
        ([0] * 5 + [5] * 5, 0.5, 0.0),
        ([10] * 4 + [0] * 2 + [5] * 4, 0.2, 0.4),
    ],
)
def test_a_tasks_rate_of_just_a_tenth_or_nine_tenths_counts_as_between(passed, hard, easy):
    link = examine(panel_of(passed, 10), families=range(6), rotation=1)
    assert (link.hard, link.easy) == (hard, easy)
    assert link.telling == pytest.approx(1 - hard - easy)


def test_the_form_that_the_panel_tells_less_of_decides():
    row = [5] * 10 + [5] * 4 + [0] * 6
    counts = table(
        passed=[row] * 6,
        samples=np.full((6, 20), 10),
        rotations=np.arange(20) // 10,
        panel=np.ones(6),
    )
    for rotation, base in ((1, 0), (0, 1)):
        link = examine(fit(counts), families=range(6), rotation=rotation, base=base)
        assert (link.hard, link.easy) == (0.6, 0.0)


def rates_and_link(centre: float, spread: float, seed: int):
    """Eight models about ``centre``, on 150 tasks a rotation: rates per model, link, its error."""
    rng = np.random.default_rng(seed)
    b = rng.normal(0, 1.2, 300) + 0.4 * (np.arange(300) >= 150)
    theta = centre + spread * np.linspace(-1.5, 1.5, 8)
    p = 1 / (1 + np.exp(b + rng.normal(0, 0.8, (8, 300)) - theta[:, None]))
    counts = table(
        passed=rng.binomial(5, p),
        samples=np.full((8, 300), 5),
        rotations=np.arange(300) // 150,
        panel=np.ones(8),
    )
    found = fit(counts)
    link = examine(found, families=range(8), rotation=1)
    true = b[150:].mean() - b[:150].mean()
    return counts.passed.mean(axis=1) / 5, link, abs(link.shift.value - true)


def test_a_narrow_or_weak_panel_links_as_long_as_it_tells_most_tasks_apart():
    """The reading of "pass rates covering .1 to .9": of tasks, not of models."""
    for centre, spread in ((0.0, 0.4), (-2.0, 0.4), (0.0, 1.5)):
        rates, link, error = rates_and_link(centre, spread, seed=8)
        assert rates.min() > 0.1 or rates.max() < 0.9  # no model for either end
        assert why(link) == []
        assert error < 0.2


def test_a_panel_that_hardly_passes_most_tasks_does_not():
    rates, link, _ = rates_and_link(-3.5, 1.0, seed=8)
    assert rates.max() < 0.2
    (reason, *_) = why(link)
    assert "between 10 % and 90 %" in reason


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
