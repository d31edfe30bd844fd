"""No published number, difference or combination of numbers tells one task's result."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchserver.core.disclosure import (
    AtLeast,
    AtMost,
    Cell,
    Exact,
    leverages,
    shown_as,
)
from benchserver.core.errors import BadInput
from benchserver.core.releases import Release, audit


def tasks(numbers: Iterable[int]) -> frozenset[str]:
    return frozenset(f"t{n}" for n in numbers)


def cell(label: str, numbers: Iterable[int], passed: int | None = None) -> Cell:
    members = tasks(numbers)
    return Cell(label, members, len(members) // 2 if passed is None else passed, len(members))


def release(cell: Cell, *, model: str = "m", whole: frozenset[str] = frozenset()) -> Release:
    """One run's number; without ``whole`` the cell is all of its form."""
    return Release(f"run of {model}", model, cell, whole or cell.task_ids)


def codes(*cells: Cell, whole: frozenset[str] = frozenset()) -> set[str]:
    return {r.code for r in audit([], [release(cell, whole=whole) for cell in cells])}


# Known answers of integrity.md 3.5.
def test_two_sets_that_differ_by_one_task_disclose_it() -> None:
    h = leverages([tasks(range(12)), tasks(range(11))])
    assert h["t11"] == 1
    assert {h[f"t{n}"] for n in range(11)} == {Fraction(1, 11)}


def test_four_sets_disclose_a_task_though_no_pair_differs_by_one() -> None:
    h = leverages(
        [tasks(range(4)), tasks(range(4, 8)), tasks([0, 1, 4, 5]), tasks([2, 3, 6, 7, 8])]
    )
    assert h["t8"] == 1
    assert max(v for t, v in h.items() if t != "t8") < 1


def test_two_halves_disclose_nothing() -> None:
    assert set(leverages([tasks(range(5)), tasks(range(5, 10))]).values()) == {Fraction(1, 5)}


set_lists = st.lists(st.frozensets(st.integers(0, 9), min_size=1), min_size=1, max_size=6)


@settings(deadline=None)
@given(set_lists)
def test_the_exact_leverage_equals_the_projection_of_linear_algebra(
    sets: list[frozenset[int]],
) -> None:
    rows = np.array([[float(j in s) for j in range(10)] for s in sets])
    projection = np.linalg.pinv(rows) @ rows
    h = leverages([tasks(s) for s in sets])
    for task, value in h.items():
        assert float(value) == pytest.approx(projection[int(task[1:]), int(task[1:])], abs=1e-9)


@settings(deadline=None)
@given(set_lists)
def test_leverages_lie_between_zero_and_one_and_sum_to_the_rank(
    sets: list[frozenset[int]],
) -> None:
    rows = np.array([[float(j in s) for j in range(10)] for s in sets])
    h = leverages([tasks(s) for s in sets])
    assert all(0 < value <= 1 for value in h.values())
    assert sum(h.values()) == np.linalg.matrix_rank(rows)


def test_whole_form_and_a_fair_slice_are_fine() -> None:
    assert not codes(cell("all", range(60)), cell("graphs", range(25)), whole=tasks(range(60)))


def test_nothing_published_is_fine() -> None:
    assert audit([], []) == ()


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ([cell("a", range(19))], "small_cell"),
        ([cell("a", range(60)), cell("b", range(41))], "small_difference"),
        ([cell("a", range(41)), cell("b", range(60))], "small_difference"),
        ([cell("a", range(40)), cell("b", range(30, 70))], None),
        ([cell("a", range(40)), cell("b", range(21, 70))], None),
        ([cell("a", range(40)), cell("b", range(19, 70))], "small_difference"),
        ([cell("a", range(40)), cell("b", range(40))], None),
    ],
)
def test_sets_and_their_differences_are_empty_or_large(cells: list[Cell], code: str | None) -> None:
    found = codes(*cells)
    assert (code in found) if code else not found & {"small_cell", "small_difference"}


def test_a_slice_whose_complement_is_small_is_refused_even_if_the_whole_is_not_shown() -> None:
    assert "small_difference" in codes(cell("a", range(45)), whole=tasks(range(60)))
    assert "outside_form" in codes(cell("a", range(30, 90)), whole=tasks(range(60)))


def test_three_fair_sets_that_isolate_one_task_are_refused() -> None:
    # b and c split the form; d takes 20 of b and all of c but one task, so a task is left over.
    a, b = cell("a", range(100)), cell("b", range(50))
    c, d = cell("c", range(25, 75)), cell("d", [*range(25), *range(50, 75), 99])
    found = codes(a, b, c, d)
    assert "small_difference" not in found
    assert "task_disclosed" not in found  # 99 alone is in no reachable combination ...
    e = cell("e", [*range(25, 50)])
    assert "task_disclosed" in codes(a, b, c, d, e)  # ... until the middle block is shown


