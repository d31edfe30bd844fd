"""What samples, tasks and errors of judging do to scores: known answers and what must hold."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchserver.evaluations import sureness
from benchserver.evaluations.outcomes import Outcomes

INTAKES = [{"faults_tried": 12, "faults_noticed": 11}, {"faults_tried": 8, "faults_noticed": 7}]


def table(
    passed: list[list[int]],
    *,
    samples: int,
    panel: tuple[int, ...] = (),
    families: list[Hashable] | None = None,
) -> Outcomes:
    counts = np.array(passed, dtype=np.int64).reshape(len(passed), len(passed[0]) if passed else 3)
    return Outcomes(
        form=None,  # type: ignore[arg-type]
        evaluations=(None,) * len(passed),  # type: ignore[arg-type]
        versions=tuple(range(counts.shape[1])),  # type: ignore[arg-type]
        families=families,
        passed=counts,
        samples=samples,
        panel=np.array([n in panel for n in range(len(passed))], dtype=np.bool_),
    )


def judged(shown: Outcomes, *, runs: int = 20, flips: int = 1, **other: Any) -> Any:
    return sureness.judging(shown, intakes=INTAKES, references=[(runs - 1, flips), (1, 0)], **other)


def test_two_one_and_none_of_two_samples_split_evenly() -> None:
    found = sureness.spread(table([[2, 1, 0]], samples=2))
    assert found is not None
    assert (found.between, found.within) == pytest.approx((1 / 6, 1 / 6))
    assert found.share_within == pytest.approx(1 / 3)
    assert found.more_samples == pytest.approx(1 - (5 / 6) ** 0.5)
    assert found.more_tasks == pytest.approx(0.2929, abs=5e-5)


@given(st.lists(st.lists(st.integers(0, 4), min_size=6, max_size=6), min_size=1, max_size=5))
def test_more_samples_never_help_as_much_as_more_tasks(rows: list[list[int]]) -> None:
    found = sureness.spread(table(rows, samples=4))
    if found is not None:
        assert 0 <= found.share_within <= 1
        assert 0 <= found.more_samples <= found.more_tasks + 1e-12


@pytest.mark.parametrize(
    ("rows", "samples"),
    [([[1, 0, 1]], 1), ([[2]], 2), ([[2, 2], [2, 2]], 2), ([], 2)],
    ids=["single samples", "one task", "all alike", "nobody"],
)
def test_nothing_is_split_where_nothing_is_seen(rows: list[list[int]], samples: int) -> None:
    assert sureness.spread(table(rows, samples=samples)) is None


def test_families_that_rise_and_fall_together_widen_the_error_by_the_known_factor() -> None:
    toy = [1, 1, 1, 0, 0, 0, 1, 1, 0, 1, 1, 1]
    labels: list[Hashable] = [place // 3 for place in range(12)]
    assert sureness.design(table([toy], samples=1, families=labels)) == pytest.approx(2.0625)
    assert sureness.design(table([toy], samples=1)) is None
    assert sureness.design(table([toy], samples=1, families=["one"] * 12)) is None


def test_tests_that_err_show_half_as_the_note_says_and_the_way_back_is_found() -> None:
    """18 of 20 faults noticed let .1 through, 1 flip in 20 runs refuses .05: the note's rates."""
    found = judged(table([[1] * 21 + [0] * 19], samples=1))
    assert (found.faults, found.noticed, found.runs, found.flips) == (20, 18, 20, 1)
    assert found.half == pytest.approx(0.525)
    assert (found.best, found.behind) == (pytest.approx(0.525), pytest.approx(0.5))


def test_the_panel_does_not_compete() -> None:
    rows = [[1, 1, 1, 1], [1, 1, 0, 0]]
    assert judged(table(rows, samples=1, panel=(0,))).best == pytest.approx(0.5)
    alone = judged(table(rows, samples=1, panel=(0, 1)))
    assert (alone.best, alone.behind) == (None, None)


def test_a_score_below_what_errors_alone_would_show_has_nothing_behind_it() -> None:
    found = judged(table([[1] + [0] * 39], samples=1))
    assert (found.best, found.behind) == (pytest.approx(0.025), None)


@pytest.mark.parametrize(
    ("intakes", "references"),
    [
        ([{}], [(20, 0)]),
        (INTAKES, [(0, 0)]),
        ([{"faults_tried": 10, "faults_noticed": 2}], [(10, 2)]),
    ],
    ids=["no fault tried", "no run", "tests that tell nothing"],
)
def test_without_counts_nothing_is_said(
    intakes: list[dict[str, int]], references: list[tuple[int, int]]
) -> None:
    shown = table([[1, 0]], samples=1)
    assert sureness.judging(shown, intakes=intakes, references=references) is None
