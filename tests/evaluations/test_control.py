"""Cancel and resume: nothing charged twice, nothing lost, nothing brought back from the dead."""

from __future__ import annotations

import pytest

from benchserver import wiring
from benchserver.core.engine.facts import Limits
from benchserver.core.errors import NotAllowed
from benchserver.core.verdict import FaultKind, Verdict
from benchserver.evaluations import judge
from benchserver.evaluations.control import cancel, resume
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
from benchserver.evaluations.request import request
from benchserver.evaluations.score import finish
from benchserver.pools import rotate
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
