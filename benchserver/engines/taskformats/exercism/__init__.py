"""Exercism exercises as their tracks publish them: a folder an exercise, or a tree of them.

``.meta/config.json`` says which files a solution fills, which are tests and which is the example;
``.docs`` holds the statement. Example: ``python/exercises/practice/bowling`` becomes the task
``python/bowling``. Python tests that only call what the solution defines are converted to the
examiner's form (``conversion.py``) and are provable; all others are unit tests, mitigated.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from benchserver.core.errors import BadInput
from benchserver.core.task import TaskSpec
from benchserver.engines.taskformats.exercism.exercise import read_exercise
from benchserver.engines.taskformats.exercism.writer import write_tree
from benchserver.engines.taskformats.faults import Faults, refuse_doubles

CONFIG = ".meta/config.json"
_MOST_FOLDERS = 20_000


class Exercism:
    name = "exercism"

    def recognises(self, path: Path) -> bool:
        """An exercise folder, or a tree that holds one."""
        return path.is_dir() and next(_exercises(path), None) is not None

    def read(self, path: Path) -> list[TaskSpec]:
        """All exercises below ``path``, ordered by their place. Raises ``SourceFaults``."""
        faults = Faults()
        homes = sorted(_exercises(path)) if path.is_dir() else []
        if not homes:
            faults.add(
                f"no exercise here: no folder holds {CONFIG}",
                place=path.name,
                mend="Name an exercise folder or a tree of them.",
            )
        tasks = [read_exercise(home, place=_place(home, path), faults=faults) for home in homes]
        named = [(t.source_id, _place(h, path)) for t, h in zip(tasks, homes, strict=True)]
        refuse_doubles([pair for pair in named if pair[0]], faults=faults)
        faults.stop_if_any()
        return tasks

    def write(self, tasks: Iterable[TaskSpec], path: Path) -> None:
        """A tree ``language/exercise``. Raises ``BadInput`` for a task that is no exercise."""
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise BadInput(
                "the place to write to is taken",
                place=path.name,
                mend="Name a new or empty folder.",
            )
        write_tree(list(tasks), path)


def _exercises(path: Path) -> Iterator[Path]:
    """Folders that hold the file; it looks below none of them, nor through links."""
    waiting, seen = [path], 0
    while waiting and seen < _MOST_FOLDERS:
        folder = waiting.pop()
        seen += 1
        if (folder / CONFIG).is_file():
            yield folder
            continue
        inner = (entry for entry in folder.iterdir() if not entry.name.startswith("."))
        waiting += [entry for entry in inner if entry.is_dir() and not entry.is_symlink()]


def _place(home: Path, path: Path) -> str:
    inner = home.relative_to(path).as_posix()
    return path.name if inner == "." else inner
