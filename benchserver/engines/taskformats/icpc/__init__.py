"""Problem packages of programming contests: read and judged as Kattis and ICPC judges do.

A source is a package (a folder with ``problem.yaml``) or a folder of packages, in the legacy layout
or that of 2023-07. A task has one language: the first of ``LANGUAGES`` in which the package has an
accepted submission, or the one that ``read_in`` is asked for. Example: the package ``different``
becomes the Python task ``different``; ``read_in(path, "cpp")`` makes it ``different/cpp``, of the
same family.

Format: Kattis problem package format, versions ``legacy`` and ``2023-07``.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from benchserver.core.errors import BadInput
from benchserver.core.task import Shape, TaskSpec
from benchserver.engines.taskformats.faults import Faults
from benchserver.engines.taskformats.icpc import submissions
from benchserver.engines.taskformats.icpc.data import read_tests
from benchserver.engines.taskformats.icpc.problem import FILE, Problem, read_problem
from benchserver.engines.taskformats.icpc.statement import read_statement
from benchserver.engines.taskformats.icpc.submissions import LANGUAGES
from benchserver.engines.taskformats.icpc.writer import write_packages
from benchserver.engines.taskformats.native.folder import Folder


class Icpc:
    name = "icpc"

    def recognises(self, path: Path) -> bool:
        """A folder with ``problem.yaml`` and ``data``, or a folder of such folders."""
        return path.is_dir() and any((home / "data").is_dir() for home in _homes(path))

    def read(self, path: Path) -> list[TaskSpec]:
        """One task a package, in order of folder names. Raises ``SourceFaults``."""
        return self.read_in(path, "")

    def read_in(self, path: Path, language: str) -> list[TaskSpec]:
        """The same in ``language`` (empty: each package's first). Raises ``SourceFaults``."""
        faults = Faults()
        tasks = [_task(folder, language) for folder in _folders(path, faults=faults)]
        faults.stop_if_any()
        return [task for task in tasks if task is not None]

    def write(self, tasks: Iterable[TaskSpec], path: Path) -> None:
        """One package a task. Raises ``BadInput`` for a task that is no program."""
        write_packages(tasks, path)


def wrong_solutions(path: Path, task: TaskSpec) -> list[str]:
    """Submissions in the task's language that must not be accepted, sorted by folder and name.

    Raises ``BadInput`` when no package of the source has this name.
    """
    return _solutions(path, task, submissions.WRONG)


def alternative_solutions(path: Path, task: TaskSpec) -> list[str]:
    """Further accepted submissions in the task's language, the reference left out."""
    return [code for code in _solutions(path, task, ("accepted",)) if code != task.reference]


def _solutions(path: Path, task: TaskSpec, verdicts: tuple[str, ...]) -> list[str]:
    faults = Faults()
    for folder in _folders(path, faults=faults):
        if folder.name == task.source_id.partition("/")[0]:
            found = submissions.read_submissions(folder, verdicts)
            faults.stop_if_any()
            return [one.code for one in found if one.language == task.language]
    raise BadInput("no package has that name", place=path.name, mend="Name one of the source.")


def _homes(path: Path) -> list[Path]:
    if (path / FILE).exists():
        return [path]
    inner = sorted(p for p in path.iterdir() if p.is_dir() and p.name[0] not in "._")
    return [p for p in inner if (p / FILE).exists()]


def _folders(path: Path, *, faults: Faults) -> list[Folder]:
    homes = _homes(path) if path.is_dir() else []
    if not homes:
        faults.add(f"no {FILE} in it", place=path.name, mend="Name a package or a folder of them.")
    return [Folder(home, home.resolve().name, faults) for home in homes]


def _task(folder: Folder, language: str) -> TaskSpec | None:
    problem = read_problem(folder)
    if problem is None:
        return None
    accepted = submissions.read_submissions(folder, ("accepted",))
    reference = submissions.chosen(folder, accepted, language)
    tests = read_tests(folder, problem)
    statement = read_statement(folder, problem)
    if reference is None or tests is None:
        return None
    return TaskSpec(
        source_id=f"{folder.name}/{language}" if language else folder.name,
        shape=Shape.PROGRAM,
        statement=statement,
        tests=tests,
        reference=reference.code,
        language=reference.language,
        limits=problem.limits,
        family=folder.name,
        topic=problem.topic,
        author=problem.author,
        sources=problem.sources,
    )


__all__ = ["LANGUAGES", "Icpc", "Problem", "alternative_solutions", "wrong_solutions"]
