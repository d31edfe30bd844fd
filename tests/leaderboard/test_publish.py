"""Publishing: no single result can be told, the first result stands, chain and signature hold."""

from __future__ import annotations

import base64
import json
from dataclasses import replace

import pytest
from django.apps import apps

from benchserver import wiring
from benchserver.core.errors import NotAllowed, PlatformFault
from benchserver.core.verdict import FaultKind, Verdict
from benchserver.evaluations.control import resume
from benchserver.evaluations.models import IdentityMark, VerdictRecord
from benchserver.evaluations.request import request
from benchserver.leaderboard import publish as publishing
from benchserver.leaderboard.models import PublishedRotation, PublishedTask, Snapshot
from benchserver.ledger.models import Checkpoint, Entry
from benchserver.pools import rotate
from benchserver.transparency import notes
from benchserver.transparency.bundle import Tree, make_bundle
from benchserver.transparency.canonical import canonical
from benchserver.transparency.entries import check_order
from benchserver.transparency.verify import verify_bundle
from tests import arrange, factories

pytestmark = pytest.mark.django_db
MARKER = "mark-of-a-hidden-task"


@pytest.fixture
def stage(wired) -> arrange.Board:
    return arrange.board(private=24, public=4)


def publish(stage, *, signer=None, min_cell: int = 20) -> Snapshot:
    return publishing.publish(
        track=stage.track,
        signer=signer or wiring.signer(),
        sealer=wiring.sealer(),
        by="test",
        min_cell=min_cell,
    )


def result(stage, passed: int, *, owner: str = "Acme", model: str = "model-a"):
    evaluation = arrange.started(stage, owner=owner, model=model)
    assert arrange.completed(evaluation, arrange.first(passed)) == "complete"
    return evaluation


class Crash(Exception):
    """A process that dies here."""


class DyingSigner:
    """A signer whose process is killed when it is asked to sign."""

    name = "x"
    verifier_key = "x"

    def last_size(self) -> int:
        raise Crash

    def sign_checkpoint(self, **_) -> str:
        raise Crash


def test_a_board_tells_the_integers_of_the_verdict_table(stage):
    evaluation = result(stage, 12)
    (row,) = publish(stage).board["rows"]
    assert (row["private"]["passed"], row["private"]["tasks"], row["public"]["passed"]) == (
        12,
        24,
        4,
    )
    assert row["run"] == evaluation.slug
    assert row["outcomes_root"] == evaluation.score.outcome_root
    assert row["gap"]["diff_e4"] == 5000


def test_a_board_of_too_few_tasks_is_refused_and_nothing_is_written(wired):
    stage = arrange.board(private=12, public=2)
    result(stage, 6)
    before = arrange.row_counts()
    with pytest.raises(NotAllowed) as refusal:
        publish(stage)
    assert refusal.value.code == "disclosure_small_cell"
    assert arrange.row_counts() == before


def test_the_first_complete_evaluation_stands_and_a_better_one_only_counts(stage):
    first = result(stage, 8)
    again = request(endpoint=first.endpoint, track=stage.track, by="test")
    arrange.completed(again, arrange.first(16))
    (row,) = publish(stage).board["rows"]
    assert (row["evaluation"], row["private"]["passed"], row["evaluations"]) == (first.slug, 8, 2)


def test_what_was_shown_is_not_replaced_by_an_older_evaluation_that_is_resumed_later(stage):
    """Else a provider could leave one incomplete, see the next one's result and then choose."""
    older = arrange.started(stage)
    assert arrange.completed(older, lambda _: FaultKind.ENDPOINT) == "incomplete"
    shown = request(endpoint=older.endpoint, track=stage.track, by="test")
    arrange.completed(shown, arrange.first(8))
    assert publish(stage).board["rows"][0]["evaluation"] == shown.slug
    resume(evaluation=older, by="test")
    older.refresh_from_db()
    arrange.completed(older, arrange.first(16))
    (row,) = publish(stage).board["rows"]
    assert (row["evaluation"], row["private"]["passed"]) == (shown.slug, 8)


@pytest.mark.parametrize(("passed", "bound"), [(24, "at_least"), (22, "at_least"), (1, "at_most")])
def test_near_both_ends_a_snapshot_is_the_same_whatever_the_exact_number(stage, passed, bound):
    result(stage, passed)
    shown = publish(stage).board
    (row,) = shown["rows"]
    assert row["private"]["bound"] == bound
    assert row["private"]["passed"] == (21 if bound == "at_least" else 3)
    assert row["gap"] is None
    assert row["private"]["se_e4"] == 0
    # the same board with the band's own number, written into an untouched copy of the records
    exact = {"passed", "score_e4", "low_e4", "high_e4", "se_e4"}
    at_the_edge = publishing.score.disclosed(_results(24, 21 if bound == "at_least" else 3))
    assert {key: row["private"][key] for key in exact} == {key: at_the_edge[key] for key in exact}


