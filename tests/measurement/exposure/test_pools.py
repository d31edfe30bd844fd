"""How many tasks a pool needs: the whole printed table, and rules that hold beyond it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchserver.core.errors import BadInput
from benchserver.measurement.exposure.pools import (
    Season,
    common_forms,
    disjoint_forms,
    least,
    to_write,
)

TABLE = [  # groups, evaluations, tasks, c, C, common, disjoint
    (5, 1, 150, 1, 5, 150, 750),
    (5, 2, 150, 1, 5, 300, 1500),
    (10, 1, 150, 1, 10, 150, 1500),
    (10, 2, 150, 1, 10, 300, 3000),
    (10, 2, 150, 2, 20, 150, 1500),
    (10, 4, 150, 1, 10, 600, 6000),
    (20, 2, 150, 1, 20, 300, 6000),
    (20, 2, 150, 1, 5, 1200, 6000),
    (20, 4, 100, 2, 20, 400, 4000),
    (30, 2, 200, 1, 10, 1200, 12000),
]


def season(groups: int, evaluations: int, tasks: int, c: int, cap: int) -> Season:
    return Season(groups=groups, evaluations=evaluations, tasks=tasks, per_group=c, per_task=cap)


@pytest.mark.parametrize(("p", "e", "tasks", "c", "cap", "common", "disjoint"), TABLE)
def test_the_printed_table_is_reproduced(
    p: int, e: int, tasks: int, c: int, cap: int, common: int, disjoint: int
) -> None:
    asked = season(p, e, tasks, c, cap)
    assert (common_forms(asked), disjoint_forms(asked)) == (common, disjoint)


numbers = st.integers(1, 40)


@given(numbers, st.integers(1, 8), numbers, st.integers(1, 4), numbers)
def test_no_design_beats_the_least_and_common_forms_use_no_more_than_disjoint_ones(
    p: int, e: int, tasks: int, c: int, cap: int
) -> None:
    asked = season(p, e, tasks, c, max(c, cap))
    assert least(asked) <= common_forms(asked)
    assert common_forms(asked) <= disjoint_forms(asked)


@given(numbers, st.integers(1, 8), numbers, st.integers(1, 4), numbers)
def test_more_groups_or_evaluations_never_need_fewer_tasks(
    p: int, e: int, tasks: int, c: int, cap: int
) -> None:
    need = common_forms(season(p, e, tasks, c, cap))
    assert need <= common_forms(season(p + 1, e, tasks, c, cap))
    assert need >= common_forms(season(p, e, tasks, c, cap + 1))


def test_candidates_to_write() -> None:
    assert to_write(300) == 515
    assert to_write(300, rejected=0.683) == 1136
    assert to_write(0) == 0
    assert to_write(7, reserve=0, rejected=0) == 7


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(BadInput):
        season(0, 1, 1, 1, 1)
    for arguments in ({"reserve": -0.1}, {"rejected": 1.0}):
        with pytest.raises(BadInput):
            to_write(10, **arguments)
