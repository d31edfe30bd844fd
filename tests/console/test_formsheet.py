"""What a planned form can tell, said before it is frozen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchserver.console import formsheet
from benchserver.core.errors import BadInput
from benchserver.measurement.estimators import ESTIMATORS

USUAL = {"track": "python", "tasks": 150, "samples": 5, "tries": 2}


def test_the_usual_form_tells_about_ten_points_and_two_tries_are_worth_two() -> None:
    found = formsheet.sheet(**USUAL)  # type: ignore[arg-type]
    assert (found.detectable_e4, found.tasks_for_half) == (964, 600)
    assert (found.error_e4, found.luck_e4) == (408, 230)
    assert formsheet.sheet(track="", tasks=150, samples=5, tries=10).luck_e4 == 628
    assert formsheet.in_words(found)[0] == (
        "python: 150 tasks of 5 samples tell two models apart from 9.6 points on; half of that "
        "takes 600 tasks"
    )


def test_the_ladders_bound_is_vacuous_beside_the_one_for_scores_chosen_beforehand() -> None:
    found = formsheet.sheet(track="", tasks=200, samples=5, tries=10)
    assert found.fixed_bound_e4 == 1224
    assert found.ladder_bound_e4 == pytest.approx(5100, abs=50)


def test_every_number_names_its_method() -> None:
    document = formsheet.documents([formsheet.sheet(**USUAL)])  # type: ignore[arg-type]
    (row,) = document["tracks"]
    assert set(row) == {"track", "tasks", "samples", "tries", *document["estimators"]}
    assert all(made.partition("@")[0] in ESTIMATORS for made in document["estimators"].values())


@given(st.integers(1, 3000), st.integers(1, 20), st.integers(1, 30))
def test_more_tasks_tell_more_and_nothing_exceeds_the_whole(
    tasks: int, samples: int, tries: int
) -> None:
    one = formsheet.sheet(track="", tasks=tasks, samples=samples, tries=tries)
    more = formsheet.sheet(track="", tasks=4 * tasks, samples=samples, tries=tries)
    assert one.tasks_for_half == 4 * tasks
    assert more.detectable_e4 <= one.detectable_e4 <= 10_000
    assert one.luck_e4 <= one.fixed_bound_e4 <= one.ladder_bound_e4 <= 10_000


@pytest.mark.parametrize("wrong", [{"tasks": 0}, {"samples": 0}, {"tries": 0}])
def test_what_is_no_form_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(BadInput):
        formsheet.sheet(**(USUAL | wrong))  # type: ignore[arg-type]
