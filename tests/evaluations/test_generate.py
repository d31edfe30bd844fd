"""Generation over real HTTP: written ahead, counted once, every failure by its own path."""

from __future__ import annotations

import threading
import time
from uuid import UUID

import pytest
from django.db import connection

from benchserver import wiring
from benchserver.core.engine import sending
from benchserver.core.engine.rules import cost_micro_usd
from benchserver.core.errors import BadInput
from benchserver.core.protocol import Protocol
from benchserver.evaluations import generate, opened, reconcile
from benchserver.evaluations.control import cancel
from benchserver.evaluations.models import (
    Attempt,
    Budget,
    Exposure,
    FaultRecord,
    Lane,
    Reply,
    Send,
    VerdictRecord,
    Wake,
)
from benchserver.evaluations.queries import describe
from benchserver.evaluations.request import request
from benchserver.evaluations.score import fault_counts
from benchserver.pools import rotate
from benchserver.pools.models import TaskVersion
from benchserver.providers.models import Endpoint
from benchserver.providers.register import change_endpoint, delete_endpoint
from tests import arrange, factories
from tests.flows.engine import generation
from tests.wired import solve

pytestmark = pytest.mark.django_db


@pytest.fixture
def one(wired):
    """A board of a single task: every call works on the same attempt."""
    return arrange.board(private=1, public=0)


def go(evaluation) -> generate.Worked | None:
    """One call of the verb, as the job does it, with every pause over."""
    arrange.due(evaluation)
    return generate.generate_next(
        endpoint_id=evaluation.endpoint_id, worker="w1", engines=generation(arrange.POLICY)
    )


def only(evaluation) -> Attempt:
    return evaluation.attempts.get()


def outcomes() -> list[str]:
    return list(Send.objects.order_by("ordinal").values_list("outcome", flat=True))


@pytest.mark.django_db(transaction=True)
def test_when_the_request_arrives_its_send_and_exposure_are_already_committed(wired, scripted):
    evaluation_of: list = []
    seen: list[tuple] = []

    def reply(prompt: str):
        # the server's own thread and connection: it sees what is committed and nothing else
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT s.outcome, a.state, x.first_sent_at IS NOT NULL"
                " FROM evaluations_send s JOIN evaluations_attempt a ON a.id = s.attempt_id"
                " JOIN pools_formentry f ON f.id = a.entry_id"
                " JOIN evaluations_exposure x ON x.version_id = f.version_id"
            )
            seen.extend(cursor.fetchall())
        connection.close()
        return solve(prompt)

    server = scripted(reply)
    evaluation = arrange.started(arrange.board(private=1, public=0), server.url)
    evaluation_of.append(evaluation)
    go(evaluation)
    assert seen == [("pending", "sent", True)]
    assert [key for key, _ in server.log] == [str(only(evaluation).pk)]


def test_an_answer_is_kept_sealed_priced_and_waits_for_its_judge(one, scripted):
    evaluation = arrange.started(one, scripted(solve).url)
    go(evaluation)
    send, kept = Send.objects.get(), Reply.objects.get()
    assert (send.outcome, send.tokens_in, send.tokens_out, send.cost_micro_usd) == (
        "answered",
        11,
        7,
        11 + 2 * 7,
    )
    assert b"shift_1" not in bytes(kept.sealed)
    assert only(evaluation).state == "generated"
    assert Wake.objects.filter(step="judge", target=str(kept.attempt_id)).count() == 1


def test_a_cost_is_rounded_up_and_unknown_without_a_price(one):
    evaluation = arrange.started(one)
    evaluation.price_in, evaluation.price_out = 1, 0
    assert (
        cost_micro_usd(evaluation.price_in, evaluation.price_out, tokens_in=1, tokens_out=99) == 1
    )
    assert (
        cost_micro_usd(evaluation.price_in, evaluation.price_out, tokens_in=2_000_000, tokens_out=0)
        == 2
    )
    evaluation.price_out = None
    assert (
        cost_micro_usd(evaluation.price_in, evaluation.price_out, tokens_in=1, tokens_out=1) is None
    )


