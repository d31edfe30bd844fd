"""Two models of one owner are alike when they differ in so few tasks that these could be told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchserver.core.disclosure import MIN_CELL
from benchserver.core.errors import BadInput
from benchserver.measurement.adaptive.siblings import alike, alike_below


@pytest.mark.parametrize(("tasks", "below"), [(24, 3), (150, 16), (189, 19), (190, 20), (400, 20)])
def test_the_known_answers_hold(tasks: int, below: int) -> None:
    assert alike_below(tasks) == below
    row = [0] * tasks
    assert alike(row, [1] * (below - 1) + row[below - 1 :])
    assert not alike(row, [1] * below + row[below:])


rows = st.integers(1, 60).flatmap(
    lambda n: st.tuples(
        *(st.lists(st.integers(0, 3), min_size=n, max_size=n) for _ in range(2)),
        st.permutations(range(n)),
    )
)


@given(rows)
def test_order_and_side_do_not_matter(table: tuple) -> None:
    first, second, order = table
    found = alike(first, second)
    assert alike(second, first) == found
    assert alike([first[n] for n in order], [second[n] for n in order]) == found
    assert alike(first, first)


@given(st.integers(0, 1000))
def test_never_more_than_the_smallest_cell_and_never_none(tasks: int) -> None:
    assert 1 <= alike_below(tasks) <= MIN_CELL


def test_rows_of_other_lengths_are_refused() -> None:
    with pytest.raises(BadInput, match="same tasks"):
        alike([1], [1, 0])
