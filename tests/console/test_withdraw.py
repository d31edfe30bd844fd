"""The operator withdraws a task on the command line: said first, then done, boards issued anew."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from benchserver import wiring
from benchserver.core.errors import BadInput
from benchserver.leaderboard.models import Snapshot
from benchserver.leaderboard.publish import publish
from benchserver.ledger.models import Entry
from benchserver.pools.models import FormEntry, Task
from benchserver.transparency.canonical import parse_canonical
from benchserver.transparency.entries import check_order
from tests import arrange

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("even_lot")]
HIDDEN = 45


@pytest.fixture
def stage(wired) -> arrange.Board:
    stage = arrange.board(private=HIDDEN, public=2)
    evaluation = arrange.started(stage)
    arrange.completed(evaluation, arrange.first(20))
    return stage


def faulty() -> str:
    return str(FormEntry.objects.filter(split="private").first().version.task.slug)


def said(*words: str) -> dict[str, Any]:
    out = StringIO()
    base = ("--pool", "demo", "--rotation", "ro-1", "--why", "wrong_tests", "--json")
    call_command("withdraw", *base, *words, stdout=out)
    return json.loads(out.getvalue())


def shown(stage: arrange.Board) -> Snapshot:
    return publish(track=stage.track, signer=wiring.signer(), sealer=wiring.sealer(), by="test")


def test_without_yes_it_is_only_said(stage):
    shown(stage)
    before = arrange.row_counts()
    found = said("--task", faulty(), "--companions")
    assert found["withdrawn"] == [
        {"track": "python", "faulty": 1, "companions": 19, "standing": HIDDEN - 20, "told": True}
    ]
    assert (found["boards"], found["done"]) == (["python"], False)
    assert arrange.row_counts() == before


def test_done_the_board_is_issued_anew_and_the_old_one_stays(stage):
    first = shown(stage)
    body = first.body
    said("--task", faulty(), "--companions", "--yes")
    second = Snapshot.objects.order_by("-sequence").first()
    assert second.sequence == first.sequence + 1
    rotation = second.board["rotation"]
    assert (rotation["private_tasks"], rotation["withdrawn_private"]) == (HIDDEN - 20, 20)
    assert second.board["rows"][0]["private"]["tasks"] == HIDDEN - 20
    assert second.board["estimators"]["rotation.withdrawn_private"] == "count@1"
    assert Snapshot.objects.get(pk=first.pk).body == body
    logged = [parse_canonical(bytes(entry.body)) for entry in Entry.objects.order_by("index")]
    assert [entry["t"] for entry in logged][-3:] == ["form-withdrawal", "snapshot", "correction"]
    correction = logged[-1]
    assert (correction["ref_seq"], correction["field"]) == (first.sequence, "rows")
    assert check_order([bytes(entry.body) for entry in Entry.objects.order_by("index")]) == []


def test_a_third_snapshot_corrects_nothing_more(stage):
    shown(stage)
    said("--task", faulty(), "--companions", "--yes")
    shown(stage)
    assert Entry.objects.filter(kind="correction").count() == 1


def test_a_refusal_names_the_sets_and_the_ways_out(stage, capsys):
    shown(stage)
    before = arrange.row_counts()
    with pytest.raises(SystemExit) as stop:
        said("--task", faulty(), "--yes")
    assert stop.value.code == 1
    told = capsys.readouterr().err
    assert "differ by fewer than 20" in told
    assert "model-a-1, rotation ro-1, track python: 45 tasks" in told
    assert "--companions" in told
    assert "--later" in told
    assert arrange.row_counts() == before


def test_later_leaves_this_rotation_as_it_is(stage):
    first = shown(stage)
    name = faulty()
    said("--task", name, "--later", "--yes")
    assert Task.objects.get(slug=name).retired_at is not None
    assert shown(stage).board["rows"] == first.board["rows"]


def test_before_a_board_was_shown_no_board_is_made(stage):
    found = said("--task", faulty(), "--yes")
    assert (found["boards"], found["withdrawn"][0]["companions"]) == ([], 0)
    assert not Snapshot.objects.exists()
    assert shown(stage).board["rotation"]["withdrawn_private"] == 1
    assert not Entry.objects.filter(kind="correction").exists()


@pytest.mark.parametrize(
    ("words", "place"),
    [(("--task", "ta_nothing"), "--task"), ((), "--task")],
)
def test_what_is_wrong_is_named(stage, words, place):
    with pytest.raises(BadInput) as refusal:
        said(*words)
    assert refusal.value.place == place