def test_a_429_rests_the_whole_endpoint_as_long_as_it_asked(wired, scripted):
    stage = arrange.board(private=2, public=0)
    evaluation = arrange.started(stage, scripted(lambda _: (429, {"Retry-After": "40"})).url)
    before = rotate.database_now()
    go(evaluation)
    lane = Lane.objects.get()
    assert 30 < (lane.resting_until - before).total_seconds() < 60
    assert lane.rest_reason == "rate_limited"
    # the other attempt is due and waits with it; nothing is burnt
    Attempt.objects.update(next_at="2000-01-01T00:00:00Z")
    assert (
        generate.generate_next(
            endpoint_id=evaluation.endpoint_id, worker="w", engines=generation(arrange.POLICY)
        )
        is None
    )
    assert outcomes() == ["refused"]
    assert not FaultRecord.objects.exists()
    assert Attempt.objects.get(refused_sends=1).unknown_sends == 0
    assert "Resting until" in describe(evaluation).reason


def test_a_success_in_flight_does_not_end_the_rest_the_endpoint_asked_for(wired, scripted):
    evaluation = arrange.started(
        arrange.board(private=2, public=0), scripted(lambda _: (429, {"Retry-After": "40"})).url
    )
    earlier, send = arrange.sent(evaluation)
    go(evaluation)
    until = Lane.objects.get().resting_until
    arrange.settle_reply(earlier, send, arrange.reply())
    assert Lane.objects.get().resting_until == until


def test_six_refusals_may_be_sent_again_and_the_seventh_is_an_endpoint_fault(one, scripted):
    evaluation = arrange.started(one, scripted(lambda _: (503, {})).url)
    for _ in range(6):
        go(evaluation)
        assert only(evaluation).state == "ready"
    go(evaluation)
    assert only(evaluation).state == "faulted"
    assert outcomes() == ["refused"] * 7
    fault = FaultRecord.objects.get()
    assert (fault.kind, fault.code) == ("endpoint_fault", "overloaded")
    assert go(evaluation) is None
    assert Send.objects.filter(cause="overloaded").count() == 6  # each further send has a cause
    assert Exposure.objects.count() == 1


@pytest.mark.parametrize(
    "reply", [lambda _: None, lambda _: (200, {})], ids=["cut", "not its JSON"]
)
def test_two_sends_of_unknown_outcome_are_the_end_and_there_is_never_a_third(one, scripted, reply):
    server = scripted(reply)
    evaluation = arrange.started(one, server.url)
    go(evaluation)
    assert only(evaluation).state == "ambiguous"
    go(evaluation)
    assert only(evaluation).state == "faulted"
    assert go(evaluation) is None
    assert len(server.log) == Send.objects.count() == 2
    assert FaultRecord.objects.get().kind == "endpoint_fault"
    assert not VerdictRecord.objects.exists()


def test_a_refusal_between_keeps_the_mark_of_the_unknown_send(one, scripted):
    said = [None, (503, {}), None]
    evaluation = arrange.started(one, scripted(lambda _: said.pop(0)).url)
    for state in ("ambiguous", "ambiguous", "faulted"):
        go(evaluation)
        assert only(evaluation).state == state
    assert outcomes() == ["unknown", "refused", "unknown"]


def test_an_endpoint_that_cannot_be_reached_is_tried_five_times_more_and_bills_nothing(
    one, scripted
):
    server = scripted(solve)
    evaluation = arrange.started(one, server.url)
    server.close()
    for _ in range(5):
        go(evaluation)
        assert only(evaluation).state == "ready"
    go(evaluation)
    assert only(evaluation).state == "faulted"
    assert set(outcomes()) == {"not_sent"}
    assert only(evaluation).unknown_sends == 0


def test_a_400_is_a_fault_at_once(one, scripted):
    evaluation = arrange.started(one, scripted(lambda _: (400, {})).url)
    go(evaluation)
    assert outcomes() == ["rejected"]
    assert FaultRecord.objects.get().code == "bad_request"


@pytest.mark.parametrize("status", [401, 403, 404])
def test_an_unwelcome_pauses_the_endpoint_and_a_new_key_wakes_it(one, scripted, status):
    said = [(status, {})]
    evaluation = arrange.started(one, scripted(lambda p: said.pop() if said else solve(p)).url)
    go(evaluation)
    evaluation.endpoint.refresh_from_db()
    assert evaluation.endpoint.state == "paused"
    assert only(evaluation).state == "ready"
    assert not FaultRecord.objects.exists()
    assert go(evaluation) is None
    assert f"({evaluation.endpoint.pause_reason})" in describe(evaluation).reason
    Wake.objects.all().delete()  # the start's wake-ups were published long ago
    assert reconcile.wake_due() == 0
    factories.admitted(
        change_endpoint(
            endpoint=evaluation.endpoint,
            changes={},
            api_key="another-key",
            sealer=wiring.sealer(),
            check_address=wiring.check_address,
            by="test",
        )
    )
    assert reconcile.wake_due() == 1
    go(evaluation)
    assert only(evaluation).state == "generated"


