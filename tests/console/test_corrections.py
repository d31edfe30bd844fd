"""The admin's pages withdraw tasks and correct verdicts, by the rules of the commands."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from benchserver import wiring
from benchserver.core.verdict import Verdict
from benchserver.evaluations.models import Evaluation, SecondOpinion, VerdictCorrection
from benchserver.leaderboard.publish import publish
from benchserver.pools.models import FormEntry, WithdrawnEntry
from benchserver.providers.models import Account
from tests import arrange

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("even_lot")]
HIDDEN = 45


@pytest.fixture
def room() -> Client:
    boss = Account.objects.create(
        username="boss", is_staff=True, is_superuser=True, is_active=True, password="!"
    )
    client = Client()
    client.force_login(boss, "django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def stage(wired) -> arrange.Board:
    stage = arrange.board(private=HIDDEN, public=1)
    arrange.completed(arrange.started(stage), arrange.first(20))
    return stage


def shown(stage: arrange.Board) -> None:
    publish(track=stage.track, signer=wiring.signer(), sealer=wiring.sealer(), by="test")


def withdraw(room: Client, stage: arrange.Board, **more: Any) -> str:
    task = FormEntry.objects.filter(split="private")[0].version.task
    sent = {"action": "withdraw", "_selected_action": [str(task.pk)], "index": "0", **more}
    answer = room.post(reverse("admin:pools_task_changelist"), sent, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def done(stage: arrange.Board, **more: Any) -> dict[str, Any]:
    return {"apply": "1", "rotation": str(stage.rotation.pk), "reason": "wrong_tests", **more}


def test_the_page_asks_for_rotation_and_reason_first(room, stage):
    page = withdraw(room, stage)
    assert "its tests reject right solutions" in page
    assert stage.rotation.slug in page
    assert not WithdrawnEntry.objects.exists()


def test_a_refusal_is_shown_on_the_page_and_changes_nothing(room, stage):
    shown(stage)
    page = withdraw(room, stage, **done(stage))
    assert "differ by fewer than 20 tasks" in page
    assert not WithdrawnEntry.objects.exists()


def test_withdrawn_it_names_the_boards_to_publish_and_so_does_the_index(room, stage):
    shown(stage)
    page = withdraw(room, stage, **done(stage, companions="on"))
    assert f"1 withdrawn and 19 companions, {HIDDEN - 20} private tasks stand" in page
    line = f"./bench publish --track python --rotation {stage.rotation.slug}"
    assert line in page
    assert line in room.get("/admin/").content.decode()
    shown(stage)
    assert line not in room.get("/admin/").content.decode()


def test_a_contradicted_verdict_is_a_next_step_and_corrected_by_an_action(room, stage):
    attempt = Evaluation.objects.get().attempts.filter(entry__split="private")[0]
    other = {Verdict.PASSED: "wrong_answer"}.get(Verdict(attempt.verdict.verdict), "passed")
    made = {"first_worker": "a", "second_worker": "b", "third_worker": "c", "odd_worker": "a"}
    SecondOpinion.objects.create(attempt=attempt, second=other, third=other, **made)
    for state in ("disputed", "settled"):
        SecondOpinion.objects.update(state=state)
    assert "two other machines contradict: 1" in room.get("/admin/").content.decode()
    sent = {"action": "correct", "_selected_action": [str(attempt.pk)], "index": "0"}
    where = reverse("admin:evaluations_secondopinion_changelist")
    assert "corrected; counts from now on" in room.post(where, sent, follow=True).content.decode()
    assert VerdictCorrection.objects.get().counts_since is not None
    again = room.post(where, sent, follow=True).content.decode()
    assert "no settled dispute speaks against this verdict" in again
    assert "contradict" not in room.get("/admin/").content.decode()
