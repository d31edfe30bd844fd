"""A swapped endpoint is noticed and marked; the same one is left alone; nothing is voided."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from benchserver import wiring
from benchserver.audit.models import Event
from benchserver.engines.endpoints.admission import identity as questions
from benchserver.engines.endpoints.admission.probing import Circumstances
from benchserver.evaluations import identity, lanes, quiet
from benchserver.evaluations.control import pause, resume
from benchserver.evaluations.models import Evaluation, IdentityMark, IdentityReading, Wake
from benchserver.providers import admit
from benchserver.providers.models import Endpoint
from tests import arrange
from tests.engines.endpoints.admission.rogue import Ask, Rogue, Said

pytestmark = pytest.mark.django_db
KEY = "key-of-the-test"


class Swappable:
    """Answers like one of two models; each varies at temperature 1 and is steady at 0."""

    def __init__(self) -> None:
        self.model = "a"
        self.name = "the-model"

    def __call__(self, ask: Ask) -> Said:
        if ask.body["temperature"] == 0:
            text = "K" if self.model == "a" else "M"
        else:
            text = f"{'sea and sand' if self.model == 'a' else 'ice and wind'} {ask.number % 7}"
        return Said(text=text, model=self.name)


def engines() -> admit.Engines:
    return admit.Engines(
        client=wiring.listening_endpoint,
        opener=wiring.opener(),
        circumstances=lambda _: Circumstances(max_tokens=512, deadline_seconds=10.0),
    )


def reading(evaluation: Evaluation) -> IdentityReading | None:
    return identity.identify(
        evaluation_id=evaluation.pk, engines=engines(), mac_key=b"key of this test"
    )


@pytest.fixture
def model() -> Swappable:
    return Swappable()


@pytest.fixture
def running(rogue: Callable[..., Rogue], model: Swappable) -> Evaluation:
    server = rogue(model)
    evaluation = arrange.started(arrange.board(), f"http://127.0.0.1:{server.port}/v1")
    evaluation.server = server
    return evaluation


def end(evaluation: Evaluation, *, ago: timedelta = timedelta(0)) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE evaluations_evaluation SET state = 'complete', "
            "ended_at = clock_timestamp() - %s WHERE id = %s",
            [ago, evaluation.pk],
        )
    evaluation.refresh_from_db()


def test_a_swap_between_beginning_and_end_is_marked_and_told(running, model):
    assert reading(running).moment == "before"
    model.model = "b"
    end(running)
    assert reading(running).moment == "after"
    mark = IdentityMark.objects.get(evaluation=running)
    assert (mark.moment, mark.kinds) == ("after", ["answers"])
    assert mark.p_e4 <= 100
    assert "The endpoint changed between the beginning and the end" in identity.told(running)
    event = Event.objects.get(verb="evaluation.identity_changed")
    assert (event.target, event.provider) == (running.slug, "acme")
    running.refresh_from_db()
    assert running.state == "complete"  # never voided


def test_the_same_endpoint_is_left_alone(running):
    reading(running)
    assert identity.told(running) == "Compared once it has ended."
    end(running)
    assert reading(running).moment == "after"
    assert not IdentityMark.objects.exists()
    assert identity.told(running).startswith("No evidence that the endpoint changed")
    assert reading(running) is None  # nothing is due for a week


def test_another_model_name_is_a_change_whatever_it_answers(running, model):
    reading(running)
    model.name = "the-model-mini"
    end(running)
    reading(running)
    mark = IdentityMark.objects.get()
    assert (mark.kinds, mark.p_e4) == (["name"], None)
    assert "another model name" in identity.told(running)


def test_a_difference_must_be_seen_twice(running, model, monkeypatch):
    reading(running)
    end(running)
    asked = iter((7, 600))  # .0007 at first, .06 when asked again
    monkeypatch.setattr(identity, "smallest_p_e4", lambda *_: next(asked))
    reading(running)
    assert not IdentityMark.objects.exists()
    assert IdentityReading.objects.filter(moment="after").count() == 2  # both looks are kept


def test_border_inputs_alone_show_a_shift(running):
    first = {label: [[1], [1], [2], [2], [1], [2]] for label in questions.BORDER_LABELS}
    other = {label: [[3], [3], [3], [3], [3], [3]] for label in questions.BORDER_LABELS}
    assert identity.smallest_p_e4(first, other) <= 100
    assert identity.smallest_p_e4(first, first) == 10_000
    assert identity.smallest_p_e4(first, {}) is None


def test_before_is_before_the_first_task(running):
    identity.hold(running.endpoint_id)
    assert Wake.objects.filter(step="identify", target=str(running.pk)).exists()
    assert arrange.claim_next(running.endpoint_id) is None
    assert reading(running).moment == "before"
    assert arrange.claim_next(running.endpoint_id) is not None


def test_without_the_key_that_readings_share_none_is_made_and_no_task_waits(running):
    identity.hold(running.endpoint_id)
    assert arrange.claim_next(running.endpoint_id) is None
    made = identity.identify(evaluation_id=running.pk, engines=engines(), mac_key=b"")
    assert made is None
    assert not IdentityReading.objects.exists()
    assert running.server.asks == []
    assert arrange.claim_next(running.endpoint_id) is not None


def test_a_long_pause_is_followed_by_a_reading_before_the_next_task(running):
    reading(running)
    pause(evaluation=running, by="test")
    IdentityReading.objects.update(at="2026-01-01T00:00:00Z")
    assert not identity.due().exists()
    resume(evaluation=running, by="test")
    identity.hold(running.endpoint_id)
    assert arrange.claim_next(running.endpoint_id) is None
    assert reading(running).moment == "during"
    assert arrange.claim_next(running.endpoint_id) is not None


def test_a_reading_during_is_made_now_and_then(running, model):
    reading(running)
    arrange.answered(running)
    assert reading(running) is None
    IdentityReading.objects.update(at="2026-01-01T00:00:00Z")
    model.model = "b"
    assert reading(running).moment == "during"
    assert IdentityMark.objects.get().moment == "during"


def test_a_swap_a_week_later_is_still_noticed(running, model):
    reading(running)
    end(running)
    reading(running)
    IdentityReading.objects.update(at="2026-01-01T00:00:00Z")
    end(running, ago=timedelta(days=10))
    model.model = "b"
    assert reading(running).moment == "later"
    assert "after the evaluation" in identity.told(running)


def test_nothing_is_asked_of_an_endpoint_that_is_paused_or_was_changed(running):
    reading(running)
    end(running)
    Endpoint.objects.update(state="paused")
    assert reading(running) is None
    Endpoint.objects.update(state="active", revision=9)
    assert reading(running) is None


def test_calls_in_flight_are_waited_for_and_an_unquiet_endpoint_is_passed_over(
    running, monkeypatch
):
    reading(running)
    arrange.sent(running)
    IdentityReading.objects.update(at="2026-01-01T00:00:00Z")
    monkeypatch.setattr(quiet, "PATIENCE", 0.1)
    before = len(running.server.asks)
    assert reading(running) is None
    assert len(running.server.asks) == before
    assert running.readings.filter(moment="during", answers={}).exists()
    assert list(identity.due()) == []
    running.endpoint.lane.refresh_from_db()
    assert running.endpoint.lane.resting_until is None


def test_a_rest_that_the_endpoint_asked_for_is_respected(running):
    lanes.ensure_lane(running.endpoint_id)
    lanes.rest(running.endpoint_id, seconds=500, reason="rate_limited")
    assert reading(running) is None
    assert running.server.asks == []
    running.endpoint.lane.refresh_from_db()
    assert running.endpoint.lane.rest_reason == "rate_limited"


def test_a_reading_stays_within_the_endpoints_limit_and_every_request_is_accounted(running):
    Endpoint.objects.update(max_concurrency=2)
    made = reading(running)
    assert running.server.most_flying <= 2
    keys = {admit.probe_key(made.pk, n) for n in range(made.requests)}
    assert {ask.key for ask in running.server.asks} == keys


def test_a_reading_holds_no_reply_no_name_and_no_key(running, rogue, model):
    model.name = f"named {KEY}"
    reading(running)
    row = json.dumps(list(IdentityReading.objects.values("answers", "names")))
    for text in ("sea and sand", KEY, "named"):
        assert text not in row
    assert IdentityReading.objects.get().names


def test_an_endpoint_that_no_longer_answers_is_not_called_changed(running, model):
    reading(running)
    end(running)
    running.server.__exit__(None, None, None)
    reading(running)
    assert not IdentityMark.objects.exists()
    assert identity.told(running).startswith("Not compared")


def test_places_keep_what_is_equal_and_nothing_else() -> None:
    def of(text: str, key: bytes = b"k") -> Any:
        return questions.places(text, mac_key=key, salt="q")

    assert [a == b for a, b in zip(of("tide"), of("time"), strict=True)] == [1, 1, 0, 1]
    assert of("aa")[0] != of("aa")[1]  # the place is part of it
    assert of("tide") != of("tide", b"other")
    assert len(of("x" * 99)) == questions.PLACES