@pytest.mark.parametrize("well", [True, False])
def test_a_missed_deadline_is_the_models_only_while_the_endpoint_is_well(wired, scripted, well):
    stage = arrange.board(private=1, public=0, deadline=1)
    released = threading.Event()

    def reply(prompt: str):
        if "shift_" in prompt:
            released.wait(10)
            return None
        return "ready" if well else None

    evaluation = arrange.started(stage, scripted(reply).url)
    go(evaluation)
    released.set()
    if well:
        assert VerdictRecord.objects.get().verdict == "time_limit"
        assert only(evaluation).state == "judged"
        # a verdict is no fault, also not on the board's fault column (D11)
        assert fault_counts(evaluation) == {"endpoint": 0, "platform": 0}
        assert Lane.objects.get().failures == 0
    else:
        assert not VerdictRecord.objects.exists()
        assert only(evaluation).state == "ambiguous"
        assert fault_counts(evaluation) == {"endpoint": 1, "platform": 0}
    assert outcomes() == ["unknown"]


def test_a_reply_after_the_lease_was_lost_books_its_cost_and_nothing_else(one):
    evaluation = arrange.started(one)
    late, send = arrange.sent(evaluation)
    arrange.expire(late)
    reconcile.expire_leases(retry_base=0)
    arrange.due(evaluation)
    heir, _ = arrange.sent(evaluation, worker="w2")
    assert not arrange.settle_reply(late, send, arrange.reply("late"))
    send.refresh_from_db()
    assert (send.outcome, send.cost_micro_usd) == ("answered", 10 + 2 * 20)
    assert not Reply.objects.exists()
    assert arrange.attempt_of(heir).state == "sent"


def test_five_failures_in_a_row_rest_the_endpoint_and_a_success_ends_that(wired, scripted):
    stage = arrange.board(private=6, public=0)
    evaluation = arrange.started(stage, scripted(lambda _: (500, {})).url)
    earlier, send = arrange.sent(evaluation)
    for _ in range(5):
        go(evaluation)
    assert Lane.objects.get().resting_until is not None
    assert Lane.objects.get().failures == 5
    arrange.settle_reply(earlier, send, arrange.reply())
    assert (Lane.objects.get().resting_until, Lane.objects.get().failures) == (None, 0)


def nothing_leaves(evaluation, server, *, before: list) -> Attempt:
    """Claim, then change the world, then authorise: nothing may be sent any more."""
    claim = arrange.claimed(evaluation)
    for change in before:
        change()
    assert arrange.authorise(claim) is None
    assert server.log == []
    assert not Send.objects.exists()
    assert not Exposure.objects.exclude(first_sent_at=None).exists()
    return arrange.attempt_of(claim)


def test_cancelled_before_the_send_nothing_leaves(one, scripted):
    server = scripted(solve)
    evaluation = arrange.started(one, server.url)
    attempt = nothing_leaves(
        evaluation, server, before=[lambda: cancel(evaluation=evaluation, by="test")]
    )
    assert attempt.state == "cancelled"


def test_cancelled_after_the_row_but_before_the_first_byte_nothing_leaves(one, scripted):
    server = scripted(solve)
    evaluation = arrange.started(one, server.url)
    claim, send = arrange.sent(evaluation)
    found = opened.for_prompt(claim.attempt_id)
    prepared = generate._prepare(found, "w1", generation(arrange.POLICY))
    cancel(evaluation=evaluation, by="test")
    arrange.exchange(claim, send, prepared)
    assert server.log == []
    assert outcomes() == ["not_sent"]
    assert only(evaluation).state == "cancelled"
    assert Lane.objects.get().failures == 0


def test_a_lease_that_ran_out_before_the_first_byte_is_not_the_endpoints_failure(one, scripted):
    server = scripted(solve)
    evaluation = arrange.started(one, server.url)
    claim, send = arrange.sent(evaluation)
    found = opened.for_prompt(claim.attempt_id)
    prepared = generate._prepare(found, "w1", generation(arrange.POLICY))
    arrange.expire(claim)
    arrange.exchange(claim, send, prepared)
    assert server.log == []
    assert only(evaluation).state == "ready"
    assert Lane.objects.get().failures == 0


def test_nothing_leaves_after_the_rotation_closed(one, scripted):
    server = scripted(solve)
    evaluation = arrange.started(one, server.url)
    close = [lambda: rotate.close_rotation(rotation=one.rotation, by="test")]
    attempt = nothing_leaves(evaluation, server, before=close)
    assert (attempt.state, attempt.reason) == ("faulted", "rotation_closed")


