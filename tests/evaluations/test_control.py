"""Cancel, pause and resume: nothing charged twice, nothing lost, nothing back from the dead."""

from __future__ import annotations

import pytest

from benchserver import wiring
from benchserver.audit.models import Event
from benchserver.core.engine.facts import Limits
from benchserver.core.errors import NotAllowed
from benchserver.core.verdict import FaultKind, Verdict
from benchserver.evaluations import judge
from benchserver.evaluations.control import cancel, pause, resume
from benchserver.evaluations.models import (
    Attempt,
    Budget,
    Evaluation,
    Exposure,
    FaultRecord,
    Send,
    VerdictRecord,
    Wake,
)
from benchserver.evaluations.queries import describe
from benchserver.evaluations.reconcile import end_stranded
from benchserver.evaluations.request import request
from benchserver.evaluations.score import finish
from benchserver.pools import rotate
from benchserver.pools.models import Rotation
from benchserver.providers.models import Endpoint
from tests import arrange

pytestmark = pytest.mark.django_db


def broken(evaluation, *, code: str = "server_error", unknown: int = 0) -> Attempt:
    """An attempt that was sent and ended in an endpoint fault."""
    claim, _ = arrange.sent(evaluation)
    attempt = Attempt.objects.select_related("evaluation").get(pk=claim.attempt_id)
    attempt.unknown_sends, attempt.refused_sends = unknown, 6
    arrange.fault(attempt, kind=FaultKind.ENDPOINT, code=code)
    return attempt


def ended(evaluation) -> Evaluation:
    """One verdict, one refused, one used up, one whose judging broke: all that may happen."""
    arrange.judged(evaluation)
    broken(evaluation)
    broken(evaluation, unknown=2)
    attempt = arrange.answered(evaluation)
    for _ in range(3):
        arrange.settle_broken(arrange.judging(attempt), "sandbox_gone")
    assert finish(evaluation_id=evaluation.pk, sealer=wiring.sealer()) == "incomplete"
    evaluation.refresh_from_db()
    return evaluation


def states(evaluation) -> list[str]:
    return sorted(evaluation.attempts.values_list("state", flat=True))


def test_a_resumed_evaluation_goes_on_with_the_same_attempts(evaluation):
    ended(evaluation)
    attempts = set(evaluation.attempts.values_list("pk", flat=True))
    exposures = list(Exposure.objects.order_by("pk").values())
    sends = Send.objects.count()
    Wake.objects.all().delete()
    resume(evaluation=evaluation, by="test")
    evaluation.refresh_from_db()
    assert (evaluation.state, evaluation.round, evaluation.ended_at) == ("running", 2, None)
    assert set(evaluation.attempts.values_list("pk", flat=True)) == attempts
    # the verdict stands, the refused one may go again, what has a reply is only judged, and what
    # used its two sends of unknown outcome stays faulted
    assert states(evaluation) == ["faulted", "generated", "judged", "ready"]
    assert Attempt.objects.get(state="faulted").unknown_sends == 2
    assert Attempt.objects.get(state="ready").refused_sends == 0
    # nothing is charged again: no exposure, no send, no quota
    assert list(Exposure.objects.order_by("pk").values()) == exposures
    assert Send.objects.count() == sends
    assert Evaluation.objects.count() == 1
    kept = Attempt.objects.get(state="generated")
    assert Wake.objects.filter(step="judge", target=str(kept.pk)).exists()


def test_a_reply_from_before_the_resume_is_judged_and_never_asked_for_again(evaluation):
    ended(evaluation)
    resume(evaluation=evaluation, by="test")
    kept = Attempt.objects.get(state="generated")
    arrange.settle_verdict(arrange.judging(kept), judge.Judgement(verdict=Verdict.WRONG_ANSWER))
    assert VerdictRecord.objects.get(attempt=kept).verdict == "wrong_answer"
    assert kept.sends.count() == 1
    assert FaultRecord.objects.filter(attempt=kept, round=1).exists()  # its history stays


