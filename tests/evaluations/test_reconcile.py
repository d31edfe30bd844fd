"""Whatever died or was lost is moved on by rule, once, however often and by however many."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from benchserver import wiring
from benchserver.core.lifecycle import ENDED
from benchserver.core.verdict import Verdict
from benchserver.evaluations import reconcile
from benchserver.evaluations.models import Attempt, FaultRecord, Send, Wake
from benchserver.evaluations.score import finish
from benchserver.pools import rotate
from tests import arrange

pytestmark = pytest.mark.django_db


def test_a_worker_that_died_before_its_send_leaves_the_attempt_as_it_was(evaluation):
    claim = arrange.claimed(evaluation)
    arrange.expire(claim)
    assert reconcile.expire_leases(retry_base=0) == 1
    attempt = arrange.attempt_of(claim)
    assert (attempt.state, attempt.reason, attempt.unknown_sends) == ("ready", "worker_lost", 0)
    assert not Send.objects.exists()


def test_a_worker_that_died_after_its_send_row_counts_as_sent_and_is_sent_once_more(evaluation):
    claim, send = arrange.sent(evaluation)
    arrange.expire(claim)
    reconcile.expire_leases(retry_base=0)
    send.refresh_from_db()
    assert (send.outcome, send.code) == ("unknown", "worker_lost")
    assert arrange.attempt_of(claim).state == "ambiguous"
    arrange.due(evaluation)
    again, second = arrange.sent(evaluation)
    assert again.attempt_id == claim.attempt_id
    assert (second.ordinal, second.cause) == (2, "worker_lost")
    arrange.expire(again)
    reconcile.expire_leases(retry_base=0)
    assert arrange.attempt_of(claim).state == "faulted"
    assert FaultRecord.objects.get().kind == "platform_fault"


def test_a_worker_that_died_before_its_second_send_keeps_the_mark_of_the_first(evaluation):
    claim, _ = arrange.sent(evaluation)
    arrange.expire(claim)
    reconcile.expire_leases(retry_base=0)
    arrange.due(evaluation)
    again = arrange.claimed(evaluation)
    assert again.attempt_id == claim.attempt_id
    arrange.expire(again)
    reconcile.expire_leases(retry_base=0)
    assert arrange.attempt_of(claim).state == "ambiguous"
    assert arrange.attempt_of(claim).unknown_sends == 1


def test_a_judge_that_died_costs_time_and_three_of_them_a_platform_fault(evaluation):
    attempt = arrange.answered(evaluation)
    for state in ("generated", "generated", "faulted"):
        arrange.expire(arrange.judging(attempt))
        reconcile.expire_leases(retry_base=0)
        assert Attempt.objects.get(pk=attempt.pk).state == state
    assert Send.objects.count() == 1  # the model was never asked again
    assert FaultRecord.objects.get().kind == "platform_fault"


def test_a_living_lease_is_left_alone(evaluation):
    arrange.sent(evaluation)
    assert reconcile.reconcile(retry_base=0).expired == 0


def test_lost_wake_ups_are_published_again_and_not_heaped_up(evaluation):
    attempt = arrange.answered(evaluation)
    Wake.objects.all().delete()  # the broker lost everything
    Attempt.objects.update(updated_at="2000-01-01T00:00:00Z")
    reconcile.reconcile(retry_base=0)
    waiting = sorted(Wake.objects.values_list("step", "target"))
    generate = ("generate", str(evaluation.endpoint_id))
    assert waiting == [generate] * 3 + [("judge", str(attempt.pk))]
    # the broker is still away: the outbox does not grow
    reconcile.reconcile(retry_base=0)
    assert sorted(Wake.objects.values_list("step", "target")) == waiting


def test_attempts_that_can_never_be_sent_end_at_closing_and_so_does_the_evaluation(stage):
    evaluation = arrange.started(stage)
    arrange.judged(evaluation, Verdict.PASSED)
    claim, _ = arrange.sent(evaluation)
    arrange.expire(claim)
    rotate.close_rotation(rotation=stage.rotation, by="test")
    assert reconcile.reconcile(retry_base=0).stranded == 3
    assert not evaluation.attempts.exclude(state__in=ENDED).exists()
    assert set(FaultRecord.objects.values_list("code", flat=True)) == {"rotation_closed"}
    (left,) = reconcile.unfinished()
    assert finish(evaluation_id=left.pk, sealer=wiring.sealer()) == "incomplete"
    assert reconcile.unfinished() == []


def test_a_reply_that_came_before_closing_is_still_judged_after_it(stage):
    evaluation = arrange.started(stage)
    attempt = arrange.answered(evaluation)
    rotate.close_rotation(rotation=stage.rotation, by="test")
    reconcile.reconcile(retry_base=0)
    assert Attempt.objects.get(pk=attempt.pk).state == "generated"
    arrange.judging(attempt)


def test_doing_it_twice_does_nothing_twice(evaluation):
    claims = [arrange.sent(evaluation)[0], arrange.claimed(evaluation)]
    for claim in claims:
        arrange.expire(claim)
    assert reconcile.expire_leases(retry_base=0) == 2
    after = list(Attempt.objects.order_by("pk").values())
    assert reconcile.expire_leases(retry_base=0) == 0
    assert reconcile.end_stranded() == 0
    assert list(Attempt.objects.order_by("pk").values()) == after


@pytest.mark.django_db(transaction=True)
def test_two_reconcilers_at_once_mend_each_attempt_once(wired):
    evaluation = arrange.started(arrange.board(private=10, public=2), max_concurrency=12)
    for _ in range(12):
        arrange.expire(arrange.sent(evaluation)[0])

    def mend(_: int) -> int:
        try:
            return reconcile.expire_leases(retry_base=0)
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        mended = sum(pool.map(mend, range(3)))
    mended += reconcile.expire_leases(retry_base=0)  # what two skipped for each other
    assert mended == 12
    assert set(Attempt.objects.values_list("state", "unknown_sends")) == {("ambiguous", 1)}
