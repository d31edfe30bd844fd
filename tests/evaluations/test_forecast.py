"""When will it start and end? Somebody who waits is told, also before anything was sent."""

from __future__ import annotations

from datetime import timedelta

import pytest

from benchserver.evaluations import forecast, lanes
from benchserver.evaluations.models import Send
from benchserver.evaluations.request import request
from benchserver.pools import rotate
from tests import arrange

pytestmark = pytest.mark.django_db


def expected(evaluation, *, done: int = 0):
    return forecast.expected(evaluation, done=done, now=rotate.database_now())


def seconds_from_now(moment) -> float:
    return (moment - rotate.database_now()).total_seconds()


def test_before_any_answer_a_usual_call_is_taken_over_the_calls_at_once(evaluation):
    told = expected(evaluation)
    assert -1 < seconds_from_now(told.start) <= 0
    assert 18 < seconds_from_now(told.end) <= 20  # four attempts, 20 s each, four at once


def test_then_by_what_its_answers_took_and_by_its_rest(evaluation):
    claim, send = arrange.sent(evaluation)
    arrange.settle_reply(claim, send, arrange.reply())
    Send.objects.update(milliseconds=8000)
    told = expected(evaluation)
    assert told.start == Send.objects.get().committed_at
    assert 7 < seconds_from_now(told.end) <= 8


def test_an_endpoint_that_rests_starts_after_its_rest(evaluation):
    lanes.rest(evaluation.endpoint_id, seconds=300, reason="rate_limited")
    assert 298 < seconds_from_now(expected(evaluation).start) <= 300


def test_what_was_asked_for_earlier_goes_first(wired):
    stage = arrange.board(private=3, public=1)
    first = arrange.started(stage, max_concurrency=1)
    first.created_at -= timedelta(seconds=9)
    first.save()
    made = arrange.endpoint(owner="Other", model="model-b")
    second = request(endpoint=made, track=stage.track, by="t")
    second.endpoint = first.endpoint
    second.save()
    assert forecast.ahead(second).count() == 1
    assert 78 < seconds_from_now(expected(second).start) <= 80


def test_by_its_own_pace_once_something_is_done(evaluation):
    arrange.judged(evaluation)
    Send.objects.update(committed_at=rotate.database_now() - timedelta(seconds=30))
    told = expected(evaluation, done=1)
    assert 88 < seconds_from_now(told.end) < 92


def test_nobody_knows_when_a_provider_mends_its_endpoint(evaluation):
    evaluation.endpoint.state = "paused"
    told = expected(evaluation)
    assert (told.start, told.end) == (None, None)
