"""Asking again about one model: a new hidden number only when it is clearly better."""

from __future__ import annotations

from collections.abc import Collection

import pytest
from django.db import connection

from benchserver import wiring
from benchserver.core.verdict import Verdict
from benchserver.evaluations import repeats
from benchserver.evaluations.models import Attempt, Evaluation, Told
from benchserver.evaluations.queries import describe
from benchserver.evaluations.request import request
from benchserver.leaderboard import publish as publishing
from benchserver.portal.api.evaluations import answer_of
from tests import arrange, factories, recount

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


def another(one: Evaluation, verdict) -> Evaluation:
    """The owner's second model, evaluated."""
    other = factories.endpoint(one.provider, arrange.NOWHERE, model="model-b")
    made = request(endpoint=other, track=one.track, by="test")
    assert arrange.completed(made, verdict) == "complete"
    made.refresh_from_db()
    return made


def test_another_model_of_the_group_has_a_ladder_of_its_own(stage):
    one = first(stage, passing(0, 10))
    assert hidden(another(one, passing(0, 15))) == (15, "")


def without(places: Collection[int], verdict):
    """The same answers, but those to these hidden tasks spoilt on purpose."""

    def spoilt(attempt: Attempt) -> Verdict:
        earlier = attempt.entry.form.entries.filter(
            split="private", position__lt=attempt.entry.position
        ).count()
        chosen = attempt.entry.split == "private" and earlier in places
        return Verdict.WRONG_ANSWER if chosen else verdict(attempt)

    return spoilt


def learned(one: Evaluation, two: Evaluation) -> int:
    """What the difference of the two told totals says of the spoilt tasks."""
    return hidden(one)[0] - hidden(two)[0]


@pytest.mark.parametrize("target", [7, 23], ids=["a task that was solved", "one that was not"])
def test_an_owner_that_spoils_one_task_in_a_second_model_learns_nothing_of_it(
    stage, target, monkeypatch
):
    one = first(stage, passing(0, 15))
    two = another(one, without({target}, passing(0, 15)))
    assert learned(one, two) == 0
    assert hidden(two) == (15, one.slug)
    monkeypatch.setattr(repeats, "alike", lambda *_, **__: False)
    assert learned(one, two) == int(target < 15), "without the rule it learns the verdict"


@pytest.mark.parametrize("spoilt", [{3}, {30}, {3, 30}, {3, 4, 30, 31}])
def test_the_board_shows_the_same_whatever_the_spoilt_tasks_were(stage, spoilt):
    one = first(stage, passing(0, 15))
    another(one, without(spoilt, passing(0, 15)))
    board = publishing.publish(
        track=stage.track, signer=wiring.signer(), sealer=wiring.sealer(), by="test"
    ).board
    rows = {row["model"]["slug"]: row for row in board["rows"]}
    first_row, second_row = (rows[slug] for slug in ("model-a-1", "model-b-1"))
    assert second_row["private"] == first_row["private"]
    assert (first_row["alike"], second_row["alike"]) == ("", "model-a-1")
    assert second_row["gap"] == first_row["gap"]
    assert board["pairs"]["difference_e4"] == [0]
    assert Told.objects.filter(to="board").count() == 1, "of the second model no count has left"
    assert recount.recount(connection.connection) == [], "and an independent count agrees"


def test_models_of_one_owner_that_differ_in_more_than_a_tenth_are_told_apart(stage):
    one = first(stage, passing(0, 15))
    two = another(one, without({0, 1, 2, 3, 4}, passing(0, 15)))
    assert learned(one, two) == 5


def test_an_owner_that_is_sure_of_some_tasks_still_learns_one_number(stage):
    """The stated limit: four known passes spoilt beside the target lift the difference."""
    one = first(stage, passing(0, 15))
    two = another(one, without({0, 1, 2, 3, 7}, passing(0, 15)))
    assert learned(one, two) - 4 == 1


def test_two_owners_with_the_same_answers_are_told_each_its_own(stage):
    one = first(stage, passing(0, 15))
    other = arrange.started(stage, owner="Bolt", model="model-b")
    arrange.completed(other, passing(0, 16))
    other.refresh_from_db()
    assert hidden(other) == (16, "")
    assert hidden(one) == (15, "")


def test_the_api_says_whose_number_it_is(stage):
    one = first(stage, passing(0, 10))
    two = again(one, passing(0, 11))
    assert answer_of(two)["result"]["repeats"] == one.slug
    assert answer_of(one)["result"]["repeats"] == ""
