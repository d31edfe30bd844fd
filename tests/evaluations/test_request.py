"""Asking for an evaluation: what is charged, what is refused, and that a refusal writes nothing."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from benchserver import wiring
from benchserver.core.engine.policy import EnginePolicy
from benchserver.core.errors import NotAllowed
from benchserver.core.verdict import FaultKind, Verdict
from benchserver.evaluations.control import cancel
from benchserver.evaluations.models import Evaluation, Exposure
from benchserver.evaluations.request import request
from benchserver.ledger.models import Entry
from benchserver.pools import rotate
from benchserver.pools.ingest import ingest
from benchserver.pools.intake import Report
from benchserver.pools.models import TaskVersion
from benchserver.providers.models import Endpoint
from benchserver.providers.register import merge_groups
from tests import arrange, factories

pytestmark = pytest.mark.django_db
ALL = lambda _: Verdict.PASSED  # noqa: E731


def refused(endpoint: Endpoint, track, *, policy: EnginePolicy | None = None) -> str:
    """The code of the refusal, after checking that not one row was written."""
    before = arrange.row_counts()
    with pytest.raises(NotAllowed) as refusal:
        request(endpoint=endpoint, track=track, by="test", policy=policy)
    assert arrange.row_counts() == before
    assert refusal.value.mend
    return refusal.value.code


def test_a_start_makes_every_attempt_reserves_the_form_and_is_in_the_log(wired):
    stage = arrange.board(private=3, public=2, samples=2)
    evaluation = arrange.started(stage, max_concurrency=2)
    assert evaluation.total == evaluation.attempts.count() == 10
    assert Exposure.objects.filter(first_sent_at=None).count() == 5
    entry = Entry.objects.get(index=evaluation.log_index)
    assert entry.kind == "run-start"
    assert str(evaluation.attempts.first().entry.version_id).encode() not in bytes(entry.body)
    orders = list(evaluation.attempts.order_by("order").values_list("sample", flat=True))
    assert orders == [0] * 5 + [1] * 5  # a second sample comes after every task's first
    assert evaluation.protocol_payload == stage.track.protocol.to_payload()


def test_two_evaluations_meet_one_form_in_orders_of_their_own(wired):
    stage = arrange.board(private=20, public=4)
    first = arrange.started(stage)
    second = arrange.started(stage, owner="Bolt", model="b")

    def order(evaluation):
        return list(evaluation.attempts.order_by("order").values_list("entry_id", flat=True))

    assert set(order(first)) == set(order(second))
    assert order(first) != order(second)


def test_a_group_has_two_evaluations_in_a_rotation_and_pays_for_one_exposure(stage):
    first = arrange.started(stage)
    assert arrange.completed(first, ALL) == "complete"
    rows = set(Exposure.objects.values_list("pk", flat=True))
    second = request(endpoint=first.endpoint, track=stage.track, by="test")
    assert second.form_id == first.form_id
    assert set(Exposure.objects.values_list("pk", flat=True)) == rows
    arrange.completed(second, ALL)
    assert refused(first.endpoint, stage.track) == "quota_used"


def test_an_incomplete_evaluation_uses_quota_and_one_cancelled_before_any_send_does_not(stage):
    first = arrange.started(stage)
    cancel(evaluation=first, by="test")
    second = request(endpoint=first.endpoint, track=stage.track, by="test")
    assert arrange.completed(second, lambda _: FaultKind.ENDPOINT) == "incomplete"
    third = request(endpoint=first.endpoint, track=stage.track, by="test")
    arrange.sent(third)
    cancel(evaluation=third, by="test")
    assert refused(first.endpoint, stage.track) == "quota_used"


def test_another_model_endpoint_or_account_of_a_group_has_no_quota_of_its_own(stage):
    first = arrange.started(stage)
    other = arrange.endpoint(owner="Acme Labs", model="model-b")
    request(endpoint=other, track=stage.track, by="test")
    merge_groups(source=other.provider.owner_group, into=first.provider.owner_group, by="test")
    third = arrange.endpoint(owner="Third", model="model-c")
    third.provider.owner_group = first.owner_group
    third.provider.save()
    assert refused(third, stage.track) == "quota_used"
    other.provider.refresh_from_db()
    assert refused(Endpoint.objects.get(pk=other.pk), stage.track) == "already_running"
    Evaluation.objects.filter(endpoint=other).update(state="incomplete")
    assert refused(Endpoint.objects.get(pk=other.pk), stage.track) == "quota_used"


def test_what_a_merged_account_met_is_met_by_the_whole_group(stage):
    small = arrange.started(stage, owner="Small", model="s")
    arrange.completed(small, ALL)
    big = arrange.endpoint(owner="Big", model="b")
    arrange.next_rotation(stage, again=True)
    merge_groups(source=small.owner_group, into=big.provider.owner_group, by="test")
    assert refused(Endpoint.objects.get(pk=big.pk), stage.track) == "exposure_spent"


def test_a_running_evaluation_of_an_endpoint_is_waited_for(stage):
    evaluation = arrange.started(stage)
    assert refused(evaluation.endpoint, stage.track) == "already_running"


@pytest.mark.parametrize("state", ["paused", "deleted"])
def test_an_endpoint_that_is_not_active_is_refused(stage, state):
    endpoint = arrange.endpoint()
    Endpoint.objects.update(state=state)
    endpoint.refresh_from_db()
    assert refused(endpoint, stage.track) == "endpoint_not_active"


def test_a_track_without_an_open_rotation_says_so(stage):
    endpoint = arrange.endpoint()
    rotate.close_rotation(rotation=stage.rotation, by="test")
    assert refused(endpoint, stage.track) == "no_open_rotation"


def test_a_group_meets_a_private_task_in_one_rotation_only(stage):
    first = arrange.started(stage)
    arrange.completed(first, ALL)
    arrange.next_rotation(stage, again=True)
    assert refused(first.endpoint, stage.track) == "exposure_spent"
    # a reservation that was never sent has taught nobody anything
    fresh = arrange.endpoint(owner="Fresh", model="f")
    request(endpoint=fresh, track=stage.track, by="test")


def test_public_control_tasks_have_no_cap(wired):
    stage = arrange.board(private=1, public=2)
    arrange.completed(first := arrange.started(stage), ALL)
    fresh = factories.task(77, factories.Split.PRIVATE)
    report = Report(source_id=fresh.source_id, gates=(factories.GOOD,))
    ingest(
        pool=stage.pool,
        tasks=[(fresh, report)],
        sealer=wiring.sealer(),
        mac_key=wiring.mac_key(),
        by="test",
    )
    arrange.next_rotation(stage)
    again = request(endpoint=first.endpoint, track=stage.track, by="test")
    assert again.total == 3
    assert again.seen_before_e4 == 0


def test_a_task_is_met_by_so_many_groups_and_no_more(stage):
    policy = EnginePolicy(exposure_per_task=2)
    mine = arrange.started(stage, owner="One", model="one")
    arrange.started(stage, owner="Two", model="two")
    third = arrange.endpoint(owner="Three", model="three")
    assert refused(third, stage.track, policy=policy) == "exposure_spent"
    # who is already among them may have its second evaluation
    arrange.completed(mine, ALL)
    request(endpoint=mine.endpoint, track=stage.track, by="test", policy=policy)


def test_a_request_that_was_cancelled_before_any_send_leaves_room_for_others(stage):
    policy = EnginePolicy(exposure_per_task=1)
    first = arrange.started(stage, owner="One", model="one")
    cancel(evaluation=first, by="test")
    second = arrange.endpoint(owner="Two", model="two")
    other = request(endpoint=second, track=stage.track, by="test", policy=policy)
    assert other.state == "running"
    assert set(Exposure.objects.values_list("owner_group", flat=True)) == {other.owner_group_id}


def test_a_cancel_keeps_what_another_evaluation_of_the_group_still_needs(stage):
    first = arrange.started(stage)
    other = factories.endpoint(first.provider, arrange.NOWHERE, model="other")
    second = request(endpoint=other, track=stage.track, by="test")
    cancel(evaluation=first, by="test")
    assert Exposure.objects.count() == 4
    arrange.sent(second)


def test_seen_before_tells_the_share_of_families_met_in_an_earlier_rotation(wired):
    stage = arrange.board(private=3, public=1)
    first = arrange.started(stage)
    arrange.completed(first, ALL)
    assert first.seen_before_e4 == 0
    # a new version of one old task, and two tasks nobody has met
    changed = factories.task(1, factories.Split.PRIVATE, marker="changed")
    new = [factories.task(n, factories.Split.PRIVATE) for n in (50, 51)]
    ingest(
        pool=stage.pool,
        tasks=[
            (t, Report(source_id=t.source_id, gates=(factories.GOOD,))) for t in (changed, *new)
        ],
        sealer=wiring.sealer(),
        mac_key=wiring.mac_key(),
        by="test",
    )
    arrange.next_rotation(stage)
    again = request(endpoint=first.endpoint, track=stage.track, by="test")
    assert again.form.entries.filter(split="private").count() == 3
    assert again.seen_before_e4 == 3333
    assert TaskVersion.objects.filter(number=2).count() == 1


@pytest.mark.django_db(transaction=True)
def test_requests_at_the_same_moment_share_one_quota(wired):
    stage = arrange.board(private=2, public=1)
    owner = factories.provider()
    endpoints = [factories.endpoint(owner, arrange.NOWHERE, model=f"m{n}") for n in range(5)]
    together = threading.Barrier(5)

    def ask(endpoint):
        try:
            together.wait(20)
            return request(endpoint=endpoint, track=stage.track, by="test").slug
        except NotAllowed as refusal:
            return refusal.code
        finally:
            connection.close()

    with ThreadPoolExecutor(5) as pool:
        said = list(pool.map(ask, endpoints))
    assert sorted(answer for answer in said if not answer.startswith("ev_")) == ["quota_used"] * 3
    assert Evaluation.objects.count() == 2
    assert Exposure.objects.count() == 3
