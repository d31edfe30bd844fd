"""One exercise folder -> one task; every flaw is a fault with file and line.

Decides which file plays which part. Example: ``.meta/example.h`` fills the solution file that
ends in ``.h``; a reference file that no solution file asks for (``Frame.java``) is laid beside
the first one.
"""

from __future__ import annotations

import json
import posixpath
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchserver.core import solution
from benchserver.core.task import JudgingClass, Shape, TaskSpec, UnitTests
from benchserver.engines.taskformats.exercism import conversion, statement
from benchserver.engines.taskformats.exercism.tracks import MANIFESTS, Track, track_of
from benchserver.engines.taskformats.faults import Faults
from benchserver.engines.taskformats.native.folder import Folder

_CONFIG = ".meta/config.json"
_INSTRUCTIONS = ".docs/instructions.md"
_BEFORE, _AFTER = ".docs/introduction.md", ".docs/instructions.append.md"
_EXAMPLE_STEMS = ("example", "proof.ci", "exemplar")
_NOTHING = TaskSpec(
    source_id="",
    shape=Shape.UNITTESTS,
    statement="",
    reference="",
    tests=UnitTests(framework="", files=(), solution_files=()),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """``solution``, ``tests``, ``example``: paths in the folder. ``config``: the whole document."""

    track: Track
    config: dict[str, Any]
    solution: tuple[str, ...]
    tests: tuple[str, ...]
    example: tuple[str, ...]


def read_exercise(home: Path, *, place: str, faults: Faults) -> TaskSpec:
    """The task of the folder; after a fault it is a husk that nobody gets to see."""
    folder = Folder(home, place, faults)
    before = len(faults.found)
    parts = _parts(folder)
    if parts is None:
        return _NOTHING
    stubs = {path: folder.text(path) for path in parts.solution}
    tests = _test_files(folder, parts)
    reference = _reference(folder, parts)
    told = _instructions(folder)
    if len(faults.found) > before:
        return _NOTHING
    return _task(home.name, parts, stubs=stubs, tests=tests, reference=reference, told=told)


def _task(
    name: str,
    parts: _Parts,
    *,
    stubs: dict[str, str],
    tests: dict[str, str],
    reference: dict[str, str],
    told: str,
) -> TaskSpec:
    language = parts.track.language
    several = len(stubs) > 1
    lone = not several and list(reference) == list(stubs)
    common: dict[str, Any] = {
        "source_id": f"{language}/{name}",
        "statement": statement.compose(told, stubs, language=language),
        "reference": reference[parts.solution[0]] if lone else solution.join(reference),
        "language": language,
        "family": name,
        "author": ", ".join(_texts(parts.config.get("authors"))),
        "sources": tuple(_sources(parts.config)),
        "solution_files": tuple(stubs) if several else (),
    }
    script = conversion.converted(stubs=stubs, tests=tests, reference=reference)
    if script is not None:
        return TaskSpec(shape=Shape.FUNCTION, tests=script, entry_point=script.proxies[0], **common)
    unit_tests = UnitTests(
        framework=parts.track.framework,
        files=tuple(sorted(tests.items())),
        solution_files=parts.solution,
    )
    return TaskSpec(
        shape=Shape.UNITTESTS, tests=unit_tests, judging_class=JudgingClass.MITIGATED, **common
    )


def _parts(folder: Folder) -> _Parts | None:
    text = folder.full_text(_CONFIG)
    config = _document(folder, text) if text else None
    files = config.get("files") if config is not None else None
    if config is None or not isinstance(files, dict):
        if config is not None:
            mend = 'Add "files": {"solution": [...], "test": [...], "example": [...]}.'
            folder.fault("key 'files' is not an object", inner=_CONFIG, mend=mend)
        return None
    found = {key: _paths(folder, text, files, key) for key in ("solution", "test", "example")}
    track = track_of(found["test"][0]) if found["test"] else None
    if found["test"] and track is None:
        mend = "Use an exercise of a language that this project judges."
        folder.fault("the tests are of an unknown kind", inner=found["test"][0][:80], mend=mend)
    wanted = [path for path in found["solution"] if posixpath.basename(path) not in MANIFESTS]
    if track is None or not wanted or not found["example"]:
        return None
    return _Parts(
        track=track,
        config=config,
        solution=tuple(wanted),
        tests=tuple(found["test"]),
        example=tuple(found["example"]),
    )


def _document(folder: Folder, text: str) -> dict[str, Any] | None:
    line = 1
    try:
        config = json.loads(text)
    except RecursionError:
        config = None
    except json.JSONDecodeError as error:
        config, line = None, error.lineno
    if isinstance(config, dict):
        return config
    folder.fault("this is not a JSON object", inner=_CONFIG, line=line, mend="Mend the JSON.")
    return None


def _paths(folder: Folder, text: str, files: dict[str, Any], key: str) -> list[str]:
    """The paths under ``files.key``: at least one, each plain and inside the folder."""
    value = files.get(key)
    line = next((n for n, row in enumerate(text.split("\n"), 1) if f'"{key}"' in row), 1)
    paths = _texts(value)
    if not isinstance(value, list) or not paths or len(paths) != len(value):
        mend = f'Write "{key}" as a list of at least one path.'
        folder.fault(f"files.{key} names no files", inner=_CONFIG, line=line, mend=mend)
        return []
    for path in paths:
        if not solution.is_inner_path(path):
            mend = "Write plain paths below the exercise folder."
            folder.fault(f"files.{key} leaves the folder", inner=_CONFIG, line=line, mend=mend)
            return []
    return paths


def _texts(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _sources(config: dict[str, Any]) -> list[str]:
    named = (config.get("source"), config.get("source_url"))
    return [text for text in named if isinstance(text, str) and text]


def _instructions(folder: Folder) -> str:
    around = [folder.optional_text(_BEFORE), "", folder.optional_text(_AFTER)]
    around[1] = folder.full_text(_INSTRUCTIONS)
    return "\n\n".join(part.strip() for part in around if part.strip())


def _test_files(folder: Folder, parts: _Parts) -> dict[str, str]:
    """The tests and what they need, by path. Blank tests are a fault."""
    support = [
        found.relative_to(folder.root).as_posix()
        for pattern in parts.track.support
        for found in sorted(folder.root.glob(pattern))
    ]
    extra = [path for path in support if path not in parts.tests]
    return {
        **{path: folder.full_text(path) for path in parts.tests},
        **{path: folder.text(path) for path in extra},
    }


def _reference(folder: Folder, parts: _Parts) -> dict[str, str]:
    """The example laid out as a solution. A solution file without its example is a fault."""
    sources = [path for path in parts.example if _ending(path) in parts.track.extensions]
    laid: dict[str, str] = {}
    for path in sources:
        target = _target(path, parts.solution, taken=laid)
        laid[target] = folder.full_text(path)
    for path in parts.solution:
        if path not in laid:
            mend = "Name an example file with the same name or ending."
            folder.fault(f"files.example fills no {path[:80]}", inner=_CONFIG, mend=mend)
    return dict(sorted(laid.items(), key=lambda item: item[0] not in parts.solution))


def _target(path: str, wanted: tuple[str, ...], *, taken: dict[str, str]) -> str:
    free = [name for name in wanted if name not in taken]
    base = posixpath.basename(path)
    same = [name for name in free if posixpath.basename(name) == base]
    if same:
        return same[0]
    alike = [name for name in free if _ending(name) == _ending(path)]
    stem = base.rpartition(".")[0]
    if alike and stem in _EXAMPLE_STEMS:
        return alike[0]
    return posixpath.join(posixpath.dirname(wanted[0]), base)


def _ending(path: str) -> str:
    return path.rpartition(".")[2]