def mended(evaluation, **changes) -> None:
    """The provider changes the endpoint, and it is admitted anew."""
    endpoint = change_endpoint(
        endpoint=evaluation.endpoint,
        changes=changes,
        api_key=None,
        sealer=wiring.sealer(),
        check_address=wiring.check_address,
        by="test",
    )
    factories.admitted(endpoint)


def test_after_its_first_reply_a_changed_endpoint_is_another_endpoint(wired, scripted):
    server = scripted(solve)
    evaluation = arrange.started(arrange.board(private=2, public=0), server.url)
    arrange.answered(evaluation)
    claim = arrange.claimed(evaluation)
    mended(evaluation, wire_model="a-better-one")
    assert arrange.authorise(claim) is None
    attempt = arrange.attempt_of(claim)
    assert (attempt.state, attempt.reason) == ("faulted", "endpoint_changed")
    assert server.log == []


def test_an_address_mended_before_the_first_reply_is_the_one_that_is_evaluated(one, scripted):
    wrong, right = scripted(lambda _: (404, {})), scripted(solve)
    evaluation = arrange.started(one, wrong.url)
    go(evaluation)
    mended(evaluation, base_url=right.url)
    go(evaluation)
    evaluation.refresh_from_db()
    assert evaluation.endpoint_revision == 2
    assert only(evaluation).state == "generated"
    assert (len(wrong.log), len(right.log)) == (1, 1)


def test_what_was_opened_before_a_change_is_not_sent(one, scripted):
    evaluation = arrange.started(one, scripted(solve).url)
    claim = arrange.claimed(evaluation)
    mended(evaluation, wire_model="another")
    old = sending.authorise(arrange.engine(), claim=claim, prepared_for=1)
    assert old is None
    assert not Send.objects.exists()
    assert arrange.attempt_of(claim).state == "ready"
    go(evaluation)
    assert only(evaluation).state == "generated"


def test_while_a_send_to_the_old_address_flies_nothing_goes_to_the_new_one(wired, scripted):
    evaluation = arrange.started(arrange.board(private=2, public=0), scripted(solve).url)
    arrange.sent(evaluation)
    claim = arrange.claimed(evaluation)
    mended(evaluation, wire_model="another")
    assert arrange.authorise(claim) is None
    attempt = arrange.attempt_of(claim)
    assert (attempt.state, attempt.reason) == ("ready", "endpoint_changed")


def test_after_the_rest_a_public_canary_goes_first_and_no_task(wired, scripted):
    well: list[str] = []
    server = scripted(lambda p: "ready" if well and "shift_" not in p else (500, {}))
    evaluation = arrange.started(arrange.board(private=9, public=0), server.url)
    for _ in range(5):
        go(evaluation)
    sends = Send.objects.count()
    again = arrange.claim_next(evaluation.endpoint_id)  # no rest here: base 0
    assert again is None
    Lane.objects.update(probe_until=None, resting_until=None)
    assert generate_as_it_is(evaluation) is None  # the canary fails: still open
    assert Lane.objects.get().broken
    well.append("now")
    Lane.objects.update(resting_until=None)
    assert generate_as_it_is(evaluation) is None
    assert not Lane.objects.get().broken
    assert Send.objects.count() == sends
    assert Wake.objects.filter(step="generate").count() >= 4


def generate_as_it_is(evaluation) -> UUID | None:
    return generate.generate_next(
        endpoint_id=evaluation.endpoint_id, worker="w1", engines=generation(arrange.POLICY)
    )


def test_an_error_that_ended_three_attempts_ends_the_next_ones_at_once(wired, scripted):
    server = scripted(lambda _: (500, {}))
    evaluation = arrange.started(arrange.board(private=6, public=0), server.url)
    while go(evaluation) is not None:
        pass
    assert set(FaultRecord.objects.values_list("code", flat=True)) == {"server_error"}
    assert FaultRecord.objects.count() == 6
    # all six had been tried a few times when the third ended; none was tried on after that
    assert len(server.log) < 6 * 7
    assert Send.objects.count() == len(server.log)


@pytest.mark.parametrize(
    ("limit", "sends"),
    [({"max_requests": 2}, 2), ({"max_tokens": 18}, 1), ({"max_micro_usd": 1}, 1)],
)
def test_a_spent_budget_is_not_sent_beyond_and_a_resume_with_more_goes_on(
    wired, scripted, limit, sends
):
    server = scripted(solve)
    evaluation = arrange.started(arrange.board(private=4, public=0), server.url)
    Budget.objects.create(evaluation=evaluation, **limit)
    while go(evaluation) is not None:
        pass
    assert len(server.log) == Send.objects.count() == sends
    assert set(FaultRecord.objects.values_list("code", flat=True)) == {"budget_spent"}
    assert Budget.objects.get().tokens == 18 * sends


