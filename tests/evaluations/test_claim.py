"""Claims: limits that hold across workers, fences that stop zombies, leases by the database."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from django.db import connection, transaction

from benchserver import dispatch
from benchserver.audit.keys import fetch_noted
from benchserver.audit.prepared import rows
from benchserver.core.verdict import Judgement, Verdict
from benchserver.engines.endpoints.base import EndpointFailure, FailureKind
from benchserver.evaluations import reconcile
from benchserver.evaluations.models import (
    Attempt,
    Evaluation,
    FaultRecord,
    Lane,
    Reply,
    Send,
    VerdictRecord,
    Wake,
)
from benchserver.evaluations.request import request
from benchserver.evaluations.store import PostgresStore, heartbeat
from benchserver.providers.models import Endpoint
from tests import arrange

in_threads = pytest.mark.django_db(transaction=True)
pytestmark = pytest.mark.django_db


def take(evaluation: Evaluation, worker: str = "w"):
    return arrange.claim_next(evaluation.endpoint_id, worker=worker)


def waits_for_disk() -> bool:
    return bool(rows("SHOW synchronous_commit") == [("on",)])


@pytest.fixture
def durable(wired):
    """Commits wait for the disk as in production; the tests' server lets them not."""
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit TO on")
        yield
        cursor.execute("RESET synchronous_commit")


@in_threads
def test_a_claims_commit_may_be_lost_in_a_power_cut_and_no_later_one(durable):
    evaluation = arrange.started(arrange.board(private=2, public=0))
    with PostgresStore().claiming() as tx:
        assert waits_for_disk()
        facts = {"worker": "w", "lease_seconds": 60.0, "hold_seconds": 60.0}
        assert tx.take_due(endpoint=evaluation.endpoint_id, **facts)
        assert not waits_for_disk()
    assert waits_for_disk()


@in_threads
def test_a_claim_inside_somebody_elses_transaction_leaves_its_commit_alone(durable):
    evaluation = arrange.started(arrange.board(private=2, public=0))
    with transaction.atomic():
        assert take(evaluation)
        assert waits_for_disk()


@in_threads
def test_a_judges_claim_inside_somebody_elses_transaction_leaves_its_commit_alone(durable):
    reply = arrange.answered(arrange.started(arrange.board(private=2, public=0)), "text")
    facts = {"worker": "w", "lease_seconds": 60.0, "hold_seconds": 60.0}
    with transaction.atomic(), PostgresStore().at_once() as tx:
        assert tx.take_reply(attempt_id=reply.pk, **facts)
        assert waits_for_disk()
    assert waits_for_disk()


@in_threads
def test_wake_ups_taken_out_and_keys_given_out_leave_later_commits_alone(durable):
    evaluation = arrange.started(arrange.board(private=1, public=0))
    Wake.objects.create(step="judge", target="x")
    assert dispatch.flush()
    assert waits_for_disk()
    version = evaluation.attempts.get().entry.version
    assert fetch_noted(version.prompt_data_key, verb="prompt.opened", by="t", target="t")
    assert waits_for_disk()


@in_threads
def test_many_workers_never_hold_more_calls_than_an_endpoint_permits(wired):
    evaluation = arrange.started(arrange.board(private=30, public=2), max_concurrency=3)
    together = threading.Barrier(10)

    def work(name: int):
        try:
            together.wait(20)
            return take(evaluation, f"w{name}")
        finally:
            connection.close()

    seen = set()
    with ThreadPoolExecutor(10) as pool:
        for _ in range(3):
            claims = [claim for claim in pool.map(work, range(10)) if claim]
            assert len(claims) == 3
            assert not seen & {claim.attempt_id for claim in claims}
            seen |= {claim.attempt_id for claim in claims}
            Attempt.objects.filter(pk__in=seen).update(
                state="ready", next_at="2100-01-01T00:00:00Z"
            )
    assert len(seen) == 9


@in_threads
def test_a_row_another_transaction_holds_is_skipped_and_not_waited_for(wired):
    evaluation = arrange.started(arrange.board())
    first = evaluation.attempts.order_by("order").first()
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with connection.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("SELECT 1 FROM evaluations_attempt WHERE id = %s FOR UPDATE", [first.pk])
            held.set()
            done.wait(20)
            cursor.execute("ROLLBACK")
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(20)
    try:
        claim = take(evaluation)
    finally:
        done.set()
        thread.join()
    assert claim.attempt_id == evaluation.attempts.order_by("order")[1].pk


def test_the_older_evaluation_of_an_endpoint_goes_first(stage):
    older = arrange.started(stage, max_concurrency=10)
    Evaluation.objects.filter(pk=older.pk).update(state="incomplete")
    newer = request(endpoint=older.endpoint, track=stage.track, by="test")
    Evaluation.objects.filter(pk=older.pk).update(state="running")
    claims = [take(older) for _ in range(8)]
    owners = [arrange.attempt_of(claim).evaluation_id for claim in claims]
    assert owners == [older.pk] * 4 + [newer.pk] * 4
    orders = [arrange.attempt_of(claim).order for claim in claims]
    assert orders == [0, 1, 2, 3] * 2


