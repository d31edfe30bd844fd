"""Asking again about one model: a new hidden number only when it is clearly better."""

from __future__ import annotations

import pytest

from benchserver.core.verdict import Verdict
from benchserver.evaluations.models import Attempt, Evaluation
from benchserver.evaluations.queries import describe
from benchserver.evaluations.request import request
from benchserver.portal.api.evaluations import answer_of
from tests import arrange, factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def stage(wired) -> arrange.Board:
    return arrange.board(private=40, public=2)


def passing(first: int, last: int, *, public: bool = True):
    """The hidden tasks at these places pass, counted within the hidden ones."""

    def verdict(attempt: Attempt) -> Verdict:
        if attempt.entry.split == "public":
            return Verdict.PASSED if public else Verdict.WRONG_ANSWER
        earlier = attempt.entry.form.entries.filter(
            split="private", position__lt=attempt.entry.position
        ).count()
        return Verdict.PASSED if first <= earlier < last else Verdict.WRONG_ANSWER

    return verdict


def again(evaluation: Evaluation, verdict) -> Evaluation:
    made = request(endpoint=evaluation.endpoint, track=evaluation.track, by="test")
    assert arrange.completed(made, verdict) == "complete"
    made.refresh_from_db()
    return made


def first(stage: arrange.Board, verdict) -> Evaluation:
    made = arrange.started(stage)
    assert arrange.completed(made, verdict) == "complete"
    made.refresh_from_db()
    return made


def hidden(evaluation: Evaluation) -> tuple[int, str]:
    """(passes told, the evaluation they are told from)."""
    result = describe(evaluation).result
    assert result is not None
    return result["private"]["passed"], result["repeats"]


def test_a_first_result_is_told_as_it_is(stage):
    assert hidden(first(stage, passing(0, 10))) == (10, "")


@pytest.mark.parametrize("last", [11, 15, 29])
def test_a_better_repeat_over_few_tasks_tells_the_first_result(stage, last):
    """From 10 passes to 11, 15 or 29: fewer than 20 results changed, so nothing is told of them."""
    one = first(stage, passing(0, 10))
    assert hidden(again(one, passing(0, last))) == (10, one.slug)


def test_a_clearly_better_repeat_is_told(stage):
    one = first(stage, passing(0, 10))
    two = again(one, passing(0, 30))
    assert hidden(two) == (30, "")
    assert hidden(one) == (10, "")  # what was told once stays


def test_a_worse_repeat_says_nothing_about_what_was_failed_on_purpose(stage):
    one = first(stage, passing(0, 30))
    assert hidden(again(one, passing(0, 5))) == (30, one.slug)


def test_many_changed_results_that_are_no_better_are_not_told(stage):
    one = first(stage, passing(0, 20))
    assert hidden(again(one, passing(18, 39))) == (20, one.slug)


def test_what_is_open_stays_its_own(stage):
    one = first(stage, passing(0, 10))
    result = describe(again(one, passing(0, 11, public=False))).result
    assert result is not None
    assert result["public"]["passed"] == 0
    assert result["gap"]["diff_e4"] == 7500  # of the told evaluation: 2 of 2 against 10 of 40
    assert result["pass_at_k"]["private"] == {"1": 2500}


def test_another_model_of_the_group_has_a_ladder_of_its_own(stage):
    one = first(stage, passing(0, 10))
    other = factories.endpoint(one.provider, arrange.NOWHERE, model="model-b")
    made = request(endpoint=other, track=stage.track, by="test")
    arrange.completed(made, passing(0, 11))
    made.refresh_from_db()
    assert hidden(made) == (11, "")


def test_the_api_says_whose_number_it_is(stage):
    one = first(stage, passing(0, 10))
    two = again(one, passing(0, 11))
    assert answer_of(two)["result"]["repeats"] == one.slug
    assert answer_of(one)["result"]["repeats"] == ""