def _results(tasks: int, passed: int):
    return [
        publishing.score.TaskResult(
            version_id=str(n), family=str(n), passed=int(n < passed), samples=1, missing=0
        )
        for n in range(tasks)
    ]


def test_a_board_is_the_same_whether_or_not_the_two_tasks_of_a_family_agree():
    public = _results(4, 2)

    def told(agree: bool):
        tasks = _results(24, 12)
        other = 1 if agree else 23
        paired = (tasks[0].version_id, tasks[other].version_id)
        hidden = [
            replace(task, family="shared") if task.version_id in paired else task for task in tasks
        ]
        return publishing.score.disclosed(hidden), publishing.score.gap(public, hidden)

    assert told(agree=True) == told(agree=False)


def test_rows_with_one_bound_are_not_ordered_by_their_exact_numbers(stage):
    result(stage, 21, owner="Alpha", model="a-model")
    result(stage, 24, owner="Beta", model="b-model")
    rows = publish(stage).board["rows"]
    assert [r["private"]["passed"] for r in rows] == [21, 21]
    assert [r["model"]["name"] for r in rows] == ["a-model", "b-model"]


@pytest.mark.parametrize(("missing", "ranked"), [(0, True), (1, True), (2, False)])
def test_at_closing_two_per_cent_may_lack_a_verdict_and_count_as_not_passed(wired, missing, ranked):
    stage = arrange.board(private=48, public=2)  # 50 attempts: one of them is 2 %
    evaluation = arrange.started(stage)
    gone = set(
        evaluation.attempts.filter(entry__split="private").values_list("pk", flat=True)[:missing]
    )
    arrange.completed(
        evaluation,
        lambda a: (
            FaultKind.ENDPOINT
            if a.pk in gone
            else (Verdict.PASSED if a.order % 2 else Verdict.WRONG_ANSWER)
        ),
    )
    if missing:
        open_board = publish(stage).board
        assert open_board["rows"] == []
        assert f"{missing} of 50" in open_board["unranked"][0]["reason"]
    rotate.close_rotation(rotation=stage.rotation, by="test")
    board = publish(stage).board
    assert bool(board["rows"]) == ranked
    if ranked:
        cell = board["rows"][0]["private"]
        passed = VerdictRecord.objects.filter(
            verdict="passed", attempt__entry__split="private"
        ).count()
        assert (cell["passed"], cell["samples"], cell["missing"]) == (passed, 48, missing)


def test_snapshots_form_a_chain_over_all_boards(stage):
    result(stage, 12)
    first, second = publish(stage), publish(stage)
    assert (first.sequence, second.sequence) == (0, 1)
    assert second.board["prev"] == first.digest
    bodies = [bytes(b) for b in Entry.objects.order_by("index").values_list("body", flat=True)]
    assert check_order(bodies) == []
    assert canonical(first.board) == first.body.encode() == bodies[first.log_index]


def test_a_crash_between_logging_and_signing_is_completed_by_the_next_call(stage):
    result(stage, 12)
    with pytest.raises(Crash):
        publish(stage, signer=DyingSigner())
    assert Entry.objects.filter(kind="snapshot").count() == 1
    assert not Snapshot.objects.exists()
    assert not Checkpoint.objects.exists()
    assert publishing.copy_logged(signer=wiring.signer()) == 1
    assert publishing.copy_logged(signer=wiring.signer()) == 0
    assert Snapshot.objects.get().checkpoint == Checkpoint.objects.get().note


def test_a_crash_after_signing_before_its_row_signs_the_same_tree_again(stage):
    result(stage, 12)
    real = wiring.signer()

    class SignsAndDies:
        name, verifier_key = real.name, real.verifier_key
        last_size = staticmethod(real.last_size)

        def sign_checkpoint(self, **facts) -> str:
            real.sign_checkpoint(**facts)
            raise Crash

    with pytest.raises(Crash):
        publish(stage, signer=SignsAndDies())
    assert real.last_size() == Entry.objects.count()
    assert not Checkpoint.objects.exists()
    publish(stage)
    assert Snapshot.objects.count() == 2


def test_a_copy_that_another_process_made_meanwhile_is_no_error(stage):
    result(stage, 12)
    snapshot = publish(stage)
    entry = Entry.objects.get(index=snapshot.log_index)
    publishing._copy(entry, Checkpoint.objects.get())
    assert Snapshot.objects.count() == 1


