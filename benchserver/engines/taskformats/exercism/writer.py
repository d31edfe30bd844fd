"""Write tasks as exercise folders; reading them back gives the same tasks.

Only what a task holds is written: instructions in one file, no approaches, no track tooling.
Example: ``go/bowling`` becomes ``go/bowling/`` with its tests, its stub and ``.meta/example.go``.
"""

from __future__ import annotations

import json
import posixpath
import re
from pathlib import Path
from typing import Any

from benchserver.core import solution
from benchserver.core.errors import BadInput
from benchserver.core.task import CheckScript, TaskSpec, UnitTests
from benchserver.engines.taskformats.exercism import conversion, statement
from benchserver.engines.taskformats.exercism.tracks import Track, track_for

_ID = re.compile(r"[A-Za-z0-9_+-]{1,40}/[A-Za-z0-9_.-]{1,100}")


def write_tree(tasks: list[TaskSpec], path: Path) -> None:
    """One folder a task below ``path``. Raises ``BadInput`` before anything is written."""
    for home, files in [(task.source_id, _files(task)) for task in tasks]:
        for inner, text in files.items():
            target = path / home / inner
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text.encode("utf-8"))


def _files(task: TaskSpec) -> dict[str, str]:
    told = statement.take_apart(task.statement)
    track = track_for(task.language)
    if told is None or track is None or not _ID.fullmatch(task.source_id):
        raise _misfit(task)
    instructions, stubs = told
    tests = _tests(task)
    example = _example(task, track, stubs)
    config = _config(task, stubs=stubs, tests=_listed(track, tests), example=example)
    return {
        ".meta/config.json": json.dumps(config, indent=2, ensure_ascii=False) + "\n",
        ".docs/instructions.md": instructions + "\n",
        **example,
        **stubs,
        **tests,
    }


def _tests(task: TaskSpec) -> dict[str, str]:
    if isinstance(task.tests, UnitTests):
        return dict(task.tests.files)
    original = conversion.original(task.tests) if isinstance(task.tests, CheckScript) else None
    if original is None:
        raise _misfit(task)
    return dict([original])


def _listed(track: Track, tests: dict[str, str]) -> list[str]:
    """Tests proper; what the reader finds by itself beside them is not listed."""
    own = [path for path in tests if _ending(path) in track.extensions]
    support = [path for path in own if any(Path(path).match(p) for p in track.support)]
    return [path for path in own if path not in support] or own


def _example(task: TaskSpec, track: Track, stubs: dict[str, str]) -> dict[str, str]:
    wanted = tuple(stubs)
    files = {wanted[0]: task.reference}
    if task.reference.startswith("{"):
        files = solution.split(task.reference)
    one_each = len({_ending(path) for path in wanted}) == len(wanted) and set(files) == set(wanted)
    if one_each:
        return {f".meta/example.{_ending(path)}": text for path, text in files.items()}
    return {f".meta/reference/{posixpath.basename(p)}": text for p, text in files.items()}


def _config(task: TaskSpec, **files: Any) -> dict[str, Any]:
    source = {("source_url" if "://" in text else "source"): text for text in task.sources}
    authors = [name for name in task.author.split(", ") if name]
    named = {key: list(paths) for key, paths in files.items()}
    parts = {"solution": named["stubs"], "test": named["tests"], "example": named["example"]}
    return {"authors": authors, "files": parts, **source}


def _ending(path: str) -> str:
    return path.rpartition(".")[2]


def _misfit(task: TaskSpec) -> BadInput:
    return BadInput(
        "this task does not fit the exercism format",
        place=task.source_id,
        mend="Write it in the native format.",
    )
