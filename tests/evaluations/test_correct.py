"""A wrong verdict is corrected by evidence, beside the stored one, and never tells which it was."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import DatabaseError, transaction

from benchserver import wiring
from benchserver.audit.keys import fetch
from benchserver.audit.models import Event
from benchserver.core.errors import BadInput, NotAllowed
from benchserver.core.verdict import Verdict
from benchserver.engines.vault.base import Context
from benchserver.evaluations import correct, outcomes, score, settling
from benchserver.evaluations.models import (
    Attempt,
    Evaluation,
    SecondOpinion,
    VerdictCorrection,
    VerdictRecord,
)
from benchserver.evaluations.queries import describe
from benchserver.evaluations.withdraw import withdraw
from benchserver.leaderboard.publish import publish
from benchserver.ledger.models import Entry
from benchserver.transparency import commitments
from benchserver.transparency.canonical import parse_canonical
from tests import arrange

pytestmark = pytest.mark.django_db
HIDDEN = 60


@pytest.fixture
def stage(wired) -> arrange.Board:
    return arrange.board(private=HIDDEN, public=2)


@pytest.fixture
def evaluation(stage) -> Evaluation:
    made = arrange.started(stage)
    arrange.completed(made, arrange.first(30))
    return made


def failed(evaluation: Evaluation, *, split: str = "private") -> Attempt:
    """The private attempt whose stored verdict says ``wrong_answer``, last in the form."""
    found = evaluation.attempts.filter(entry__split=split).order_by("-entry__position")
    return found[0]


def disputed(attempt: Attempt, second: Verdict = Verdict.PASSED, *, odd: str = "a") -> Attempt:
    stored = VerdictRecord.objects.get(attempt=attempt).verdict
    SecondOpinion.objects.create(
        attempt=attempt,
        first_worker="a",
        second_worker="b",
        second=second,
        third_worker="c",
        third=second if odd == "a" else stored,
        odd_worker=odd,
    )
    for state in ("disputed", "settled"):
        SecondOpinion.objects.filter(pk=attempt.pk).update(state=state)
    return attempt


def by_opinion(attempt: Attempt) -> correct.Corrected:
    return correct.by_opinion(attempt_id=attempt.pk, sealer=wiring.sealer(), by="test")


def passed(evaluation: Evaluation) -> int:
    return sum(task.passed for task in score.results(evaluation, "private"))


def board_of(stage) -> dict:
    return publish(
        track=stage.track, signer=wiring.signer(), sealer=wiring.sealer(), by="test"
    ).board


def test_two_machines_against_the_first_correct_every_aggregate_but_not_the_stored_verdict(
    stage, evaluation
):
    attempt = disputed(failed(evaluation))
    assert [opinion.pk for opinion in correct.overturned()] == [attempt.pk]
    done = by_opinion(attempt)
    assert done.waits == ""
    assert passed(evaluation) == 31
    evaluation.score.refresh_from_db()
    assert evaluation.score.body["private"]["passed"] == 31
    assert evaluation.score.body["verdicts"]["passed"] == 33
    assert int(outcomes.outcomes(evaluation.form).passed.sum()) == 31
    rows = settling._by_sample(evaluation, score.results(evaluation, "private"))
    assert sum(sum(row) for row in rows) == 31
    assert VerdictRecord.objects.get(attempt=attempt).verdict == "wrong_answer"
    assert not correct.overturned().exists()
    (row,) = board_of(stage)["rows"]
    assert row["private"]["passed"] == 31


def test_where_the_count_was_told_the_correction_waits_and_nothing_moves(stage, evaluation):
    board_of(stage)
    done = by_opinion(disputed(failed(evaluation)))
    assert "was told before and has changed" in done.waits
    assert passed(evaluation) == 30
    (row,) = board_of(stage)["rows"]
    assert row["private"]["passed"] == 30, "the board goes on, with what was told"
    assert describe(evaluation).result["private"]["passed"] == 30
    assert [each.pk for each in correct.waiting()] == [done.correction.pk]


def test_it_counts_when_the_form_is_issued_anew(stage, evaluation):
    board_of(stage)
    attempt = disputed(failed(evaluation))
    by_opinion(attempt)
    others = evaluation.form.standing.filter(split="private").exclude(pk=attempt.entry_id)
    mixed = list(others.order_by("position"))[20:40]  # ten that were passed, ten that were not
    withdraw(
        rotation=stage.rotation,
        tasks=[entry.version.task for entry in mixed],
        reason="wrong_tests",
        by="test",
    )
    assert not correct.waiting().exists()
    assert passed(evaluation) == 21
    (row,) = board_of(stage)["rows"]
    assert (row["private"]["tasks"], row["private"]["passed"]) == (HIDDEN - 20, 21)


def test_results_of_public_tasks_are_open_and_change_at_once(stage, evaluation):
    board_of(stage)
    attempt = disputed(failed(evaluation, split="public"), Verdict.TIME_LIMIT)
    assert by_opinion(attempt).waits == ""
    (row,) = board_of(stage)["rows"]
    assert row["public"]["passed"] == 1


@pytest.mark.parametrize("kind", ["upheld", "undecided", "none"])
def test_without_a_dispute_settled_against_it_a_verdict_stays(evaluation, kind):
    attempt = failed(evaluation)
    if kind == "upheld":
        disputed(attempt, odd="b")
    if kind == "undecided":
        SecondOpinion.objects.create(attempt=attempt, first_worker="a", state="disputed")
    with pytest.raises(NotAllowed) as refusal:
        by_opinion(attempt)
    assert refusal.value.code == "no_ground"
    assert not VerdictCorrection.objects.exists()


def test_once_corrected_it_is_not_corrected_again(evaluation):
    attempt = disputed(failed(evaluation))
    by_opinion(attempt)
    with pytest.raises(NotAllowed, match="no settled dispute"):
        by_opinion(attempt)


def recheck(attempt: Attempt, judge: Callable[[Attempt], Verdict], runs: int = 3):
    return correct.by_recheck(
        attempt_id=attempt.pk, judge=judge, runs=runs, sealer=wiring.sealer(), by="test"
    )


def answered(stage) -> Attempt:
    """A complete evaluation whose attempts have replies."""
    evaluation = arrange.started(stage, owner="Bolt", model="model-b")
    attempt = arrange.judged(evaluation, Verdict.WRONG_ANSWER)
    rest = evaluation.attempts.exclude(pk=attempt.pk)
    Attempt.objects.filter(pk__in=rest).update(state="cancelled")
    assert score.finish(evaluation_id=evaluation.pk, sealer=wiring.sealer()) == "complete"
    return attempt


def test_a_reply_judged_again_with_one_voice_corrects(stage):
    attempt = answered(stage)
    said = iter([Verdict.PASSED] * 3)
    done = recheck(attempt, lambda _: next(said))
    assert (done.correction.was, done.correction.verdict) == ("wrong_answer", "passed")
    assert done.correction.ground == "recheck"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ([Verdict.PASSED, Verdict.WRONG_ANSWER, Verdict.PASSED], "its runs disagree"),
        ([Verdict.WRONG_ANSWER] * 3, "is upheld"),
    ],
)
def test_runs_that_disagree_or_uphold_change_nothing(stage, said, words):
    attempt = answered(stage)
    each = iter(said)
    with pytest.raises(NotAllowed, match=words):
        recheck(attempt, lambda _: next(each))
    assert not VerdictCorrection.objects.exists()


def test_one_run_is_no_evidence_and_no_reply_no_recheck(stage, evaluation):
    with pytest.raises(BadInput, match="at least 3 runs"):
        recheck(failed(evaluation), lambda _: Verdict.PASSED, runs=1)
    with pytest.raises(NotAllowed, match="no stored reply"):
        recheck(failed(evaluation), lambda _: Verdict.PASSED)


def test_the_log_commits_to_the_right_outcome_and_tells_neither(evaluation):
    attempt = disputed(failed(evaluation))
    done = by_opinion(attempt)
    body = bytes(Entry.objects.get(kind="outcome-correction").body)
    entry = parse_canonical(body)
    assert (entry["run"], entry["ground"]) == (evaluation.slug, "second_opinion")
    for secret in ("passed", "wrong_answer", str(attempt.pk), attempt.entry.version.commitment):
        assert secret not in body.decode()
    event = Event.objects.get(verb="verdict.corrected")
    assert "passed" not in str(event.facts)
    # who opens the salt can show that the entry meant this outcome and no other
    row = done.correction
    context = Context(table="correction", row=row.commitment, field="salt")
    salt = wiring.opener().open(fetch(row.salt_data_key), context, bytes(row.salt_sealed))
    outcome = {"task": attempt.entry.version.commitment, "sample": 0, "verdict": "passed"}
    assert commitments.outcome_commitment(salt, outcome).hex() == entry["c"]


def test_a_correction_is_never_changed_but_for_when_it_counts(stage, evaluation):
    board_of(stage)
    row = by_opinion(disputed(failed(evaluation))).correction
    mine = VerdictCorrection.objects.filter(pk=row.pk)
    for change in ({"verdict": "refused"}, {"was": "refused"}):
        with pytest.raises(DatabaseError, match="append"), transaction.atomic():
            mine.update(**change)
    with pytest.raises(DatabaseError, match="append"), transaction.atomic():
        mine.delete()


def test_an_evaluation_that_runs_has_no_count_to_correct(stage):
    evaluation = arrange.started(stage, owner="Bolt", model="model-b")
    attempt = disputed(arrange.judged(evaluation, Verdict.WRONG_ANSWER))
    with pytest.raises(NotAllowed) as refusal:
        by_opinion(attempt)
    assert refusal.value.code == "not_complete"