def test_an_outsider_verifies_the_bundle_with_the_stand_alone_verifier(stage):
    evaluation = result(stage, 12)
    publish(stage)
    publish(stage)
    published = PublishedRotation.objects.get()
    leaves = tuple(leaf.encode() for leaf in published.leaves)
    notes_of = list(Checkpoint.objects.order_by("size").values_list("note", flat=True))
    bundle = make_bundle(
        key=notes.parse_verifier_key(wiring.signer().verifier_key),
        checkpoint=notes_of[-1],
        earlier=notes_of[:-1],
        entries=[bytes(e.body) for e in Entry.objects.order_by("index")],
        pools=[Tree(published.name, leaves)],
    )
    checks = verify_bundle(json.loads(json.dumps(bundle)), key=wiring.signer().verifier_key)
    assert [check.name for check in checks if not check.ok] == []
    # one digit of one score, and it shows
    at = Entry.objects.get(index=Snapshot.objects.first().log_index).index
    body = base64.b64decode(bundle["entries"][at]).replace(b'"passed":12', b'"passed":13')
    bundle["entries"][at] = base64.b64encode(body).decode()
    assert not all(check.ok for check in verify_bundle(bundle))
    assert evaluation.slug.encode() in body


def test_the_signer_refuses_a_log_whose_past_was_changed(stage):
    from django.db import connection

    result(stage, 12)
    publish(stage)
    with connection.cursor() as cursor:  # as a superuser would
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE ledger_entry SET body = body || ' ' WHERE index = 1")
        cursor.execute("SET LOCAL session_replication_role = origin")
    with pytest.raises(PlatformFault) as fault:
        publish(stage)
    assert fault.value.code == "log_altered"


def test_one_model_that_two_endpoints_reach_is_one_row_and_two_groups_two(stage):
    first = result(stage, 10)
    other = factories.endpoint(first.provider, arrange.NOWHERE, model="model-x")
    other.model = first.model
    other.save()
    arrange.completed(request(endpoint=other, track=stage.track, by="test"), arrange.first(20))
    result(stage, 15, owner="Bolt", model="model-b")
    rows = publish(stage).board["rows"]
    assert sorted(r["private"]["passed"] for r in rows) == [10, 15]


def test_a_changed_endpoint_marks_its_row_and_keeps_its_score(stage):
    evaluation = result(stage, 12)
    assert publish(stage).board["rows"][0]["identity"] == ""
    IdentityMark.objects.create(evaluation=evaluation, moment="after", kinds=["answers"], p_e4=20)
    (row,) = publish(stage).board["rows"]
    assert "The endpoint changed between the beginning and the end" in row["identity"]
    assert "p 0.0020" in row["identity"]
    assert row["private"]["passed"] == 12


def test_only_public_tasks_are_copied_out(wired):
    stage = arrange.board(private=2, public=2)
    count = publishing.publish_tasks(rotation=stage.rotation, opener=wiring.opener(), by="test")
    assert count == PublishedTask.objects.count() == 2
    assert {t.payload["split"] for t in PublishedTask.objects.all()} == {"public"}


def test_no_hidden_task_can_be_found_in_what_is_published(wired):
    stage = arrange.board(private=24, public=4, marker=MARKER)
    PublishedTask.objects.all().delete()
    result(stage, 12)
    snapshot = publish(stage)
    everything = snapshot.body + json.dumps(list(PublishedRotation.objects.values()), default=str)
    everything += "".join(bytes(e.body).decode() for e in Entry.objects.all())
    assert MARKER not in everything
    form = stage.rotation.forms.get()
    for entry in form.entries.select_related("version__task"):
        assert str(entry.version_id) not in everything
        assert entry.version.task.slug not in everything
        assert entry.version.family_mac not in everything


def test_the_tables_of_the_website_lead_to_no_private_table():
    models = list(apps.get_app_config("leaderboard").get_models())
    models += list(apps.get_app_config("ledger").get_models())
    assert len(models) == 5
    relations = [f for m in models for f in m._meta.get_fields() if f.is_relation]
    assert relations == []


def test_a_rotation_without_a_commitment_is_not_shown(wired):
    pool = factories.pool_of(factories.tasks(private=1, public=0))
    track = factories.track_of(pool)
    with pytest.raises(NotAllowed) as refusal:
        publishing.publish(track=track, signer=wiring.signer(), sealer=wiring.sealer(), by="test")
    assert refusal.value.code == "no_rotation"
