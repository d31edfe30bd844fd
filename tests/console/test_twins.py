"""A drop folder may bring twins: taken in with their originals, in whatever order they stand."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from benchserver.core.task import Split
from benchserver.engines.taskformats.native import Native
from benchserver.pools.models import TaskVersion
from tests import factories
from tests.console.test_commands import answer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("wired")]


def test_twins_are_examined_and_taken_in_after_their_originals(tmp_path: Path) -> None:
    original = factories.task(1, Split.PUBLIC)
    copy = dataclasses.replace(factories.twin(original), statement=original.statement + " Now.")
    folder = tmp_path / "source"
    Native().write([factories.twin(original), original], folder)
    # The twin's folder comes first by name, and it is stored second all the same.
    (twin,) = (path.parent for path in folder.glob("*/task.toml") if "twin_of" in path.read_text())
    twin.rename(folder / "a-twin")
    reports = answer("check_tasks", str(folder))
    assert [r["good"] for r in reports] == [True, True]
    assert "twin" in {gate["name"] for report in reports for gate in report["gates"]}
    assert answer("import_tasks", str(folder), "--pool", "p")["counts"]["stored"] == 2
    stored = TaskVersion.objects.exclude(twin_mac="").get()
    assert stored.twin_mac == TaskVersion.objects.get(twin_mac="").task.source_mac
    assert "shares" in stored.intake["twin"]
    (folder / "a-twin" / "statement.md").write_text(copy.statement)
    with pytest.raises(SystemExit):
        answer("import_tasks", str(folder), "--pool", "q")
    assert TaskVersion.objects.filter(task__pool__slug="q").count() == 1
