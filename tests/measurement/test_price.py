"""The price of a rank: intervals of use, and who is undercut by something not shown to be worse."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from benchserver.core.errors import BadInput
from benchserver.measurement.price import Use, frontier, use


def around(mean: float, half: float = 0.5) -> Use:
    return Use(mean=mean, low=mean - half, high=mean + half)


def test_the_interval_of_the_docstring() -> None:
    found = use([1, 2, 3, 4])
    assert (found.mean, found.low, found.high) == pytest.approx(
        (2.5, 0.445739743239, 4.554260256761), abs=1e-9
    )
    low, high = stats.t.interval(0.95, 3, 2.5, stats.sem([1, 2, 3, 4]))
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-9)


def test_families_widen_the_interval_and_one_of_them_shows_none() -> None:
    values = [1.0, 1.0, 9.0, 9.0, 4.0, 4.0]
    alone, together = use(values), use(values, families=[1, 1, 2, 2, 3, 3])
    assert together.high - together.low > alone.high - alone.low
    only = use(values, families=[1] * 6)
    assert (only.low, only.high) == (0.0, math.inf)


@pytest.mark.parametrize("values", [[], [-1.0, 2.0], [math.inf, 1.0], [math.nan, 1.0]])
def test_what_is_no_use_is_refused(values: list[float]) -> None:
    with pytest.raises(BadInput):
        use(values)


def test_the_dearer_of_two_equals_is_off_the_frontier() -> None:
    uses = {"A": around(2), "B": around(20)}
    assert frontier(uses, set()) == ({"A"}, {"B"})
    assert frontier(uses, {("B", "A")}) == ({"A", "B"}, set())


def test_whose_prices_overlap_neither_undercuts_the_other() -> None:
    assert frontier({"A": around(2), "B": around(2.5)}, set())[1] == set()


def test_better_than_most_of_what_is_cheaper_is_not_enough() -> None:
    uses = {"A": around(1), "B": around(5), "C": around(9)}
    on, off = frontier(uses, {("C", "A"), ("B", "A")})
    assert (on, off) == ({"A", "B"}, {"C"})


@given(st.lists(st.floats(0, 100), min_size=1, max_size=8), st.randoms())
def test_the_cheapest_is_always_on_it_and_names_do_not_matter(means: list[float], rng) -> None:
    uses = {f"m{n}": around(mean) for n, mean in enumerate(means)}
    names = list(uses)
    better = {(a, b) for a in names for b in names if a < b and rng.random() < 0.4}
    on, off = frontier(uses, better)
    assert on | off == set(names)
    assert min(names, key=lambda n: uses[n].mean) in on
    turned = {name: uses[name] for name in reversed(names)}
    assert frontier(turned, better) == (on, off)


def test_95_of_100_intervals_hold_the_true_mean() -> None:
    rng = np.random.default_rng(5)
    hits = sum(
        found.low <= 1.0 <= found.high
        for found in (use(rng.gamma(4, 0.25, 60).tolist()) for _ in range(400))
    )
    assert 0.95 - 4 * 0.0109 <= hits / 400 <= 0.95 + 4 * 0.0109
