"""Every number that a provider reads says what made it, and pass@k comes with an interval."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchserver.evaluations import labels
from benchserver.measurement.estimators import ESTIMATORS
from benchserver.measurement.means import wilson

CELL = {"tasks": 24, "samples": 120, "passed": 85, "bound": ""}
CELL |= {"score_e4": 7083, "se_e4": 360, "low_e4": 6340, "high_e4": 7830}
RESULT = {
    "private": CELL,
    "public": CELL,
    "withheld": "",
    "gap": {"diff_e4": 1, "low_e4": -2, "high_e4": 3},
    "pass_at_k": {
        "private": {"1": 7083, "5": 8750},
        "bounds": {"5": "at_least"},
        "public": {"1": 7083},
        "intervals": {"private": {"1": [5083, 8506]}, "public": {"1": [5083, 8506]}},
    },
    "faults": {"endpoint": 0, "platform": 2},
}


def test_every_number_has_its_maker_and_nothing_else_has_one():
    made = labels.estimators(RESULT)
    assert made["private.score_e4"] == "task-mean@1"
    assert made["private.se_e4"].startswith("told-error@")
    assert made["public.se_e4"] == "clustered-error@1"
    assert made["gap.low_e4"] == "gap@1"
    assert made["pass_at_k.private.*"] == "pass-at-k@1"
    assert made["pass_at_k.intervals.private.*.*"] == "wilson@1"
    assert made["faults.platform"] == made["private.tasks"] == "count@1"
    assert not {"withheld", "private.bound", "pass_at_k.bounds.*"} & set(made)
    assert {label.partition("@")[0] for label in made.values()} <= set(ESTIMATORS)


def test_what_is_not_told_has_no_maker():
    assert labels.estimators({**RESULT, "private": None, "gap": None}).keys() == {
        path for path in labels.estimators(RESULT) if not path.startswith(("private.", "gap."))
    }


def test_the_interval_of_unrelated_tasks_is_wilsons_and_kin_count_as_fewer():
    low, high = labels.interval(8000, range(10))
    assert (low, high) == pytest.approx((4901.62, 9433.18), abs=1)  # 8 of 10
    pairs = labels.interval(5000, [n // 2 for n in range(20)])
    assert pairs == [round(10_000 * end) for end in (wilson(5, 10).low, wilson(5, 10).high)]


@given(st.integers(0, 10_000), st.lists(st.integers(0, 5), min_size=1, max_size=40))
def test_an_interval_holds_the_share_and_families_only_widen_it(share, families):
    low, high = labels.interval(share, families)
    apart_low, apart_high = labels.interval(share, range(len(families)))
    assert 0 <= low <= apart_low <= share <= apart_high <= high <= 10_000