def test_a_resume_that_faults_again_has_a_fault_per_round(evaluation):
    ended(evaluation)
    resume(evaluation=evaluation, by="test")
    evaluation.refresh_from_db()
    again = broken(evaluation)
    assert sorted(FaultRecord.objects.filter(attempt=again).values_list("round", flat=True)) == [
        1,
        2,
    ]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda e: Endpoint.objects.update(state="paused"), "endpoint_not_active"),
        (lambda e: Endpoint.objects.update(revision=7), "endpoint_changed"),
        (lambda e: rotate.close_rotation(rotation=e.rotation, by="test"), "rotation_closed"),
        (lambda e: Evaluation.objects.update(state="running"), "bad_state"),
    ],
)
def test_a_resume_is_refused_and_changes_nothing_when(evaluation, change, code):
    ended(evaluation)
    change(evaluation)
    before = arrange.row_counts(), states(evaluation)
    with pytest.raises(NotAllowed) as refusal:
        resume(evaluation=evaluation, by="test")
    assert refusal.value.code == code
    assert (arrange.row_counts(), states(evaluation)) == before


def test_when_every_attempt_is_used_up_there_is_nothing_to_resume(wired):
    evaluation = arrange.started(arrange.board(private=2, public=0))
    broken(evaluation, unknown=2)
    broken(evaluation, unknown=2)
    finish(evaluation_id=evaluation.pk, sealer=wiring.sealer())
    with pytest.raises(NotAllowed) as refusal:
        resume(evaluation=evaluation, by="test")
    assert refusal.value.code == "nothing_to_resume"


def test_a_cancelled_evaluation_keeps_its_verdicts_and_its_accounts(evaluation):
    arrange.judged(evaluation)
    arrange.sent(evaluation)
    cancel(evaluation=evaluation, by="test")
    assert states(evaluation) == ["cancelled", "cancelled", "cancelled", "judged"]
    assert Send.objects.count() == 2
    # what was met stays charged, what was only reserved is given back
    assert Exposure.objects.exclude(first_sent_at=None).count() == Exposure.objects.count() == 2
    evaluation.refresh_from_db()
    assert (evaluation.state, evaluation.log_index is not None) == ("cancelled", True)
    assert finish(evaluation_id=evaluation.pk, sealer=wiring.sealer()) is None


@pytest.mark.parametrize("state", ["complete", "cancelled"])
def test_what_has_ended_for_good_is_neither_cancelled_nor_resumed(evaluation, state):
    if state == "complete":
        arrange.completed(evaluation, lambda _: Verdict.PASSED)
    else:
        cancel(evaluation=evaluation, by="test")
    for verb in (cancel, resume):
        with pytest.raises(NotAllowed) as refusal:
            verb(evaluation=evaluation, by="test")
        assert refusal.value.code == "bad_state"


def test_an_incomplete_evaluation_may_be_given_up(evaluation):
    ended(evaluation)
    cancel(evaluation=evaluation, by="test")
    assert states(evaluation) == ["cancelled", "cancelled", "cancelled", "judged"]


def test_a_spent_budget_is_raised_by_the_resume_and_what_was_spent_stays_counted(stage):
    evaluation = request(
        endpoint=arrange.endpoint(), track=stage.track, by="t", limits=Limits(max_requests=1)
    )
    arrange.judged(evaluation)
    claims = [arrange.claimed(evaluation) for _ in range(3)]
    assert [arrange.authorise(claim) for claim in claims] == [None] * 3
    assert finish(evaluation_id=evaluation.pk, sealer=wiring.sealer()) == "incomplete"
    evaluation.refresh_from_db()
    told = describe(evaluation)
    assert told.fault_codes == {"budget_spent": 3}
    assert "Its budget is spent." in told.reason
    resume(evaluation=evaluation, by="t", limits=Limits(max_requests=3))
    arrange.judged(evaluation)
    arrange.judged(evaluation)
    assert arrange.authorise(arrange.claimed(evaluation)) is None
    assert Budget.objects.get().requests == Send.objects.count() == 3


OPERATOR = Evaluation.Pauser.OPERATOR


