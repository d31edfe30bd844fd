"""Two scales put on one through shared items: four methods, and a screen for items that drifted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchserver.core.errors import BadInput
from benchserver.measurement.equating import linking

METHODS = (linking.mean_sigma, linking.mean_mean, linking.stocking_lord, linking.haebara)


def moved(new: linking.Items, slope: float, origin: float) -> linking.Items:
    return linking.Items(new.a / slope, slope * new.b + origin)


@pytest.fixture
def items() -> linking.Items:
    rng = np.random.default_rng(7)
    return linking.Items(rng.uniform(0.6, 1.5, 15), rng.normal(0, 1, 15))


@pytest.mark.parametrize("method", METHODS)
def test_an_exact_line_is_given_back(method, items):
    line = method(ref=moved(items, 1.25, -0.4), new=items)
    assert line.slope == pytest.approx(1.25, abs=1e-9)
    assert line.origin == pytest.approx(-0.4, abs=1e-9)


@pytest.mark.parametrize("method", METHODS)
@given(slope=st.floats(0.5, 2), origin=st.floats(-2, 2), seed=st.integers(0, 99))
def test_any_line_is_given_back_and_the_order_of_items_does_not_matter(method, slope, origin, seed):
    rng = np.random.default_rng(seed)
    new = linking.Items(rng.uniform(0.6, 1.5, 12), rng.normal(0, 1, 12))
    ref = moved(new, slope, origin)
    turn = rng.permutation(12)
    line = method(
        ref=linking.Items(ref.a[turn], ref.b[turn]), new=linking.Items(new.a[turn], new.b[turn])
    )
    assert (line.slope, line.origin) == pytest.approx((slope, origin), abs=1e-6)


def test_curve_methods_stay_near_the_line_when_items_are_noisy(items):
    rng = np.random.default_rng(3)
    ref = moved(items, 1.25, -0.4)
    noisy = linking.Items(ref.a, ref.b + rng.normal(0, 0.05, 15))
    for method in METHODS:
        line = method(ref=noisy, new=items)
        assert (line.slope, line.origin) == pytest.approx((1.25, -0.4), abs=0.1)


def test_a_drifted_item_is_dropped_and_the_others_give_the_shift():
    found = linking.screen_drift(ref=np.array([-0.2, -0.1, -0.3, -0.1, -1.1]), new=np.zeros(5))
    assert found.z == pytest.approx([0, 0.675675, -0.675675, 0.675675, -6.081081], abs=1e-6)
    assert found.kept.tolist() == [True, True, True, True, False]
    assert found.shift.value == pytest.approx(-0.175, abs=1e-12)
    assert found.shift.se == pytest.approx(0.0478713553878, abs=1e-12)
    assert not found.failed


def test_where_more_than_a_fifth_would_go_the_link_has_failed():
    found = linking.screen_drift(
        ref=np.array([0.0, 0.1, -0.1, 0.05, 3.0, -4.0, 0.0, 0.02]), new=np.zeros(8)
    )
    assert found.failed


def test_items_that_all_moved_alike_are_all_kept():
    found = linking.screen_drift(ref=np.full(6, 0.3), new=np.zeros(6))
    assert found.kept.all()
    assert found.shift.value == pytest.approx(0.3)


@pytest.mark.parametrize("count", [0, 1])
def test_a_link_needs_two_items(count):
    with pytest.raises(BadInput, match="two shared items"):
        linking.screen_drift(ref=np.zeros(count), new=np.zeros(count))
    with pytest.raises(BadInput, match="two shared items"):
        linking.Items(np.ones(count), np.zeros(count))


def test_equally_hard_items_have_no_spread_to_link_by():
    flat = linking.Items(np.ones(3), np.zeros(3))
    with pytest.raises(BadInput, match="equally hard"):
        linking.mean_sigma(ref=flat, new=flat)
