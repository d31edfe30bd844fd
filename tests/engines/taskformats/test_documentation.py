"""What docs/task-format.md and the README of the drop folder show can really be read."""

from __future__ import annotations

import re
from pathlib import Path

from benchserver.core.task import CallCases
from benchserver.engines.taskformats import registry
from benchserver.engines.taskformats.native.manifest import (
    COMPARATORS,
    EXTENSIONS,
    KEYS,
    LIMIT_UNITS,
)
from tests.engines.taskformats.native.pools import place, read_one

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "task-format.md").read_text()
README = (ROOT / "tasks_private" / "README.md").read_text()


def block(page: str, kind: str) -> str:
    found = re.search(rf"```{kind}\n(.*?)```", page, re.DOTALL)
    assert found
    return found[1]


def test_the_manifest_and_the_cases_of_the_page_parse(tmp_path: Path) -> None:
    task = read_one(
        tmp_path,
        {
            "task.toml": block(PAGE, "toml"),
            "tests/cases.jsonl": block(PAGE, "json"),
            "statement.md": "A bell.",
            "reference.py": "def tide_bell(): pass\n",
        },
    )
    assert (task.source_id, task.created, task.family) == ("tide-bell", "2026-11-03", "bells")
    assert isinstance(task.tests, CallCases)
    assert [case.expected for case in task.tests.cases][1:] == [None, {"$float": "0.25"}]


def test_the_small_task_of_the_readme_is_complete_and_right(tmp_path: Path) -> None:
    files = {
        "task.toml": block(README, "toml"),
        "statement.md": block(README, "text"),
        "reference.py": block(README, "python"),
        "tests/cases.jsonl": block(README, "json"),
    }
    place(tmp_path / "doubled-vowels", files)
    (task,) = registry.read(tmp_path)
    names: dict[str, object] = {}
    exec(task.reference, names)
    assert isinstance(task.tests, CallCases)
    for case in task.tests.cases:
        assert names[task.entry_point](*case.args) == case.expected  # type: ignore[operator]


def test_every_key_format_and_choice_is_documented() -> None:
    for word in (*KEYS, *LIMIT_UNITS, *COMPARATORS, *EXTENSIONS, *registry.FORMATS):
        assert re.search(rf"\b{word}\b", PAGE), word


def test_the_readme_names_every_format() -> None:
    assert all(f"`{name}`" in README for name in registry.FORMATS)
