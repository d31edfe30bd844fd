"""The operator's commands: what they answer, and how they refuse what is wrong.

Every refusal is one line with place and mend, has the documented exit status and changes nothing.
"""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command

from benchserver import wiring
from benchserver.core.errors import BadInput, BenchserverError
from benchserver.core.task import Split
from benchserver.engines.taskformats.native import Native
from benchserver.leaderboard.models import PublishedRotation
from tests import factories

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("wired")]


def answer(*words: str) -> Any:
    out = io.StringIO()
    call_command(*words, "--json", stdout=out, stderr=io.StringIO())
    return json.loads(out.getvalue())


def everything() -> dict[str, int]:
    """Row counts of all our tables."""
    ours = [m for m in apps.get_models() if m.__module__.startswith("benchserver.")]
    return {m._meta.db_table: m._default_manager.count() for m in ours}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A native folder of three good tasks and one that accepts anything."""
    good = [factories.task(n, Split.PUBLIC) for n in (1, 2, 3)]
    Native().write(good, tmp_path / "source")
    return tmp_path / "source"


def test_tasks_are_imported_once_and_exported_in_their_own_format(source: Path, tmp_path: Path):
    assert answer("import_tasks", str(source), "--pool", "p")["counts"]["stored"] == 3
    assert answer("import_tasks", str(source), "--pool", "p")["counts"]["unchanged"] == 3
    out = tmp_path / "out"
    assert answer("export_tasks", "--pool", "p", "--out", str(out))["tasks"] == 3
    assert sorted(t.source_id for t in Native().read(out)) == sorted(
        t.source_id for t in Native().read(source)
    )


def test_a_task_that_accepts_anything_is_refused_and_the_others_are_stored(
    source: Path, capsys: pytest.CaptureFixture[str]
):
    script = next(source.glob("*/tests/cases.jsonl"))
    script.write_text('{"args": [0], "expected": null}\n' * 3)
    reference = script.parents[1] / "reference.py"
    reference.write_text(reference.read_text().replace("return x", "return None and x"))
    out = io.StringIO()
    with pytest.raises(SystemExit) as status:
        call_command("import_tasks", str(source), "--pool", "p", "--json", stdout=out)
    assert status.value.code == 1
    counts = json.loads(out.getvalue())["counts"]
    assert counts == {"stored": 2, "unchanged": 0, "refused": 1}


def test_check_tasks_reports_every_gate_and_stores_nothing(source: Path):
    before = everything()
    reports = answer("check_tasks", str(source))
    assert [r["good"] for r in reports] == [True, True, True]
    assert [g["name"] for g in reports[0]["gates"]][:2] == ["reference", "null_solutions"]
    assert everything() == before
    assert {(r["shape"], r["judging_class"]) for r in reports} <= {
        ("function", "provable"),
        ("program", "provable"),
    }
    shown = io.StringIO()
    call_command("check_tasks", str(source), stdout=shown)
    assert "provable: 3" in shown.getvalue()


def test_check_tasks_tells_an_author_which_faults_survive(source: Path):
    folder = next(source.glob("*/tests/cases.jsonl")).parents[1]
    reference, manifest = folder / "reference.py", folder / "task.toml"
    noticed, blind = "    x = x + 1\n    x = x - 1\n" * 2, "    if x > 900:\n        x = x + 0\n"
    reference.write_text(
        reference.read_text().replace("    return", noticed + blind + "    return")
    )
    source_id = re.findall(r'id = "(.*)"', manifest.read_text())[0]

    def report() -> Any:
        return next(r for r in answer("check_tasks", str(source)) if r["task"] == source_id)

    weak = report()
    assert weak["advice"][0].startswith("mutants: ")
    shown = io.StringIO()
    call_command("check_tasks", str(source), stdout=shown)
    assert f"survives: {weak['survivors'][0]['key']}  line" in shown.getvalue()
    keys = ", ".join(f'"{survivor["key"]}"' for survivor in weak["survivors"])
    manifest.write_text(f"equivalent_mutants = [{keys}]\n" + manifest.read_text())
    named = report()
    assert (named["good"], named["survivors"], named["advice"]) == (True, [], [])
    (figure,) = (gate["figure"] for gate in named["gates"] if gate["name"] == "mutants")
    assert "more change nothing" in figure


def test_a_plan_is_a_preview_until_it_is_saved_and_opens_at_its_date():
    factories.track_of(factories.pool_of(factories.tasks(private=20, public=2)))
    before = everything()
    plan = answer("rotation", "plan", "--pool", "demo")
    assert (plan["ok"], len(plan["enter"]), plan["retire"]) == (True, 22, [])
    assert everything() == before
    (told,) = plan["tells"]["tracks"]
    assert (told["tasks"], told["tasks_for_half"], told["tries"]) == (20, 80, 2)
    words = ("--opens", "2030-01-01", "--closes", "2030-01-15", "--save")
    saved = answer("rotation", "plan", "--pool", "demo", *words)
    (row,) = answer("rotation", "list", "--pool", "demo")
    assert (row["slug"], row["state"]) == (saved["rotation"], "planned")
    assert answer("rotation", "abandon", "--pool", "demo")["abandoned"] == saved["rotation"]


def test_opening_publishes_the_commitment_and_the_public_tasks():
    factories.track_of(factories.pool_of(factories.tasks(private=20, public=2)))
    opened = answer("rotation", "open", "--pool", "demo", "--name", "ro-1")
    row = PublishedRotation.objects.get(name="ro-1")
    assert (row.root, row.private_tasks, row.public_tasks) == (opened["root"], 20, 2)
    closed = answer("rotation", "close", "--pool", "demo")
    assert closed["state"] == PublishedRotation.objects.get(name="ro-1").state == "closed"


REFUSED = {
    "unknown pool": (("rotation", "plan", "--pool", "nope"), "no pool 'nope'"),
    "unknown track": (("publish", "--track", "nope"), "no track 'nope'"),
    "no date": (("rotation", "plan", "--pool", "demo", "--opens", "soon"), "--opens: 'soon'"),
    "backwards": (
        ("rotation", "plan", "--pool", "demo", "--opens", "2030-02-01", "--closes", "2030-01-01"),
        "closes after it opens",
    ),
    "no source": (("import_tasks", "/nonexistent", "--pool", "demo"), "nothing here"),
    "no bundle": (("verify", "/nonexistent"), "/nonexistent: cannot be read"),
    "unknown pool to export": (("export_tasks", "--pool", "x", "--out", "y"), "no pool 'x'"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_wrong_usage_is_one_line_with_place_and_mend_and_changes_nothing(name: str):
    factories.pool_of(factories.tasks(private=2, public=0))
    words, told = REFUSED[name]
    before = everything()
    with pytest.raises(BenchserverError) as refusal:
        call_command(*words, stdout=io.StringIO(), stderr=io.StringIO())
    assert told in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert everything() == before


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ('{"task_id": "x"\n', ":1: not JSON"),
        ('{"task_id": "x", "prompt": "p"}\n', "entry_point"),
        ("[]\n", ":1:"),
    ],
)
def test_a_broken_source_names_file_and_line_and_nothing_is_stored(
    tmp_path: Path, lines: str, told: str
):
    broken = tmp_path / "tasks.jsonl"
    broken.write_text(lines)
    before = everything()
    with pytest.raises(BenchserverError) as refusal:
        call_command("import_tasks", str(broken), "--pool", "new", "--format", "humaneval")
    assert "tasks.jsonl" in str(refusal.value)
    assert told in str(refusal.value)
    assert everything() == before


def test_a_machine_without_a_sandbox_refuses_before_a_pool_is_made(
    source: Path, monkeypatch: pytest.MonkeyPatch
):
    def none() -> None:
        raise BadInput("no sandbox here", place="sandbox", mend="Install it.")

    monkeypatch.setattr(wiring, "sandbox", none)
    before = everything()
    with pytest.raises(BadInput):
        call_command("import_tasks", str(source), "--pool", "new")
    assert everything() == before
