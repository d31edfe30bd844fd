"""Task health for the admin: told, acted on, kept from others; and what a pool still holds."""

from __future__ import annotations

import io
import json
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from benchserver.audit.models import Event
from benchserver.core.verdict import Verdict
from benchserver.evaluations.models import ReferenceRuns
from benchserver.measurement.estimators import ESTIMATORS
from benchserver.pools.gauge import Gauge
from benchserver.pools.intake import Report
from benchserver.pools.models import Task
from benchserver.providers.models import Account
from tests import arrange, factories

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("wired")]
MARKER = "mark-of-a-hidden-task"
TASKS = 21


def answer(*words: str) -> tuple[Any, int]:
    out, status = io.StringIO(), 0
    try:
        call_command(*words, "--json", stdout=out, stderr=io.StringIO())
    except SystemExit as end:
        status = int(str(end.code))
    return json.loads(out.getvalue()), status


@pytest.fixture
def stage() -> arrange.Board:
    return arrange.board(private=TASKS, public=2, marker=MARKER)


@pytest.fixture
def met(stage: arrange.Board) -> arrange.Board:
    """One group has met every task."""
    arrange.completed(arrange.started(stage), lambda attempt: Verdict.PASSED)
    return stage


def person(*rights: str) -> Client:
    account = Account.objects.create(username="jane", is_staff=True, is_active=True, password="!")
    for right in rights:
        app, codename = right.split(".")
        account.user_permissions.add(
            Permission.objects.get(content_type__app_label=app, codename=codename)
        )
    client = Client()
    client.force_login(account, "django.contrib.auth.backends.ModelBackend")
    return client


READER = ("pools.view_task", "pools.view_pool", "evaluations.view_verdictrecord")


def test_a_pool_in_good_health_is_told_so(stage):
    found, status = answer("health", "--pool", "demo")
    assert status == 0
    assert found["lines"] == []
    assert found["summary"].startswith(f"0 of {TASKS + 2} tasks ask for something")


def test_every_figure_of_health_names_its_method(met):
    found, _ = answer("health", "--pool", "demo", "--all")
    (board,), line = found["boards"], found["lines"][0]
    counted = {"task", "task_id", "asks", "reason", "models", "reference_runs"}
    counted |= {"track", "rotation", "panel"}
    named = {f"lines.{name}" for name in set(line) - counted}
    named |= {f"boards.{name}" for name in set(board) - counted} | {"again", "summary"}
    assert set(found["estimators"]) == named
    made = {one.partition("@")[0] for by in found["estimators"].values() for one in by}
    assert made <= set(ESTIMATORS)
    assert "runs-needed@1" in person(*READER).get(page(met)).content.decode()


def test_worn_tasks_and_a_full_board_are_told_and_the_status_says_so(met):
    found, status = answer("health", "--pool", "demo")
    assert status == 1
    assert len(found["lines"]) == TASKS
    assert found["lines"][0]["asks"] == ["retire: one provider has met it once (limit 1)"]
    assert found["boards"][0]["says"][0].startswith("Full: the best model may be at ")
    everything, _ = answer("health", "--pool", "demo", "--all")
    assert len(everything["lines"]) == TASKS + 2


def test_the_references_are_run_again_in_the_real_sandbox_and_counted():
    arrange.board(private=2, public=0)
    found, _ = answer("health", "--pool", "demo", "--run-references", "2", "--all")
    assert [(row.runs, row.flips) for row in ReferenceRuns.objects.all()] == [(2, 0)] * 2
    assert {line["reference_runs"] for line in found["lines"]} == {2}
    assert {line["flips_at_most"] for line in found["lines"]} == {"77.6%"}
    assert {line["runs_missing"] for line in found["lines"]} == {57}
    assert found["again"] == (
        "a verdict of the least sure task may flip in 77.6% of runs; 57 more runs alike would "
        "bound all at 5%. One pass in three runs would make 98.9% of it, two of three 87.2%: only "
        "faults of our own are run again"
    )


