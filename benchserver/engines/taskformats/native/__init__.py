"""The project's own format: a folder a task, a superset of what the other formats can say.

``task.toml`` holds what the task is, ``statement.md`` what a model is shown, ``reference.py`` a
solution, ``tests/`` the hidden tests. Optional: ``prompt.py`` (code the statement carries),
``wrong/*.py`` (plausible wrong solutions, each must fail) and ``alt/*.py`` (other right ones).
A pool is a folder of such folders. Everything is told in docs/task-format.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from benchserver.core.errors import BadInput
from benchserver.core.task import JudgingClass, Shape, Split, TaskSpec, Tests
from benchserver.engines.taskformats.faults import Faults, refuse_doubles
from benchserver.engines.taskformats.native.folder import Folder
from benchserver.engines.taskformats.native.hidden_tests import read_tests
from benchserver.engines.taskformats.native.manifest import (
    EXTENSIONS,
    FILE,
    Manifest,
    read_manifest,
)
from benchserver.engines.taskformats.native.writer import write_pool

_STATEMENT = "statement.md"
_LOOSE = ("notes.md", "README.md", "generate.py", "tests", "tools", "wrong", "alt")


class Native:
    name = "native"

    def recognises(self, path: Path) -> bool:
        """A folder with ``task.toml`` and ``statement.md``, or a folder of such folders."""
        return path.is_dir() and any((home / _STATEMENT).exists() for home in _homes(path))

    def read(self, path: Path) -> list[TaskSpec]:
        """All tasks below ``path`` in order of folder names. Raises ``SourceFaults``."""
        faults = Faults()
        folders = _folders(path, faults=faults)
        tasks = [_task(folder) for folder in folders]
        named = [
            (task.source_id, folder.place(FILE))
            for task, folder in zip(tasks, folders, strict=True)
            if task is not None and task.source_id
        ]
        refuse_doubles(named, faults=faults)
        faults.stop_if_any()
        return [task for task in tasks if task is not None]

    def write(self, tasks: Iterable[TaskSpec], path: Path) -> None:
        write_pool(tasks, path)


def wrong_solutions(path: Path, task_id: str) -> list[str]:
    """Code of the task's ``wrong/`` programs, sorted by file name; intake wants each to fail.

    Raises ``BadInput`` when no task of the source has this id, ``SourceFaults`` for bad files.
    """
    return _solutions(path, task_id, "wrong")


def alternative_solutions(path: Path, task_id: str) -> list[str]:
    """Code of the task's ``alt/`` programs, sorted by file name; intake wants each to pass."""
    return _solutions(path, task_id, "alt")


def equivalent_mutants(path: Path, task_id: str) -> tuple[str, ...]:
    """Keys of the mutants of its reference that the task's author found to change nothing."""
    return _found(path, task_id)[1].equivalent_mutants


def _solutions(path: Path, task_id: str, kind: str) -> list[str]:
    folder, _ = _found(path, task_id)
    own = Folder(folder.root, folder.name, Faults())
    texts = [own.full_text(f"{kind}/{name}") for name in own.names(kind)]
    own.faults.stop_if_any()
    return texts


def _found(path: Path, task_id: str) -> tuple[Folder, Manifest]:
    faults = Faults()
    for folder in _folders(path, faults=faults):
        manifest = read_manifest(folder)
        if manifest is not None and manifest["id"] == task_id:
            return folder, manifest
    raise BadInput(
        "no task of this source has that id", place=path.name, mend="Name an id of the source."
    )


def _homes(path: Path) -> list[Path]:
    """The task folder itself, or the task folders of a pool; hidden names are passed over."""
    if (path / FILE).exists():
        return [path]
    inner = sorted(p for p in path.iterdir() if p.is_dir() and p.name[0] not in "._")
    return [p for p in inner if (p / FILE).exists()]


def _folders(path: Path, *, faults: Faults) -> list[Folder]:
    if not path.is_dir():
        faults.add("this is not a folder", place=path.name, mend="Name a task or pool folder.")
        return []
    homes = _homes(path)
    if not homes:
        faults.add(f"no {FILE} in it", place=path.name, mend="Put one folder a task here.")
    if homes != [path]:
        _refuse_lost(path, homes, faults=faults)
    home = path.resolve()
    inside = [h for h in homes if home == h.resolve() or home in h.resolve().parents]
    for link in set(homes) - set(inside):
        faults.add("a link leaves the pool", place=link.name, mend="Put a copy here.")
    return [Folder(inner, _place_name(inner), faults) for inner in inside]


def _place_name(folder: Path) -> str:
    return folder.name or folder.resolve().name


def _refuse_lost(path: Path, homes: list[Path], *, faults: Faults) -> None:
    for inner in sorted(path.iterdir()):
        if inner.is_dir() and inner.name[0] not in "._" and inner not in homes:
            mend = f"Give it a {FILE} or move it out of the pool."
            faults.add(f"no {FILE} in it", place=inner.name, mend=mend)


def _task(folder: Folder) -> TaskSpec | None:
    manifest = read_manifest(folder)
    if manifest is None:
        return None
    end = EXTENSIONS[manifest["language"]]
    _refuse_strangers(folder, end)
    prompt_code = folder.optional_text(f"prompt.{end}")
    return _spec(
        manifest,
        statement=folder.full_text(_STATEMENT),
        prompt_code=prompt_code,
        reference=folder.full_text(f"reference.{end}"),
        tests=read_tests(folder, manifest, prompt_code=prompt_code),
    )


def _refuse_strangers(folder: Folder, end: str) -> None:
    known = {FILE, _STATEMENT, f"reference.{end}", f"prompt.{end}", *_LOOSE}
    for name in folder.names():
        if name not in known:
            mend = "Rename or remove it; a misspelt file would be ignored."
            folder.fault("unknown file", inner=name[:60], mend=mend)
    for kind in ("wrong", "alt"):
        for name in folder.names(kind):
            if not name.endswith(f".{end}"):
                mend = f"Only *.{end} files belong here."
                folder.fault("unknown file", inner=f"{kind}/{name[:60]}", mend=mend)


def _spec(
    manifest: Manifest, *, statement: str, prompt_code: str, reference: str, tests: Tests
) -> TaskSpec:
    return TaskSpec(
        source_id=manifest["id"],
        shape=Shape(manifest["shape"]),
        statement=statement,
        tests=tests,
        reference=reference,
        language=manifest["language"],
        prompt_code=prompt_code,
        entry_point=manifest["entry_point"],
        limits=manifest.limits,
        judging_class=JudgingClass(manifest["judging_class"]),
        split=Split(manifest["split"]) if manifest["split"] else None,
        family=manifest["family"],
        topic=manifest["topic"],
        difficulty=manifest["difficulty"],
        created=manifest["created"],
        author=manifest["author"],
        sources=manifest.sources,
        canary=manifest["canary"],
        twin_of=manifest["twin_of"],
    )