def test_a_deleted_endpoint_is_sent_nothing(one, scripted):
    server = scripted(solve)
    evaluation = arrange.started(one, server.url)
    gone = [lambda: delete_endpoint(endpoint=evaluation.endpoint, by="test")]
    attempt = nothing_leaves(evaluation, server, before=gone)
    assert (attempt.state, attempt.reason) == ("ready", "endpoint_not_active")


def test_a_prompt_that_cannot_be_opened_is_not_sent_and_says_why(one, scripted):
    server = scripted(solve)
    evaluation = arrange.started(one, server.url)
    from benchserver.audit.keys import shred

    shred(TaskVersion.objects.get().prompt_data_key)
    go(evaluation)
    assert server.log == []
    assert not Send.objects.exists()
    attempt = only(evaluation)
    assert (attempt.state, attempt.reason) == ("ready", "shredded")
    assert attempt.next_at > rotate.database_now()
    assert not FaultRecord.objects.exists()


def test_options_that_no_rule_allows_any_more_pause_the_endpoint_and_burn_nothing(one, scripted):
    server = scripted(solve)
    evaluation = arrange.started(one, server.url)
    Endpoint.objects.update(options={"a_word_of_yesterday": True})
    for _ in range(3):
        go(evaluation)
    attempt = only(evaluation)
    assert (attempt.state, attempt.reason, attempt.fence) == ("ready", "bad_options", 1)
    endpoint = Endpoint.objects.get()
    assert (endpoint.state, endpoint.pause_reason) == ("paused", "bad_options")
    evaluation.refresh_from_db()
    assert "is paused (bad_options); change it to go on" in describe(evaluation).reason
    assert not Send.objects.exists()
    assert server.log == []
    mended = {"options": {}}
    change_endpoint(
        endpoint=endpoint,
        changes=mended,
        api_key=None,
        sealer=wiring.sealer(),
        check_address=wiring.check_address,
        by="test",
    )
    Endpoint.objects.update(state="active")
    go(evaluation)
    assert only(evaluation).state == "generated"


def test_a_canary_that_no_rule_allows_any_more_pauses_the_endpoint(one, scripted):
    server = scripted(lambda _: (500, {}))
    evaluation = arrange.started(one, server.url)
    for _ in range(5):
        go(evaluation)
    asked = len(server.log)
    Endpoint.objects.update(options={"a_word_of_yesterday": True})
    Lane.objects.update(probe_until=None, resting_until=None)
    assert generate_as_it_is(evaluation) is None
    assert Endpoint.objects.get().pause_reason == "bad_options"
    assert Lane.objects.get().probe_until is None
    assert len(server.log) == asked


def test_a_task_our_own_rules_refuse_is_our_fault_at_once_and_not_tried_for_ever(
    one, scripted, monkeypatch
):
    def refuse(spec: object) -> str:
        raise BadInput("no template for it", place="language")

    monkeypatch.setattr(generate, "wrap_prompt", refuse)
    server = scripted(solve)
    evaluation = arrange.started(one, server.url)
    go(evaluation)
    assert only(evaluation).state == "faulted"
    fault = FaultRecord.objects.get()
    assert (fault.kind, fault.code) == ("platform_fault", "unreadable")
    assert not Send.objects.exists()
    assert Endpoint.objects.get().state == "active"


@pytest.mark.parametrize("deadline", [20, 900])
def test_a_claim_is_held_as_long_as_its_own_deadline_needs(one, deadline):
    evaluation = arrange.started(one)
    evaluation.protocol_payload = Protocol(deadline_seconds=deadline).to_payload()
    evaluation.save()
    assert arrange.claim_next(evaluation.endpoint_id, hold=60) is not None
    left = only(evaluation).hold_until - rotate.database_now()
    assert deadline < left.total_seconds() <= deadline + 60


def test_an_endpoint_without_work_is_left_alone(one):
    idle = arrange.endpoint()
    began = time.monotonic()
    assert (
        generate.generate_next(endpoint_id=idle.pk, worker="w", engines=generation(arrange.POLICY))
        is None
    )
    request(endpoint=idle, track=one.track, by="test")
    assert time.monotonic() - began < 10