def test_a_pause_says_since_when_by_whom_and_until_when(evaluation):
    arrange.sent(evaluation)
    pause(evaluation=evaluation, by="test")
    evaluation.refresh_from_db()
    told = describe(evaluation)
    assert (told.state, told.paused_by, told.queue_position) == ("running", "provider", None)
    assert told.expected_end is None
    assert told.reason.startswith("Paused by you since ")
    assert "1 calls in flight end by themselves" in told.reason
    assert f"{evaluation.rotation.closes_at:%Y-%m-%d %H:%M} UTC" in told.reason
    assert arrange.claim_next(evaluation.endpoint_id) is None
    resume(evaluation=evaluation, by="test")
    evaluation.refresh_from_db()
    assert (describe(evaluation).paused_by, evaluation.round) == ("", 1)
    assert arrange.claimed(evaluation)


def test_a_pause_charges_and_returns_nothing(evaluation):
    arrange.judged(evaluation)
    exposures = list(Exposure.objects.order_by("pk").values())
    pause(evaluation=evaluation, by="test")
    pause(evaluation=evaluation, by="test")
    resume(evaluation=evaluation, by="test", limits=Limits(max_requests=2))
    assert list(Exposure.objects.order_by("pk").values()) == exposures
    assert Budget.objects.get().requests == 0
    verbs = Event.objects.filter(verb__in=("evaluation.paused", "evaluation.resumed"))
    assert sorted(verbs.values_list("verb", flat=True)) == [
        "evaluation.paused",
        "evaluation.resumed",
    ]
    wakes = Wake.objects.filter(step="generate", target=str(evaluation.endpoint_id)).count()
    assert wakes >= 3


def test_only_the_operator_lifts_the_operators_pause(evaluation):
    pause(evaluation=evaluation, by="test")
    pause(evaluation=evaluation, by="admin", who=OPERATOR)
    pause(evaluation=evaluation, by="test")
    evaluation.refresh_from_db()
    assert evaluation.paused_by == "operator"
    assert "Paused by the operator" in describe(evaluation).reason
    with pytest.raises(NotAllowed) as refusal:
        resume(evaluation=evaluation, by="test")
    assert refusal.value.code == "paused_by_operator"
    resume(evaluation=evaluation, by="admin", who=OPERATOR)
    evaluation.refresh_from_db()
    assert (evaluation.paused_at, evaluation.paused_by) == (None, "")


def test_what_is_unsent_when_the_window_closes_on_a_pause_ends_with_a_fault(evaluation):
    arrange.judged(evaluation)
    pause(evaluation=evaluation, by="test")
    rotate.close_rotation(rotation=evaluation.rotation, by="test")
    Rotation.objects.update(closes_at=rotate.database_now())
    assert end_stranded() == 3
    assert finish(evaluation_id=evaluation.pk, sealer=wiring.sealer()) == "incomplete"
    evaluation.refresh_from_db()
    told = describe(evaluation)
    assert (told.paused_by, told.fault_codes) == ("", {"rotation_closed": 3})


def test_a_paused_evaluation_is_cancelled_and_gives_back_what_it_reserved(evaluation):
    arrange.sent(evaluation)
    pause(evaluation=evaluation, by="test")
    cancel(evaluation=evaluation, by="test")
    assert Exposure.objects.count() == 1
    with pytest.raises(NotAllowed) as refusal:
        pause(evaluation=evaluation, by="test")
    assert refusal.value.code == "bad_state"


def test_a_paused_evaluation_holds_nobody_up(stage):
    older = arrange.started(stage)
    Evaluation.objects.filter(pk=older.pk).update(state="incomplete")
    newer = request(endpoint=older.endpoint, track=stage.track, by="test")
    Evaluation.objects.filter(pk=older.pk).update(state="running")
    assert describe(newer).queue_position == 2
    pause(evaluation=older, by="test")
    assert describe(newer).queue_position == 1
    assert arrange.attempt_of(arrange.claimed(newer)).evaluation_id == newer.pk
