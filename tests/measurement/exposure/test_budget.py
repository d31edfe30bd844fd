"""What was shown is counted once per group and task, and how evenly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchserver.core.errors import BadInput
from benchserver.measurement.exposure.budget import Caps, gini, groups_left, seen_before, tasks_seen

amounts = st.lists(st.integers(0, 1000), min_size=1, max_size=20)


def test_looking_evenly_is_zero_and_alone_is_nearly_one() -> None:
    assert gini([1, 1, 1]) == 0
    assert gini([0, 0, 0, 1]) == pytest.approx(0.75)
    assert gini([150, 150, 150, 0]) == pytest.approx(0.25)
    assert gini([0, 0]) == 0


@given(amounts, st.integers(1, 50))
def test_the_index_knows_neither_order_nor_scale(found: list[int], times: int) -> None:
    assert gini([times * x for x in reversed(found)]) == pytest.approx(gini(found), abs=1e-9)
    assert 0 <= gini(found) <= (len(found) - 1) / len(found) + 1e-12


@given(amounts)
def test_the_index_is_the_mean_difference_over_twice_the_mean(found: list[int]) -> None:
    n, total = len(found), sum(found)
    pairs = sum(abs(a - b) for a in found for b in found)
    assert gini(found) == pytest.approx(pairs / (2 * n * total) if total else 0, abs=1e-9)


def test_what_is_no_amount_is_refused() -> None:
    for bad in ([], [-1], [float("nan")], [float("inf")]):
        with pytest.raises(BadInput):
            gini(bad)


def test_a_task_has_as_many_groups_left_as_its_scarcest_cap() -> None:
    caps = Caps()
    assert groups_left(7, 30, caps) == 3
    assert groups_left(12, 0, caps) == 0
    assert groups_left(0, 121, caps) == 0
    with pytest.raises(BadInput):
        groups_left(-1, 0, caps)
    with pytest.raises(BadInput):
        Caps(per_group=0)


def test_a_second_look_at_a_task_is_no_second_task() -> None:
    assert tasks_seen([("a", 1), ("a", 1), ("a", 2), ("b", 1)]) == {"a": 2, "b": 1}


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9)), max_size=40))
def test_seen_tasks_add_up_to_the_different_pairs(pairs: list[tuple[str, int]]) -> None:
    seen = tasks_seen(pairs)
    assert sum(seen.values()) == len(set(pairs))
    assert all(1 <= count <= 10 for count in seen.values())


def test_a_family_met_once_is_seen_before_in_all_its_tasks() -> None:
    assert seen_before(["a", "a", "b", "c"], {"a", "z"}) == 0.5
    assert seen_before(["b"], {"a"}) == 0
    assert seen_before([], {"a"}) == 0
