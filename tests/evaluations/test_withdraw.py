"""A faulty task is withdrawn, and no total told before or after gives a single verdict away."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

import pytest
from django.db import DatabaseError, transaction

from benchserver import wiring
from benchserver.audit.models import Event
from benchserver.core.errors import BadInput, NotAllowed
from benchserver.core.spans import leverages, tells_of_few
from benchserver.core.verdict import FaultKind, Verdict
from benchserver.evaluations import score, told
from benchserver.evaluations.models import Attempt, Evaluation, Told
from benchserver.evaluations.queries import describe
from benchserver.evaluations.reconcile import unfinished
from benchserver.evaluations.request import request
from benchserver.evaluations.score import finish
from benchserver.evaluations.withdraw import Withdrawn, withdraw
from benchserver.leaderboard.publish import publish
from benchserver.ledger.models import Entry
from benchserver.pools.models import Form, FormEntry, Task, WithdrawnEntry
from benchserver.pools.withdraw import draw_companions
from tests import arrange

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("even_lot")]
HIDDEN = 60


@pytest.fixture
def stage(wired) -> arrange.Board:
    return arrange.board(private=HIDDEN, public=2)


def tasks(number: int, *, split: str = "private") -> list[Task]:
    entries = FormEntry.objects.filter(split=split).order_by("position")[:number]
    return [entry.version.task for entry in entries.select_related("version__task")]


def take(stage, chosen: Sequence[Task], **how) -> Withdrawn:
    how = {"reason": "wrong_tests", "by": "test", **how}
    (done,) = withdraw(rotation=stage.rotation, tasks=chosen, **how)
    return done


def result(stage, passed: int, *, owner: str = "Acme", model: str = "model-a") -> Evaluation:
    evaluation = arrange.started(stage, owner=owner, model=model)
    arrange.completed(evaluation, arrange.first(passed))
    return evaluation


def board_of(stage) -> dict:
    return publish(
        track=stage.track, signer=wiring.signer(), sealer=wiring.sealer(), by="test"
    ).board


def test_before_anything_was_told_a_faulty_task_simply_goes(stage):
    evaluation = result(stage, 30)
    done = take(stage, tasks(1))  # the first place: a task that was passed
    assert (done.faulty, done.companions, done.standing, done.told) == (1, 0, HIDDEN - 1, False)
    found = score.results(evaluation, "private")
    assert (len(found), sum(task.passed for task in found)) == (HIDDEN - 1, 29)
    (row,) = board_of(stage)["rows"]
    assert (row["private"]["tasks"], row["private"]["passed"]) == (HIDDEN - 1, 29)
    assert Task.objects.exclude(retired_at=None).count() == 1


def test_after_a_board_was_shown_one_task_alone_may_not_go(stage):
    result(stage, 30)
    board_of(stage)
    before = arrange.row_counts()
    with pytest.raises(NotAllowed) as refusal:
        take(stage, tasks(1))
    assert refusal.value.code == "disclosure_small_difference"
    assert arrange.row_counts() == before
    said = str(refusal.value)
    assert "60 tasks" in said
    assert "59 tasks" in said
    assert "--companions" in said
    assert str(FormEntry.objects.first().version_id) not in said


def test_what_its_provider_has_read_counts_as_told(stage):
    evaluation = result(stage, 30)
    assert describe(evaluation).result["private"]["passed"] == 30
    with pytest.raises(NotAllowed, match="differ by fewer than 20"):
        take(stage, tasks(1))


def test_with_companions_twenty_tasks_go_together_and_the_new_total_may_be_told(stage):
    evaluation = result(stage, 30)
    other = result(stage, 25, owner="Bolt", model="model-b")
    first = board_of(stage)
    done = take(stage, tasks(1), companions=True)
    assert (done.faulty, done.companions, done.standing) == (1, 19, HIDDEN - 20)
    second = board_of(stage)
    assert {row["private"]["tasks"] for row in second["rows"]} == {HIDDEN - 20}
    for each in (evaluation, other):
        sets = [set(row.tasks.versions) for row in Told.objects.filter(evaluation=each, to="board")]
        assert sorted(len(s) for s in sets) == [HIDDEN - 20, HIDDEN]
        assert len(sets[0] ^ sets[1]) == 20
    assert first["rows"][0]["private"]["tasks"] == HIDDEN, "the old snapshot is as it was"
    # the provider's page follows, by the same audit
    assert describe(evaluation).result["private"]["tasks"] == HIDDEN - 20
    (row,) = Told.objects.filter(evaluation=evaluation, to="provider")
    assert len(row.tasks.versions) == HIDDEN - 20
    # only what an admin called faulty is retired; companions are sound
    assert Task.objects.exclude(retired_at=None).count() == 1
    assert WithdrawnEntry.objects.filter(faulty=False).count() == 19


def test_a_second_withdrawal_is_held_against_both_totals(stage):
    result(stage, 30)
    board_of(stage)
    take(stage, tasks(1), companions=True)
    board_of(stage)
    left = Form.objects.get().standing.filter(split="private").order_by("position")
    with pytest.raises(NotAllowed) as refusal:
        take(stage, [left[0].version.task])
    assert refusal.value.code.startswith("disclosure_")


def test_twenty_tasks_that_were_all_passed_would_be_told_and_are_refused(stage):
    result(stage, HIDDEN - 12)
    board_of(stage)
    passed = [
        e.version.task for e in FormEntry.objects.filter(split="private").order_by("position")[:20]
    ]
    with pytest.raises(NotAllowed) as refusal:
        take(stage, passed)
    assert refusal.value.code == "disclosure_one_sided_rest"


def test_a_board_needs_its_smallest_cell_after_it_too(wired):
    stage = arrange.board(private=38, public=0)
    result(stage, 15)
    board_of(stage)
    with pytest.raises(NotAllowed) as refusal:
        take(stage, tasks(1), companions=True)
    assert refusal.value.code == "too_few_left"
    assert not WithdrawnEntry.objects.exists()


def test_a_provider_that_read_the_old_total_reads_the_new_one_by_leave_of_the_auditor(stage):
    evaluation = result(stage, 30)
    describe(evaluation)
    take(stage, tasks(1), companions=True)
    assert describe(evaluation).result["private"]["tasks"] == HIDDEN - 20
    rows = Told.objects.filter(evaluation=evaluation, to="provider")
    assert sorted(len(row.tasks.versions) for row in rows) == [HIDDEN - 20, HIDDEN]


def test_whoever_collects_every_total_of_many_withdrawals_computes_no_result(wired):
    """Faulty tasks one after the other, with companions where the auditor wants them."""
    stage = arrange.board(private=90, public=0)
    evaluation = result(stage, 45)
    done = 0
    for turn in range(5):
        board_of(stage) if turn % 2 else describe(evaluation)
        standing = evaluation.form.standing.filter(split="private").order_by("position")
        try:
            take(stage, [standing[turn].version.task], companions=True)
        except NotAllowed:
            continue
        done += 1
    board_of(stage)
    sets = {frozenset(row.tasks.versions) for row in Told.objects.filter(evaluation=evaluation)}
    assert done >= 2
    assert len(sets) == done + 1
    assert max(leverages(sets).values()) < 1
    assert not tells_of_few(sets, under=20)


def test_public_tasks_go_alone_since_their_results_are_open(stage):
    evaluation = result(stage, 30)
    board_of(stage)
    done = take(stage, tasks(1, split="public"), companions=True)
    assert (done.faulty, done.companions, done.standing) == (1, 0, HIDDEN)
    (row,) = board_of(stage)["rows"]
    assert (row["public"]["tasks"], row["private"]["passed"]) == (1, 30)
    assert describe(evaluation).result["private"]["passed"] == 30


def test_companions_are_drawn_blindly(stage, monkeypatch):
    """Which tasks go along does not depend on how they were answered: over many draws every
    sound task comes up, passed or not. (None of 59 is left out of 60 draws but once in 10^9.)"""
    monkeypatch.setattr("benchserver.pools.withdraw._LOT", secrets.SystemRandom())
    result(stage, 30)
    form = Form.objects.select_related("rotation", "track").get()
    faulty = tasks(1)
    seen: set[int] = set()
    for _ in range(60):
        seen |= {e.position for e in draw_companions([form], faulty, count=19)}
    wanted = {e.position for e in form.standing.filter(split="private")}
    wanted -= {FormEntry.objects.get(version__task=faulty[0]).position}
    assert seen == wanted


def test_who_comes_later_is_not_asked_what_was_withdrawn(stage):
    take(stage, tasks(2))
    evaluation = request(endpoint=arrange.endpoint(), track=stage.track, by="test")
    assert evaluation.total == HIDDEN + 2 - 2
    assert arrange.completed(evaluation, arrange.first(30)) == "complete"


def test_a_running_evaluation_is_asked_everything_else(stage):
    evaluation = arrange.started(stage)
    chosen = tasks(1)
    take(stage, chosen)
    gone = evaluation.attempts.get(entry__version__task=chosen[0])
    assert (gone.state, gone.reason) == ("cancelled", "task_withdrawn")
    assert set(evaluation.attempts.exclude(pk=gone.pk).values_list("state", flat=True)) == {"ready"}
    assert arrange.claimed(evaluation).attempt_id != gone.pk


def test_an_evaluation_that_only_the_faulty_task_held_up_becomes_complete(stage):
    evaluation = arrange.started(stage)
    chosen = tasks(1)
    faulty = chosen[0].pk

    def verdict(attempt: Attempt) -> Verdict | FaultKind:
        broken = attempt.entry.version.task_id == faulty
        return FaultKind.PLATFORM if broken else Verdict.PASSED

    assert arrange.completed(evaluation, verdict) == "incomplete"
    take(stage, chosen, reason="broken_environment")
    (waiting,) = unfinished()
    finish(evaluation_id=waiting.pk, sealer=wiring.sealer())
    evaluation.refresh_from_db()
    assert evaluation.state == "complete"
    assert evaluation.score.body["private"]["missing"] == 0
    assert "1 of 62 attempts are on tasks that were withdrawn" in describe(evaluation).reason


def test_the_log_says_how_many_and_why_and_never_which(stage):
    chosen = tasks(1)
    take(stage, chosen)
    body = bytes(Entry.objects.get(kind="form-withdrawal").body).decode()
    assert '"n":1' in body
    assert f'"standing":{HIDDEN - 1}' in body
    assert '"reason":"wrong_tests"' in body
    assert chosen[0].slug not in body
    assert Event.objects.get(verb="form.withdrawn").facts["tasks"] == 1
    with pytest.raises(DatabaseError, match="append"), transaction.atomic():
        WithdrawnEntry.objects.update(faulty=False)


def test_the_stored_aggregates_follow(stage):
    evaluation = result(stage, 30)
    take(stage, tasks(1))
    evaluation.score.refresh_from_db()
    assert evaluation.score.body["private"]["passed"] == 29
    assert sum(evaluation.score.body["verdicts"].values()) == HIDDEN + 2 - 1


def test_a_reason_is_one_of_the_public_words(stage):
    with pytest.raises(BadInput, match="One of: wrong_tests"):
        take(stage, tasks(1), reason="I do not like it")


def test_a_task_that_is_not_there_or_gone_already_is_refused(stage):
    chosen = tasks(1)
    take(stage, chosen)
    with pytest.raises(NotAllowed, match="none of these tasks stands"):
        take(stage, chosen)


def test_history_keeps_the_old_set_as_the_whole_it_was(stage):
    evaluation = result(stage, 30)
    board_of(stage)
    take(stage, tasks(1), companions=True)
    (release,) = told.history(evaluation.provider.owner_group)
    assert release.form == release.cell.task_ids
    assert len(release.form) == HIDDEN
