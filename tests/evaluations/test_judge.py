"""Judging: one verdict per attempt, our failures never a model's zero, the database on guard."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction

from benchserver import wiring
from benchserver.core.errors import PlatformFault
from benchserver.core.lifecycle import ATTEMPT, EVALUATION, AttemptState, EvaluationState
from benchserver.core.verdict import FaultKind, Judgement, Verdict
from benchserver.engines.endpoints.base import StopReason
from benchserver.evaluations import judge
from benchserver.evaluations.models import Attempt, FaultRecord, VerdictRecord
from tests import arrange
from tests.wired import fail, solve

pytestmark = pytest.mark.django_db


def never(task, code):
    raise AssertionError("no sandbox may be started for this reply")


def engines(judging) -> judge.Engines:
    return judge.Engines(judging=judging, opener=wiring.opener(), policy=arrange.POLICY)


def run(attempt: Attempt, judging) -> None:
    Attempt.objects.filter(pk=attempt.pk).update(next_at="2000-01-01T00:00:00Z")
    judge.judge_attempt(attempt_id=attempt.pk, worker="j1", engines=engines(judging))


@pytest.mark.parametrize(
    ("text", "stop", "verdict"),
    [
        ("I would rather talk about the weather.", StopReason.STOP, "no_code"),
        ("", StopReason.REFUSAL, "refused"),
        ("I cannot help with", StopReason.LENGTH, "truncated"),
    ],
)
def test_a_reply_without_code_is_judged_without_a_sandbox(evaluation, text, stop, verdict):
    attempt = arrange.answered(evaluation, text, stop)
    run(attempt, never)
    record = VerdictRecord.objects.get()
    assert (record.verdict, record.isolation) == (verdict, "")


def test_right_and_wrong_programs_get_their_verdict_in_the_real_sandbox(wired):
    evaluation = arrange.started(arrange.board(private=1, public=1))
    prompts = {a.pk: f"shift_{a.entry.version_id}" for a in evaluation.attempts.all()}
    verdicts = []
    for text in (solve, fail):
        claim, send = arrange.sent(evaluation)
        from benchserver.pools import unseal

        version = arrange.attempt_of(claim).entry.version
        shown = unseal.prompt(version=version, opener=wiring.opener(), by="test").statement
        reply = arrange.reply(text(shown))
        arrange.settle_reply(claim, send, reply)
        run(arrange.attempt_of(claim), wiring.judging())
        verdicts.append(VerdictRecord.objects.get(attempt=claim.attempt_id))
    assert [record.verdict for record in verdicts] == ["passed", "wrong_answer"]
    assert all(record.isolation and record.wall_milliseconds for record in verdicts)
    assert len(prompts) == 2


def test_three_failures_of_ours_are_a_platform_fault_and_never_a_verdict(evaluation):
    def broken(task, code):
        raise PlatformFault("sandbox_gone")

    attempt = arrange.answered(evaluation, solve("shift_1"))
    for state in ("generated", "generated", "faulted"):
        run(attempt, broken)
        assert Attempt.objects.get(pk=attempt.pk).state == state
    assert not VerdictRecord.objects.exists()
    fault = FaultRecord.objects.get()
    assert (fault.kind, fault.code) == ("platform_fault", "sandbox_gone")
    run(attempt, never)
    assert FaultRecord.objects.count() == 1


def test_a_failure_of_ours_that_passes_leaves_no_trace_in_the_verdict(evaluation):
    said = [PlatformFault("sandbox_gone"), Judgement(verdict=Verdict.PASSED)]

    def judging(task, code):
        now = said.pop(0)
        if isinstance(now, Exception):
            raise now
        return now

    attempt = arrange.answered(evaluation, solve("shift_1"))
    run(attempt, judging)
    run(attempt, judging)
    assert VerdictRecord.objects.get().verdict == "passed"
    assert not FaultRecord.objects.exists()


def test_a_doubled_message_judges_once(evaluation):
    runs = []

    def judging(task, code):
        runs.append(code)
        # the same message again, while the first is being worked on
        judge.judge_attempt(attempt_id=attempt.pk, worker="j2", engines=engines(never))
        return Judgement(verdict=Verdict.PASSED)

    attempt = arrange.answered(evaluation, solve("shift_1"))
    run(attempt, judging)
    run(attempt, never)
    assert len(runs) == VerdictRecord.objects.count() == 1


def test_a_verdict_of_a_cancelled_evaluation_is_not_written(evaluation):
    from benchserver.evaluations.control import cancel

    def judging(task, code):
        cancel(evaluation=evaluation, by="test")
        return Judgement(verdict=Verdict.PASSED)

    attempt = arrange.answered(evaluation, solve("shift_1"))
    run(attempt, judging)
    assert not VerdictRecord.objects.exists()
    assert Attempt.objects.get(pk=attempt.pk).state == "cancelled"


def refused(sql: str, *facts) -> str:
    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(sql, facts)
    return str(refusal.value)


def test_the_database_refuses_a_second_outcome_whoever_writes_it(evaluation):
    attempt = arrange.judged(evaluation)
    assert "duplicate key" in refused(
        "INSERT INTO evaluations_verdictrecord (attempt_id, verdict, cpu_milliseconds,"
        " wall_milliseconds, memory_bytes, isolation, detail)"
        " VALUES (%s, 'passed', 0, 0, 0, '', '')",
        attempt.pk,
    )
    assert "has a verdict already" in refused(
        "INSERT INTO evaluations_faultrecord (attempt_id, round, kind, code)"
        " VALUES (%s, 1, 'platform_fault', 'x')",
        attempt.pk,
    )
    table = "evaluations_verdictrecord"
    assert "append-only" in refused(f"UPDATE {table} SET verdict = 'wrong_answer'")
    assert "append-only" in refused(f"DELETE FROM {table}")


def test_the_database_refuses_a_verdict_beside_the_fault_of_this_round(evaluation):
    attempt = arrange.answered(evaluation)
    claim = arrange.judging(attempt)
    with transaction.atomic():
        held = Attempt.objects.select_related("evaluation").get(pk=claim.attempt_id)
        arrange.fault(held, kind=FaultKind.PLATFORM, code="x")
    assert "has ended with a fault" in refused(
        "INSERT INTO evaluations_verdictrecord (attempt_id, verdict, cpu_milliseconds,"
        " wall_milliseconds, memory_bytes, isolation, detail)"
        " VALUES (%s, 'passed', 0, 0, 0, '', '')",
        attempt.pk,
    )


def test_an_unknown_verdict_is_no_verdict(evaluation):
    attempt = arrange.answered(evaluation)
    assert "verdict_known" in refused(
        "INSERT INTO evaluations_verdictrecord (attempt_id, verdict, cpu_milliseconds,"
        " wall_milliseconds, memory_bytes, isolation, detail)"
        " VALUES (%s, 'excellent', 0, 0, 0, '', '')",
        attempt.pk,
    )


@pytest.mark.parametrize(
    ("table", "states", "lifecycle"),
    [
        ("evaluations_attempt", AttemptState, ATTEMPT),
        ("evaluations_evaluation", EvaluationState, EVALUATION),
    ],
)
def test_the_database_knows_exactly_the_edges_of_the_table(evaluation, table, states, lifecycle):
    """Every pair of states by raw SQL, the trigger off only to set the scene."""
    pk = evaluation.pk if table == "evaluations_evaluation" else evaluation.attempts.first().pk
    for source in states:
        for target in states:
            if source == target:
                continue
            allowed = True
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL session_replication_role = replica")
                cursor.execute(f"UPDATE {table} SET state = %s WHERE id = %s", [source, pk])
                cursor.execute("SET LOCAL session_replication_role = origin")
            try:
                with transaction.atomic(), connection.cursor() as cursor:
                    cursor.execute(f"UPDATE {table} SET state = %s WHERE id = %s", [target, pk])
            except IntegrityError:
                allowed = False
            assert allowed == lifecycle.allows(source, target), (source, target)


def test_a_third_unknown_send_cannot_be_written(evaluation):
    assert "two_unknown_sends_at_most" in refused(
        "UPDATE evaluations_attempt SET unknown_sends = 3"
    )