def test_a_rate_is_kept_whatever_many_workers_ask(stage):
    made = arrange.endpoint(max_concurrency=50, max_rps=Decimal("2"))
    request(endpoint=made, track=stage.track, by="test")
    evaluation = Evaluation.objects.get()
    began = time.monotonic()
    assert take(evaluation)
    at_once = [take(evaluation) for _ in range(5)]
    passed = time.monotonic() - began
    assert sum(claim is not None for claim in at_once) <= 2 * passed
    Lane.objects.update(tokens=0, refilled_at="2000-01-01T00:00:00Z")
    # however long it idled: over any ten seconds at most 5 % above the rate (promise P11)
    began = time.monotonic()
    burst = [take(evaluation) for _ in range(3)]
    passed = time.monotonic() - began
    assert sum(claim is not None for claim in burst) <= 1 + 2 * passed


@pytest.mark.parametrize(
    "rests",
    [
        lambda: Endpoint.objects.update(state="paused"),
        lambda: Lane.objects.update(resting_until="2100-01-01T00:00:00Z"),
        lambda: Evaluation.objects.update(cancel_requested_at="2026-01-01T00:00:00Z"),
        lambda: Attempt.objects.update(next_at="2100-01-01T00:00:00Z"),
        lambda: Lane.objects.all().delete(),
    ],
    ids=["paused endpoint", "resting lane", "cancel", "pause before a try", "no lane"],
)
def test_nothing_is_claimed_while(evaluation, rests):
    rests()
    assert take(evaluation) is None


def test_a_heartbeat_extends_the_own_leases_and_never_past_the_hold(evaluation):
    mine = arrange.claimed(evaluation, worker="alive", lease=1)
    other = arrange.claimed(evaluation, worker="dead", lease=1)
    before = arrange.attempt_of(other).lease_until
    heartbeat(workers=["alive"], lease_seconds=300)
    assert arrange.attempt_of(mine).lease_until > before
    assert arrange.attempt_of(other).lease_until == before
    heartbeat(workers=["alive"], lease_seconds=10_000)
    assert arrange.attempt_of(mine).lease_until == arrange.attempt_of(mine).hold_until


@in_threads
def test_a_lease_ends_by_the_clock_of_the_database(wired, monkeypatch):
    evaluation = arrange.started(arrange.board(private=1, public=1))
    alive, dead = (arrange.claimed(evaluation, lease=lease) for lease in (600, 0))
    # a worker whose own clock is years off changes nothing
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert reconcile.expire_leases(retry_base=0) == 1
    assert arrange.attempt_of(dead).state == "ready"
    assert arrange.attempt_of(alive).state == "leased"


def test_a_zombie_changes_nothing_whatever_it_comes_back_with(evaluation):
    """The lease ran out, reconcile moved the attempt on, another worker has it: every late write
    of the first matches no row."""
    zombie, send = arrange.sent(evaluation)
    arrange.expire(zombie)
    reconcile.expire_leases(retry_base=0)
    arrange.due(evaluation)
    heir, _ = arrange.sent(evaluation, worker="w2")
    assert heir.attempt_id == zombie.attempt_id
    assert heir.fence == zombie.fence + 1
    before = arrange.attempt_of(heir).__dict__ | {"_state": None}
    failure = EndpointFailure(FailureKind.REFUSED, "server_error", status=500)

    assert arrange.authorise(zombie) is None
    assert not arrange.engine().store.mine(zombie)
    assert not arrange.settle_reply(zombie, send, arrange.reply())
    arrange.settle_failure(zombie, send, failure)
    arrange.give_back(zombie, "late")
    assert not arrange.settle_verdict(zombie, Judgement(verdict=Verdict.PASSED))
    arrange.settle_broken(zombie, "late")

    assert arrange.attempt_of(heir).__dict__ | {"_state": None} == before
    assert Send.objects.filter(attempt=heir.attempt_id).count() == 2
    assert not Reply.objects.exists()
    assert not VerdictRecord.objects.exists()
    assert not FaultRecord.objects.exists()


def test_a_zombie_judge_leaves_the_heirs_verdict_alone(evaluation):
    attempt = arrange.answered(evaluation)
    zombie = arrange.judging(attempt)
    arrange.expire(zombie)
    reconcile.expire_leases(retry_base=0)
    heir = arrange.judging(attempt, worker="j2")
    assert arrange.settle_verdict(heir, Judgement(verdict=Verdict.WRONG_ANSWER))
    assert not arrange.settle_verdict(zombie, Judgement(verdict=Verdict.PASSED))
    arrange.settle_broken(zombie, "late")
    assert VerdictRecord.objects.get().verdict == "wrong_answer"
    assert Attempt.objects.get(pk=attempt.pk).state == "judged"


@in_threads
def test_of_many_judges_that_hear_the_same_message_one_gets_the_reply(wired):
    evaluation = arrange.started(arrange.board(private=1, public=1))
    attempt = arrange.answered(evaluation)
    assert Wake.objects.filter(step="judge", target=str(attempt.pk)).count() == 1

    def take_reply(name: int):
        try:
            return arrange.claim_reply(attempt.pk, worker=f"j{name}")
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        claims = [claim for claim in pool.map(take_reply, range(6)) if claim]
    assert len(claims) == 1