def test_a_board_says_what_samples_tasks_and_errors_of_judging_do_to_its_scores(monkeypatch):
    counted = partial(Report, reference_runs=4, gauge=Gauge(kind="mutants", tried=10, killed=9))
    monkeypatch.setattr(factories, "Report", counted)
    stage = arrange.board(private=TASKS, public=1, samples=2)
    arrange.completed(
        arrange.started(stage),
        lambda one: Verdict.PASSED if one.sample == 0 else Verdict.WRONG_ANSWER,
    )
    (board,) = answer("health", "--pool", "demo")[0]["boards"]
    assert board["tells"] == [
        "Samples make 100% of a task score's variance: twice the samples would lower a score's "
        "error by 29%, twice the tasks by 29%.",
        "Tests noticed 189 of 210 small faults, references failed in 0 of 84 runs. Did tests err "
        "on replies as often, a model that solves half would be shown 55.0%, and 44.4% would "
        "stand behind the best score, 50.0%.",
    ]
    text = person(*READER).get(page(stage)).content.decode()
    assert "Tests noticed 189 of 210 small faults" in text
    assert "References: a verdict of the least sure task may flip in " in text


def test_the_page_names_tasks_and_figures_and_no_content(met):
    text = person(*READER).get(page(met)).content.decode()
    assert f"{TASKS} of {TASKS + 2} tasks ask for something" in text
    for task in Task.objects.all():
        assert task.slug in text
    assert MARKER not in text
    assert "shift_" not in text
    assert "Retire</button>" not in text, "a reader has no buttons"


def page(stage: arrange.Board) -> str:
    return reverse("admin:pools_pool_health", args=[stage.pool.pk])


@pytest.mark.parametrize("missing", READER[::2])
def test_figures_of_single_tasks_are_for_those_with_the_right(met, missing):
    rights = [right for right in READER if right != missing]
    assert person(*rights).get(page(met)).status_code == 403


def test_nobody_else_gets_near_it(met):
    assert Client().get(page(met)).status_code == 302


def test_the_button_retires_the_task_with_its_reason(met):
    client = person(*READER, "pools.change_task")
    assert "Retire</button>" in client.get(page(met)).content.decode()
    task = Task.objects.filter(split="private").first()
    assert task is not None
    client.post(
        reverse("admin:pools_task_changelist"),
        {
            "action": "retire",
            "_selected_action": str(task.pk),
            "index": "0",
            "reason": "one provider has met it once (limit 1)",
        },
    )
    task.refresh_from_db()
    assert task.retired_at is not None
    assert task.retire_reason == "one provider has met it once (limit 1)"


def test_a_leak_is_marked_and_the_next_plan_retires_it(stage):
    client = person(*READER, "pools.change_task")
    task = Task.objects.filter(split="private").first()
    assert task is not None
    marked = {"action": "mark_leaked", "_selected_action": str(task.pk), "index": "0"}
    client.post(reverse("admin:pools_task_changelist"), marked)
    assert Event.objects.filter(verb="task.leaked", target=task.slug).exists()
    plan, _ = answer("rotation", "plan", "--pool", "demo", "--private", "20")
    version = str(task.versions.get().pk)
    assert plan["retire"] == [version]
    assert plan["reasons"][version] == "retires: marked as leaked"


def test_a_plan_says_until_when_the_pool_lasts(met):
    plan, _ = answer("rotation", "plan", "--pool", "demo", "--private", "20")
    assert plan["forecast"]["groups"] == 1
    assert plan["forecast"]["until"]
    assert "this pool does not fill one more full form" in plan["forecast"]["words"]


def test_the_pools_page_says_until_when_it_lasts(met):
    client = person("pools.view_pool")
    text = client.get(reverse("admin:pools_pool_change", args=[met.pool.pk])).content.decode()
    assert "does not fill one more full form" in text


def test_exposure_is_counted_and_the_need_computed(met):
    found, status = answer("exposure", "--pool", "demo", "--groups", "30", "--tasks", "200")
    assert status == 0
    assert found["groups"] == {"acme": TASKS}
    assert found["private_tasks"] == TASKS
    assert found["looks_left"] == 0
    assert found["need"]["common"] == 1200
    assert found["need"]["disjoint"] == 12_000
    assert found["leaks"][0]["leaked"] == pytest.approx(0.0956, abs=5e-5)
    assert found["adaptive"] is None


def test_the_commands_speak_to_people_too(met, capsys):
    out = io.StringIO()
    call_command("exposure", "--pool", "demo", stdout=out)
    assert "acme: 21 of 21 tasks" in out.getvalue()
    assert "10 groups, 2 rotations each, forms of 150: 300 tasks a quarter" in out.getvalue()
    assert "write 515 candidates" in out.getvalue()
    said = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("health", "--pool", "demo", stdout=said)
    assert "retire: one provider has met it once (limit 1)" in said.getvalue()
    assert MARKER not in said.getvalue() + capsys.readouterr().err
