"""Second opinions: agreement is recorded, who stands alone is taken out, nothing is made void."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import IntegrityError, transaction

from benchserver import wiring
from benchserver.audit.models import Event
from benchserver.core.engine.policy import EnginePolicy
from benchserver.core.errors import PlatformFault
from benchserver.core.verdict import Judgement, Verdict
from benchserver.evaluations import judge, opinions, recheck
from benchserver.evaluations.models import (
    Attempt,
    SecondOpinion,
    SuspendedWorker,
    VerdictRecord,
    Wake,
)
from tests import arrange
from tests.wired import solve

pytestmark = pytest.mark.django_db
ALWAYS = EnginePolicy(lease_seconds=120, retry_base_seconds=0, double_judging_share=100)
NEVER = EnginePolicy(lease_seconds=120, retry_base_seconds=0)


def engines(verdict: Verdict | Exception, policy: EnginePolicy = ALWAYS) -> judge.Engines:
    def judging(task, code):
        if isinstance(verdict, Exception):
            raise verdict
        return Judgement(verdict=verdict, isolation="test full")

    return judge.Engines(judging=judging, opener=wiring.opener(), policy=policy)


@pytest.fixture
def judged(evaluation) -> Callable[..., Attempt]:
    """An attempt that machine ``a`` has judged."""

    def make(verdict: Verdict = Verdict.PASSED, policy: EnginePolicy = ALWAYS) -> Attempt:
        attempt = arrange.answered(evaluation, solve("shift_1"))
        Attempt.objects.filter(pk=attempt.pk).update(next_at="2000-01-01T00:00:00Z")
        judge.judge_attempt(attempt_id=attempt.pk, worker="a:1:x", engines=engines(verdict, policy))
        return attempt

    return make


def again(attempt: Attempt, machine: str, verdict: Verdict | Exception) -> bool:
    worker = f"{machine}:7:y"
    return recheck.recheck_attempt(attempt_id=attempt.pk, worker=worker, engines=engines(verdict))


def verbs() -> list[str]:
    found = Event.objects.order_by("pk").values_list("verb", flat=True)
    return [verb for verb in found if verb.startswith(("judging.", "worker."))]


def test_without_a_share_nobody_is_asked(judged):
    judged(policy=NEVER)
    assert not SecondOpinion.objects.exists()


def test_another_machine_agrees_and_nothing_else_happens(judged):
    attempt = judged()
    assert Wake.objects.filter(step="recheck", target=str(attempt.pk)).count() == 1
    assert not again(attempt, "a", Verdict.PASSED), "not the machine that judged"
    assert again(attempt, "b", Verdict.PASSED)
    opinion = SecondOpinion.objects.get()
    assert (opinion.state, opinion.second_worker, opinion.odd_worker) == ("agreed", "b", "")
    assert not again(attempt, "c", Verdict.WRONG_ANSWER)
    assert verbs() == []


@pytest.mark.parametrize(("third", "odd"), [(Verdict.PASSED, "b"), (Verdict.WRONG_ANSWER, "a")])
def test_the_machine_that_stands_alone_is_taken_out_and_the_verdict_stays(judged, third, odd):
    attempt = judged(Verdict.PASSED)
    again(attempt, "b", Verdict.WRONG_ANSWER)
    assert SecondOpinion.objects.get().state == "disputed"
    assert not again(attempt, "b", third), "both are suspect"
    assert again(attempt, "c", third)
    opinion = SecondOpinion.objects.get()
    assert (opinion.state, opinion.odd_worker) == ("settled", odd)
    assert [worker.name for worker in opinions.suspended()] == [odd]
    assert VerdictRecord.objects.get().verdict == "passed"
    assert verbs() == ["judging.disputed", "judging.settled", "worker.suspended"]
    facts = Event.objects.get(verb="judging.settled").facts
    assert facts["odd"] == odd
    assert "passed" not in str(facts)
    assert "wrong" not in str(facts)


def test_three_verdicts_of_three_machines_are_for_people(judged):
    attempt = judged(Verdict.PASSED)
    again(attempt, "b", Verdict.WRONG_ANSWER)
    again(attempt, "c", Verdict.TIME_LIMIT)
    assert SecondOpinion.objects.get().state == "undecided"
    assert not SuspendedWorker.objects.exists()
    assert verbs() == ["judging.disputed", "judging.undecided"]


def test_a_machine_that_is_taken_out_judges_nothing_until_it_is_let_back(evaluation):
    attempt = arrange.answered(evaluation, solve("shift_1"))
    out = SuspendedWorker.objects.create(name="a", reason="test", attempt=attempt)
    Attempt.objects.filter(pk=attempt.pk).update(next_at="2000-01-01T00:00:00Z")

    def run(worker: str) -> str:
        judge.judge_attempt(
            attempt_id=attempt.pk, worker=worker, engines=engines(Verdict.PASSED, NEVER)
        )
        return Attempt.objects.get(pk=attempt.pk).state

    assert run("a:1:x") == "generated"
    opinions.let_back(worker=out, by="admin boss")
    assert run("a:2:y") == "judged"
    assert verbs() == ["worker.let_back"]


def test_failures_of_ours_are_tried_again_and_at_last_given_up_aloud(judged):
    attempt = judged()
    for tries in (1, 2, 3):
        SecondOpinion.objects.update(next_at="2000-01-01T00:00:00Z")
        assert again(attempt, "b", PlatformFault("sandbox_gone"))
        assert SecondOpinion.objects.get().tries == tries
    assert SecondOpinion.objects.get().state == "abandoned"
    assert verbs() == ["judging.abandoned"]


def test_a_lost_claim_changes_nothing(judged):
    attempt = judged()
    first = opinions.claim(attempt_id=attempt.pk, worker="b:1:x")
    assert opinions.claim(attempt_id=attempt.pk, worker="c:1:x") is None, "leased"
    SecondOpinion.objects.update(lease_until="2000-01-01T00:00:00Z")
    second = opinions.claim(attempt_id=attempt.pk, worker="c:1:x")
    opinions.give(claimed=first, worker="b:1:x", verdict="wrong_answer")
    assert SecondOpinion.objects.get().state == "waiting"
    opinions.give(claimed=second, worker="c:1:x", verdict="passed")
    assert SecondOpinion.objects.get().second_worker == "c"


def test_what_waits_is_woken_again_but_not_all_the_time(judged):
    judged()
    Wake.objects.all().delete()
    assert opinions.wake_due() == 1
    assert opinions.wake_due() == 0, "the wake-up is still in the outbox"
    Wake.objects.all().delete()
    assert opinions.wake_due() == 0, "a minute has not passed"


def test_the_database_permits_no_way_back(judged):
    attempt = judged()
    again(attempt, "b", Verdict.PASSED)
    with pytest.raises(IntegrityError), transaction.atomic():
        SecondOpinion.objects.update(state="waiting")