def test_a_combination_that_isolates_few_tasks_is_refused() -> None:
    sets = [range(50), range(25, 75), range(25, 50), [*range(25), *range(50, 75), *range(90, 95)]]
    assert "small_block" in codes(*(cell(str(n), s) for n, s in enumerate(sets)))


def test_two_models_of_one_group_are_held_against_each_other() -> None:
    one = release(cell("one", range(60)), model="m-1")
    two = release(cell("two", range(55)), model="m-2")
    assert {r.code for r in audit([], [one, two])} >= {"small_difference"}
    assert {r.code for r in audit([one], [two])} >= {"small_difference"}
    assert not audit([], [one])


def test_a_remainder_that_all_or_none_passed_is_refused() -> None:
    assert "one_sided_rest" in codes(cell("a", range(60), 50), cell("b", range(30), 20))
    assert "one_sided_rest" in codes(cell("a", range(60), 20), cell("b", range(30), 20))
    assert not codes(cell("a", range(60), 40), cell("b", range(30), 20))


def test_a_remainder_of_three_sets_that_all_passed_is_refused() -> None:
    parts = [cell("a", range(90), 60), cell("b", range(30), 15), cell("c", range(30, 60), 15)]
    assert codes(*parts) == {"one_sided_rest"}


def test_a_bound_that_the_other_cells_undo_is_refused() -> None:
    whole, top, rest = (
        cell("all", range(60), 45),
        cell("t", range(30), 30),
        cell("r", range(30, 60), 15),
    )
    assert "bound_undone" in codes(whole, top, rest)
    assert "bound_undone" not in codes(whole, top)


@pytest.mark.parametrize(
    ("count", "passed", "shown"),
    [
        (20, 20, AtLeast(17, 20)),
        (20, 17, AtLeast(17, 20)),
        (20, 16, Exact(16, 20)),
        (20, 0, AtMost(3, 20)),
        (20, 4, Exact(4, 20)),
        (150, 150, AtLeast(149, 150)),
        (150, 148, Exact(148, 150)),
        (150, 0, AtMost(1, 150)),
        (1, 1, AtLeast(1, 1)),
    ],
)
def test_numbers_near_an_end_are_shown_as_a_band(count: int, passed: int, shown: object) -> None:
    assert shown_as(cell("c", range(count), passed)) == shown


def test_the_band_is_counted_in_tasks_when_there_are_several_samples() -> None:
    assert shown_as(Cell("c", tasks(range(20)), 100, 100)) == AtLeast(85, 100)
    assert shown_as(Cell("c", tasks(range(150)), 744, 750)) == Exact(744, 750)


@settings(deadline=None)
@given(st.integers(1, 80), st.integers(1, 5), st.data())
def test_what_is_shown_is_true_and_all_is_never_told_from_nearly_all(
    count: int, samples: int, data: st.DataObject
) -> None:
    total = count * samples
    passed = data.draw(st.integers(0, total))
    shown = shown_as(Cell("c", tasks(range(count)), passed, total))
    if isinstance(shown, AtLeast):
        assert passed >= shown.passed
    elif isinstance(shown, AtMost):
        assert passed <= shown.passed
    else:
        assert shown.passed == passed
        assert 0 < passed < total


def test_a_refusal_names_labels_and_never_tasks() -> None:
    cells = [cell("all", range(60)), cell("odd", range(41))]
    found = audit([], [release(each) for each in cells])
    assert any("differ by fewer than 20 tasks" in refusal.reason for refusal in found)
    assert {label for refusal in found for label in refusal.labels} == {"all", "odd"}
    assert not any("t41" in str(refusal) for refusal in found)


def test_counts_that_cannot_be_are_refused() -> None:
    with pytest.raises(BadInput, match="is no count"):
        Cell("c", tasks(range(3)), 4, 3)
    with pytest.raises(BadInput, match="do not divide"):
        Cell("c", tasks(range(3)), 1, 4)
    with pytest.raises(BadInput, match="do not divide"):
        Cell("c", tasks([]), 0, 4)


@settings(deadline=None)
@given(st.lists(st.frozensets(st.integers(0, 39), min_size=20), min_size=1, max_size=5))
def test_an_attacker_with_linear_algebra_recovers_no_task_from_what_is_let_through(
    sets: list[frozenset[int]],
) -> None:
    cells = [cell(str(n), s) for n, s in enumerate(sets)]
    released: list[Cell] = []
    for candidate in cells:
        if not audit([release(each) for each in released], [release(candidate)]):
            released.append(candidate)
    if released:
        rows = np.array([[float(f"t{j}" in c.task_ids) for j in range(40)] for c in released])
        assert np.diag(np.linalg.pinv(rows) @ rows).max() < 0.999
