"""Nothing published later, on any board, can be subtracted from what was published before."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from benchserver import wiring
from benchserver.core.errors import NotAllowed
from benchserver.core.releases import Release
from benchserver.evaluations import told
from benchserver.evaluations.models import Evaluation, Told
from benchserver.evaluations.queries import describe
from benchserver.evaluations.request import request
from benchserver.leaderboard import publish as publishing
from benchserver.worker import jobs
from tests import arrange, factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def stage(wired) -> arrange.Board:
    return arrange.board(private=44, public=2)


def publish(stage):
    return publishing.publish(
        track=stage.track, signer=wiring.signer(), sealer=wiring.sealer(), by="test"
    )


def result(stage, passed: int, *, owner: str = "Acme", model: str = "model-a") -> Evaluation:
    evaluation = arrange.started(stage, owner=owner, model=model)
    arrange.completed(evaluation, arrange.first(passed))
    return evaluation


def told_before(evaluation: Evaluation, *, less: int, passed: int) -> None:
    """As if the evaluation's group had been told all tasks of its form but ``less`` of them."""
    ids = frozenset(sorted(told.private_set(evaluation.form_id))[less:])
    cell = told.Cell("earlier", ids, passed, len(ids))
    release = Release(evaluation.slug, evaluation.model.slug, cell, ids)
    told.keep([(evaluation, release)], to=Told.To.BOARD, label="earlier")


def test_every_published_number_leaves_its_frozen_set_and_a_new_snapshot_adds_none(stage):
    evaluation = result(stage, 20)
    publish(stage)
    publish(stage)
    (row,) = Told.objects.all()
    assert (row.to, row.label, row.passed, row.samples) == ("board", "private", 20, 44)
    assert set(row.tasks.versions) == told.private_set(evaluation.form_id)
    with pytest.raises(DatabaseError, match="append"), transaction.atomic():
        Told.objects.update(passed=21)


def test_what_was_complete_before_the_tables_existed_is_taken_as_told(stage):
    evaluation = result(stage, 20)
    backfill = import_module("benchserver.evaluations.migrations.0011_told").FORWARD
    with connection.cursor() as cursor:
        cursor.execute(backfill.partition("CREATE TRIGGER")[0])
    (release,) = told.history(evaluation.provider.owner_group)
    assert release == told.whole(evaluation, publishing.score.results(evaluation, "private"))
    told.keep([(evaluation, release)], to=Told.To.BOARD)
    assert Told.objects.values("tasks").distinct().count() == 1


def test_a_set_that_differs_by_few_tasks_from_an_earlier_one_is_refused_by_name(stage):
    evaluation = result(stage, 20)
    told_before(evaluation, less=3, passed=19)
    before = arrange.row_counts()
    with pytest.raises(NotAllowed) as refusal:
        publish(stage)
    assert refusal.value.code == "disclosure_small_difference"
    assert arrange.row_counts() == before
    said = str(refusal.value)
    assert all(part in said for part in ("41 tasks", "44 tasks", evaluation.model.slug))
    assert not any(version in said for version in told.private_set(evaluation.form_id))


def test_a_set_of_another_model_of_the_group_counts_and_of_another_group_does_not(stage):
    first, other = result(stage, 20), result(stage, 25, owner="Bolt", model="model-b")
    ids = frozenset(sorted(told.private_set(first.form_id))[3:])
    release = Release(other.slug, other.model.slug, told.Cell("x", ids, 20, 41), ids)
    group = first.provider.owner_group
    with transaction.atomic():
        told.keep([(other, release)], to=Told.To.BOARD, label="x")
        fresh = told.whole(first, publishing.score.results(first, "private"))
        assert told.refusals(group, [fresh]) == ()
        other.provider.owner_group = group  # merged by an admin
        other.provider.save()
        assert {r.code for r in told.refusals(group, [fresh])} >= {"small_difference"}


