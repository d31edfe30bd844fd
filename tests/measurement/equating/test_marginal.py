"""Marginal likelihood: the published example, and the number of models a slope per task needs."""

from __future__ import annotations

import numpy as np
import pytest

from benchserver.core.errors import BadInput
from benchserver.measurement.equating.marginal import fit_common_slope, fit_slopes
from benchserver.measurement.equating.rasch import fit
from benchserver.measurement.equating.table import table

# LSAT6 (Bock and Lieberman 1970): how many of 1,000 gave each pattern, 00000 to 11111.
COUNTS = (3, 6, 2, 11, 1, 1, 3, 4, 1, 8, 0, 16, 0, 3, 2, 15)
COUNTS += (10, 29, 14, 81, 3, 28, 15, 80, 16, 56, 21, 173, 11, 61, 28, 298)
PATTERNS = np.array([[int(c) for c in format(n, "05b")] for n in range(32)], dtype=np.float64)
WEIGHTS = np.array(COUNTS, dtype=np.float64)


def test_lsat6_with_one_slope_gives_the_published_answers():
    found = fit_common_slope(PATTERNS, WEIGHTS)
    assert found.log_likelihood == pytest.approx(-2466.938, abs=5e-4)
    assert found.slopes == pytest.approx([0.7551] * 5, abs=5e-5)
    expected = [-3.6153, -1.3224, -0.3176, -1.7301, -2.7802]
    assert found.difficulties == pytest.approx(expected, abs=5e-5)


def test_lsat6_with_a_slope_per_item_gives_the_published_answers():
    found = fit_slopes(PATTERNS, WEIGHTS)
    assert found.slopes == pytest.approx([0.826, 0.723, 0.891, 0.688, 0.657], abs=5.1e-4)
    expected = [-3.359, -1.370, -0.280, -1.866, -3.126]
    assert found.difficulties == pytest.approx(expected, abs=5.1e-4)


def test_slopes_need_two_hundred_models():
    rng = np.random.default_rng(0)
    few = (rng.random((199, 4)) < 0.5).astype(np.float64)
    with pytest.raises(BadInput, match="too few"):
        fit_slopes(few)
    assert len(set(fit_common_slope(few).slopes)) == 1
    assert len(set(fit_slopes(np.vstack([few, few])).slopes)) == 4


def test_a_missing_cell_is_not_a_failure():
    whole = np.repeat(PATTERNS, COUNTS, axis=0)
    holes = whole.copy()
    holes[np.random.default_rng(1).random(whole.shape) < 0.3] = np.nan
    gap = fit_common_slope(holes).difficulties - fit_common_slope(whole).difficulties
    assert np.abs(gap).max() < 0.6
    failed = fit_common_slope(np.nan_to_num(holes)).difficulties
    assert np.abs(failed - fit_common_slope(whole).difficulties).max() > 1


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_an_item_that_all_or_none_passed_is_refused(value):
    patterns = np.array([[1.0, value], [0.0, value], [1.0, value]])
    with pytest.raises(BadInput, match="by all or by none"):
        fit_common_slope(patterns)


def test_it_orders_tasks_as_the_penalised_fit_does():
    rng = np.random.default_rng(2)
    b, theta = np.linspace(-2, 2, 12), rng.normal(0, 1, 300)
    x = (rng.random((300, 12)) < 1 / (1 + np.exp(b - theta[:, None]))).astype(np.float64)
    joint = fit(table(passed=x, samples=np.ones(x.shape), rotations=[0] * 12, panel=np.ones(300)))
    marginal = fit_common_slope(x)
    assert np.corrcoef(joint.b, marginal.difficulties)[0, 1] > 0.999
