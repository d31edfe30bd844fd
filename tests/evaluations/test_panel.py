"""The schedule starts what an open form lacks of the panel, once, and says what is in the way."""

from __future__ import annotations

from typing import Any

import pytest

from benchserver.core.verdict import FaultKind, Verdict
from benchserver.evaluations import control
from benchserver.evaluations import panel as runs
from benchserver.evaluations.models import Evaluation, Exposure
from benchserver.evaluations.panel import Progress, run_panel, standings, start_due
from benchserver.pools import rotate
from benchserver.pools.models import Form
from benchserver.providers import panel
from benchserver.providers.models import Endpoint
from benchserver.worker import jobs, schedule
from tests import arrange, factories

pytestmark = pytest.mark.django_db
DIGEST = "ab" * 32


@pytest.fixture
def stage(wired: None) -> arrange.Board:
    return arrange.board(private=3, public=1)


def member(name: str = "oak", *, frozen: str = "2026-01-31", admitted: bool = True) -> Endpoint:
    made = factories.panel_endpoint(name, family=name, digest=DIGEST, frozen=frozen)
    return factories.admitted(made) if admitted else made


def standing() -> runs.Standing:
    (found,) = standings(Form.objects.select_related("rotation", "track").get())
    return found


def test_the_job_starts_every_model_once_and_exposes_nothing(stage):
    endpoints = [member("oak"), member("elm")]
    for _ in range(3):
        jobs.panel_runs()
    found = Evaluation.objects.order_by("model__slug")
    assert [run.model.slug for run in found] == ["elm-1", "oak-1"]
    assert {run.endpoint for run in found} == set(endpoints)
    assert not Exposure.objects.exists()
    assert "panel_runs" in schedule.SCHEDULE


def test_progress_goes_from_due_to_running_to_complete(stage):
    member()
    assert standing().progress is Progress.DUE
    assert start_due(by="test") == 1
    assert standing().progress is Progress.RUNNING
    arrange.completed(Evaluation.objects.get(), lambda _: Verdict.PASSED)
    assert (standing().progress, standing().why) == (Progress.COMPLETE, "")
    assert start_due(by="test") == 0


def changed(endpoint: Endpoint) -> None:
    Endpoint.objects.filter(pk=endpoint.pk).update(revision=2)


def paused(endpoint: Endpoint) -> None:
    Endpoint.objects.filter(pk=endpoint.pk).update(state="paused", pause_reason="admission")


def deleted(endpoint: Endpoint) -> None:
    Endpoint.objects.filter(pk=endpoint.pk).update(state="deleted")


@pytest.mark.parametrize(
    ("happens", "words"),
    [
        (changed, "panel run --model oak-1 --weights FILE"),
        (paused, "its endpoint is paused (admission)"),
        (deleted, "it has no endpoint"),
    ],
)
def test_what_is_in_the_way_is_said_with_its_mend_and_nothing_starts(stage, happens, words):
    happens(member())
    assert standing().progress is Progress.MISSING
    assert words in standing().why
    assert start_due(by="test") == 0
    assert not Evaluation.objects.exists()


def test_an_endpoint_that_awaits_admission_is_waited_for(stage):
    made = member(admitted=False)
    assert "its endpoint is awaiting" in standing().why
    factories.admitted(made)
    assert standing().progress is Progress.DUE


def test_weights_as_young_as_a_task_are_not_even_started(stage):
    member(frozen="2026-11-01")
    assert "not older than the form's oldest task (2026-11-01)" in standing().why
    assert start_due(by="test") == 0


def test_a_changed_endpoint_goes_on_by_itself_once_its_weights_are_named_anew(stage):
    endpoint = member()
    changed(endpoint)
    endpoint.refresh_from_db()
    run = run_panel(endpoint=endpoint, track=stage.track, weights_digest=DIGEST, by="operator")
    arrange.completed(run, lambda _: Verdict.PASSED)
    arrange.next_rotation(stage, again=True)
    form = Form.objects.select_related("rotation", "track").get(rotation__slug="ro-next")
    assert [each.progress for each in standings(form)] == [Progress.DUE]


def test_what_a_person_cancelled_is_not_started_again(stage):
    member()
    start_due(by="test")
    control.cancel(evaluation=Evaluation.objects.get(), by="admin boss")
    assert "cancelled by hand" in standing().why
    assert start_due(by="test") == 0


def test_a_run_that_ended_with_faults_asks_for_a_mend(stage):
    member()
    start_due(by="test")
    run = Evaluation.objects.get()
    assert arrange.completed(run, lambda _: FaultKind.ENDPOINT) == "incomplete"
    assert "mend its endpoint and resume it" in standing().why


def test_a_closed_form_and_a_retired_model_start_nothing(stage):
    oak = panel.panel_model(member("oak").model.slug)
    member("elm")
    panel.retire(member=oak, by="test")
    assert [each.member.model.slug for each in runs.due()] == ["elm-1"]
    rotate.close_rotation(rotation=stage.rotation, by="test")
    assert start_due(by="test") == 0
    assert "not open" in standing().why


def test_two_schedulers_start_one_run(stage, monkeypatch: Any):
    """The one that comes second saw the model due as well."""
    member()
    seen = runs.due()
    assert start_due(by="test") == 1
    monkeypatch.setattr(runs, "due", lambda: seen)
    assert start_due(by="test") == 0
    assert Evaluation.objects.count() == 1
