"""What was shown is counted from the rows, and the forecast never promises tasks that are not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from benchserver.core.rotation import Policy
from benchserver.core.verdict import Verdict
from benchserver.engines.endpoints.base import EndpointFailure, FailureKind
from benchserver.evaluations import exposures
from benchserver.evaluations.models import Exposure
from benchserver.evaluations.request import request
from benchserver.measurement.exposure.forecast import Forecast, Stock, Use
from benchserver.pools import rotate
from benchserver.pools.models import Form, Pool, TaskVersion
from tests import arrange, factories

pytestmark = pytest.mark.django_db
POLICY = Policy(private_target=4, public_target=1, min_private=1)
REFUSED = EndpointFailure(FailureKind.REFUSED, "server_error", status=500)


def outlook(pool: Pool, **options: int) -> exposures.Outlook:
    return exposures.outlook(pool, POLICY, now=rotate.database_now(), **options)


def test_a_group_has_seen_what_left_for_it_and_no_more(wired):
    stage = arrange.board(private=4, public=0)
    met = arrange.started(stage, owner="Acme", model="a")
    arrange.started(stage, owner="Beta", model="b")  # reserved, nothing sent
    arrange.judged(met)
    (line,) = exposures.shown(Form.objects.get())
    assert (line.group, line.tasks, line.ever, line.samples, line.sends) == ("acme", 1, 1, 1, 1)
    assert exposures.seen_of_pool(stage.pool) == {"acme": 1}
    assert exposures.looks_left(stage.pool, POLICY, rotate.database_now()) == 3 * 10


def test_a_second_evaluation_of_a_group_is_no_second_look(wired):
    stage = arrange.board(private=4, public=1)
    first = arrange.started(stage)
    arrange.completed(first, lambda attempt: Verdict.PASSED)
    again = request(endpoint=first.endpoint, track=stage.track, by="test")
    arrange.completed(again, lambda attempt: Verdict.PASSED)
    (line,) = exposures.shown(Form.objects.get())
    assert (line.tasks, line.ever) == (4, 4)
    assert exposures.private_tasks(stage.pool) == 4


def test_a_send_that_is_repeated_is_counted_and_its_sample_once(wired):
    stage = arrange.board(private=1, public=0)
    evaluation = arrange.started(stage)
    claim, send = arrange.sent(evaluation)
    arrange.settle_failure(claim, send, REFUSED)
    arrange.due(evaluation)
    arrange.answered(evaluation)
    (line,) = exposures.shown(Form.objects.get())
    assert (line.tasks, line.samples, line.sends) == (1, 1, 2)


def test_a_pool_that_nobody_met_is_not_used_up(wired):
    stage = arrange.board(private=4, public=1)
    found = outlook(stage.pool)
    assert found.use.groups == 0
    assert found.forecast.until is None
    assert exposures.in_words(found).startswith("Nobody has been sent a task of this pool lately")


def test_fresh_tasks_are_those_outside_the_open_form_and_not_worn(wired):
    pool = factories.pool_of(factories.tasks(private=8, public=2))
    factories.track_of(pool)
    now = rotate.database_now()
    plan = rotate.preview(pool=pool, policy=POLICY, exposed={}, now=now)
    window = rotate.Window(now - timedelta(seconds=1), now + timedelta(days=10), "ro-f")
    made = rotate.save_plan(pool=pool, plan=plan, window=window, by="test")
    rotate.open_rotation(rotation=made, judge_image="sha256:x", by="test")
    found = outlook(pool)
    assert (found.stock.fresh, found.use.form_tasks, found.stock.intake) == (4, 4, 0)
    group = factories.provider("Acme").owner_group
    Exposure.objects.create(
        version_id=plan.enter[0], owner_group=group, rotation=made, first_sent_at=now
    )
    Exposure.objects.filter(version__task__split="public").delete()
    hidden = TaskVersion.objects.filter(pk__in=plan.enter, task__split="private")
    Exposure.objects.bulk_create(
        [Exposure(version=v, owner_group=group, rotation=made, first_sent_at=now) for v in hidden],
        ignore_conflicts=True,
    )
    met = outlook(pool)
    assert met.use.groups == 1
    assert met.forecast.rotations == 1
    assert met.forecast.until == made.closes_at + timedelta(days=met.use.every_days)
    assert "full forms of 4 tasks last until about" in exposures.in_words(met)
    assert "does not fill one more full form of 5" in exposures.in_words(
        outlook(pool, form_tasks=5)
    )


@pytest.mark.parametrize(
    ("forecast", "said"),
    [
        (Forecast(until=None, rotations=99, turned_away=0, keeps_up=True), "this pool lasts:"),
        (Forecast(until=None, rotations=99, turned_away=0, keeps_up=False), "more than ten years"),
        (Forecast(until=None, rotations=0, turned_away=0, keeps_up=True), "1 provider group,"),
    ],
)
def test_every_end_has_its_sentence(forecast, said):
    found = exposures.Outlook(
        stock=Stock(fresh=9, intake=1.0),
        use=Use(form_tasks=3, every_days=14, groups=1),
        forecast=forecast,
    )
    assert said in exposures.in_words(found)


def test_groups_that_a_task_may_not_meet_are_named():
    found = exposures.Outlook(
        stock=Stock(fresh=9),
        use=Use(form_tasks=3, every_days=14, groups=12),
        forecast=Forecast(
            until=datetime(2027, 3, 3, tzinfo=UTC), rotations=3, turned_away=2, keeps_up=False
        ),
    )
    assert exposures.in_words(found).endswith("2 groups more than a task allows came.")
