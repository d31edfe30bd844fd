"""One look a day after an evaluation: a slow change marks the row, an odd day or two do not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from benchserver.engines.endpoints.admission import identity as questions
from benchserver.evaluations import daily, identity
from benchserver.evaluations.models import Evaluation, IdentityMark, IdentityReading
from tests.evaluations.test_identity import Swappable, end, model, reading, running  # noqa: F401

pytestmark = pytest.mark.django_db
KEY = b"key of this test"


def heads(text: str, count: int) -> dict[str, list[list[int]]]:
    """What the border questions leave behind, all answered alike."""
    return {
        label: [questions.places(text, mac_key=KEY, salt=label)] * count
        for label in questions.BORDER_LABELS
    }


def past(evaluation: Evaluation, texts: list[str]) -> None:
    """Daily readings, the last of them yesterday."""
    for ago, text in enumerate(reversed(texts), 1):
        row = IdentityReading.objects.create(
            evaluation=evaluation, moment="daily", answers=heads(text, 10), names=[], requests=40
        )
        back(IdentityReading.objects.filter(pk=row.pk), timedelta(days=ago, hours=1))


def back(rows, ago: timedelta) -> None:
    """As if read so long ago, by the database clock."""
    with connection.cursor() as cursor:
        for pk in list(rows.values_list("pk", flat=True)):
            cursor.execute(
                "UPDATE evaluations_identityreading SET at = clock_timestamp() - %s WHERE id = %s",
                [ago, pk],
            )


@pytest.fixture
def watched(running):  # noqa: F811
    """Read before and after, twenty days ago; a whole reading six days ago."""
    reading(running)
    end(running)
    assert reading(running).moment == "after"
    back(running.readings.filter(moment="before"), timedelta(days=20, hours=2))
    back(running.readings.filter(moment="after"), timedelta(days=20))
    whole = running.readings.get(moment="after")
    later = IdentityReading.objects.create(
        evaluation=running, moment="later", answers=whole.answers, names=whole.names, requests=40
    )
    back(IdentityReading.objects.filter(pk=later.pk), timedelta(days=6, hours=5))
    end(running, ago=timedelta(days=20))
    return running


def test_only_the_short_questions_are_asked_and_once_a_day(watched):
    asked = len(watched.server.asks)
    assert reading(watched).moment == "daily"
    assert len(watched.server.asks) - asked == 10 * len(questions.BORDER)
    assert {ask.prompt for ask in watched.server.asks[asked:]} == set(questions.BORDER)
    assert reading(watched) is None
    assert not IdentityMark.objects.exists()


def test_three_days_apart_from_two_quiet_weeks_mark_the_row(watched, model):  # noqa: F811
    past(watched, ["K"] * 14 + ["M"] * 2)
    assert daily.trail(watched).odd_days == 2
    model.model = "b"
    assert reading(watched).moment == "daily"
    mark = IdentityMark.objects.get(evaluation=watched)
    assert (mark.moment, mark.kinds, mark.p_e4) == ("daily", ["daily"], None)
    assert "daily short answers left their own past" in identity.told(watched)
    watched.refresh_from_db()
    assert watched.state == "complete"


def test_two_odd_days_and_a_usual_one_mark_nothing(watched):
    past(watched, ["K"] * 14 + ["M"] * 2)
    assert reading(watched).moment == "daily"
    assert daily.trail(watched).odd_days == 0
    assert not IdentityMark.objects.exists()


def test_an_earlier_evaluation_of_the_same_endpoint_is_asked_no_more(watched):
    assert watched in identity.due()
    newer = Evaluation.objects.get(pk=watched.pk)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE evaluations_evaluation SET created_at = created_at - interval '1 day' "
            "WHERE id = %s",
            [watched.pk],
        )
    newer.pk, newer.slug = None, "ev_newer"
    newer._state.adding = True
    newer.save()
    assert watched not in identity.due()


def test_a_day_without_answers_is_no_day(watched):
    before = daily.trail(watched)
    IdentityReading.objects.create(
        evaluation=watched, moment="daily", answers={}, names=[], requests=0
    )
    assert daily.trail(watched) == before
