"""The pool lasts as long as its forms do; a forecast promises no form that is not there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchserver.core.errors import BadInput
from benchserver.measurement.exposure.budget import Caps
from benchserver.measurement.exposure.forecast import (
    Stock,
    Use,
    lasts,
    per_quarter,
    rotations_per_form,
)

START = datetime(2026, 12, 1, tzinfo=UTC)
USE = Use(form_tasks=150, every_days=91, groups=10)


def test_three_hundred_tasks_are_two_rotations() -> None:
    found = lasts(Stock(fresh=300), USE, Caps(), start=START)
    assert (found.until, found.rotations) == (START + timedelta(days=182), 2)
    assert not found.keeps_up
    assert found.turned_away == 0


def test_one_task_short_of_a_form_is_a_rotation_less() -> None:
    assert lasts(Stock(fresh=299), USE, Caps(), start=START).rotations == 1
    assert lasts(Stock(fresh=149), USE, Caps(), start=START).until == START


def test_intake_that_brings_a_form_per_rotation_lasts_for_ever() -> None:
    found = lasts(Stock(fresh=150, intake=150 / 91), USE, Caps(), start=START)
    assert found.until is None
    assert found.keeps_up


def test_enough_intake_does_not_help_the_rotation_that_opens_empty() -> None:
    assert lasts(Stock(fresh=100, intake=5), USE, Caps(), start=START).until == START


def test_nobody_who_evaluates_uses_nothing_up() -> None:
    idle = Use(form_tasks=150, every_days=91, groups=0)
    assert lasts(Stock(fresh=150), idle, Caps(), start=START).until is None


def test_groups_beyond_the_cap_are_turned_away_and_counted() -> None:
    busy = Use(form_tasks=150, every_days=91, groups=13)
    assert lasts(Stock(fresh=300), busy, Caps(per_task=10), start=START).turned_away == 3


def test_a_form_is_kept_for_c_rotations_but_not_past_its_age() -> None:
    assert rotations_per_form(USE, Caps()) == 1
    assert rotations_per_form(USE, Caps(per_group=3)) == 2
    assert rotations_per_form(USE, Caps(per_group=3, max_age_days=400)) == 3
    assert per_quarter(2) == 183


days = st.integers(1, 200)


@given(st.integers(0, 2000), st.floats(0, 5), st.integers(1, 300), days, st.integers(1, 3))
def test_every_promised_rotation_has_its_tasks_and_the_next_has_not(
    fresh: int, intake: float, tasks: int, every: int, c: int
) -> None:
    use, caps = Use(form_tasks=tasks, every_days=every, groups=1), Caps(per_group=c)
    found = lasts(Stock(fresh=fresh, intake=intake), use, caps, start=START)
    lives = rotations_per_form(use, caps)
    forms = found.rotations // lives
    for n in range(min(forms, 50)):
        assert fresh + intake * n * every * lives >= (n + 1) * tasks - 1e-6
    if found.until is not None:
        assert fresh + intake * forms * every * lives < (forms + 1) * tasks
        assert found.until == START + timedelta(days=found.rotations * every)


@given(st.integers(0, 2000), st.integers(0, 500), days)
def test_more_tasks_never_last_shorter(fresh: int, more: int, every: int) -> None:
    use = Use(form_tasks=50, every_days=every, groups=3)
    one = lasts(Stock(fresh=fresh), use, Caps(), start=START)
    other = lasts(Stock(fresh=fresh + more), use, Caps(), start=START)
    assert other.rotations >= one.rotations


def test_what_cannot_be_is_refused() -> None:
    for make in (
        lambda: Stock(fresh=-1),
        lambda: Stock(fresh=1, intake=-1),
        lambda: Use(form_tasks=0, every_days=1, groups=1),
        lambda: Use(form_tasks=1, every_days=0, groups=1),
    ):
        with pytest.raises(BadInput):
            make()