def test_a_count_that_changed_on_the_same_set_is_refused(stage):
    evaluation = result(stage, 20)
    told_before(evaluation, less=0, passed=21)
    with pytest.raises(NotAllowed, match="has changed since") as refusal:
        publish(stage)
    assert refusal.value.code == "disclosure_changed_count"


def test_a_provider_reads_no_more_than_the_board_and_what_it_read_counts(stage):
    evaluation = result(stage, 20)
    shown = describe(evaluation).result
    assert shown is not None
    assert shown["private"]["passed"] == 20
    assert Told.objects.get().to == "provider"
    other = result(stage, 25, owner="Bolt", model="model-b")
    told_before(other, less=3, passed=24)
    hidden = describe(other).result
    assert hidden is not None
    assert (hidden["private"], hidden["gap"]) == (None, None)
    assert hidden["pass_at_k"]["private"] == {}
    assert "differ by fewer than 20 tasks" in hidden["withheld"]


def test_nothing_is_sent_on_a_form_whose_result_could_never_be_told(stage):
    evaluation = result(stage, 20)
    told_before(evaluation, less=3, passed=19)
    second = arrange.next_rotation(stage, again=True)
    form = second.forms.get()
    other = factories.track_of(stage.pool, slug="other")
    assert told.lockout(evaluation.provider.owner_group, form) == ()  # the very set it met before
    ids = told.private_set(form.pk)
    few = frozenset(sorted(ids)[:42])
    found = told.lockouts(stage.pool, {other.slug: few})
    assert {r.code for r in found[evaluation.provider.owner_group.slug]} >= {"small_difference"}
    half = frozenset(sorted(ids)[:20]) | {f"fresh-{n}" for n in range(24)}
    assert told.lockouts(stage.pool, {other.slug: frozenset(f"new-{n}" for n in range(30))}) == {}
    assert told.lockouts(stage.pool, {other.slug: half})  # 41 less 17 of 20: still too near


def test_a_request_for_a_form_of_nearly_the_same_tasks_is_refused(stage, monkeypatch):
    evaluation = result(stage, 20)
    told_before(evaluation, less=0, passed=20)
    monkeypatch.setattr(told, "private_set", lambda _: frozenset(sorted(_set_of(evaluation))[3:]))
    before = arrange.row_counts()
    with pytest.raises(NotAllowed, match="nearly the same private tasks") as refusal:
        request(endpoint=evaluation.endpoint, track=stage.track, by="test")
    assert refusal.value.code == "disclosure_small_difference"
    assert arrange.row_counts() == before


@pytest.mark.parametrize(("private", "refused"), [(42, True), (44, False)])
def test_a_rotation_that_would_shut_out_who_was_evaluated_does_not_open(
    stage, caplog, settings, private, refused
):
    settings.EXPOSURE_PER_PROVIDER = 2  # else no task is ever met again
    result(stage, 20)
    made = arrange.planned_next(stage, again=True, private=private)
    jobs.rotations()
    made.refresh_from_db()
    assert made.state == ("planned" if refused else "open")
    assert ("cannot open: disclosure_small_difference" in caplog.text) == refused


def test_nobody_opens_or_saves_it_by_hand_either(stage, capsys, settings):
    settings.EXPOSURE_PER_PROVIDER = 2
    result(stage, 20)
    made = arrange.planned_next(stage, again=True, private=42)
    for words in (["open"], ["plan", "--save", "--private", "42"]):
        with pytest.raises(SystemExit):
            call_command("rotation", *words, "--pool", stage.pool.slug)
        assert "1 owner groups could not be evaluated on it" in capsys.readouterr().err
    assert list(stage.pool.rotations.filter(state="planned")) == [made]


def _set_of(evaluation: Evaluation) -> frozenset[str]:
    entries = evaluation.form.entries.filter(split="private")
    return frozenset(str(v) for v in entries.values_list("version_id", flat=True))
