"""Read a task source and examine it, as ``check_tasks`` and ``import_tasks`` both do.

Example: ``examined(Path("tasks_private/example"))`` yields every task with its intake report; a
malformed source raises ``SourceFaults`` before anything runs.
"""

from __future__ import annotations

import dataclasses
import os
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchserver import wiring
from benchserver.core.task import Split, TaskSpec
from benchserver.engines.taskformats import icpc, registry
from benchserver.engines.taskformats.native import wrong_solutions
from benchserver.pools.intake import REFERENCE_RUNS, Report, examine_all
from benchserver.pools.twins import with_gate


def add_runs(parser: ArgumentParser) -> None:
    """``--reference-runs``, the same in all commands that examine tasks."""
    parser.add_argument(
        "--reference-runs",
        type=_runs,
        default=REFERENCE_RUNS,
        metavar="N",
        help="runs of each reference; 30 alike bound the rate of flips at 9.5 %%, 3 only at 63 %%",
    )


def _runs(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 1000:
        raise ArgumentTypeError("a whole number from 1 to 1000")
    return int(text)


def read(path: Path, *, format: str, split: str, language: str = "") -> list[TaskSpec]:
    """The source's tasks; ``split``: auto keeps what the source says (private when silent)."""
    tasks = registry.read(path, format=format, language=language)
    if split == "auto":
        return tasks
    return [dataclasses.replace(task, split=Split(split)) for task in tasks]


def examined(
    tasks: Sequence[TaskSpec],
    path: Path,
    *,
    format: str,
    runs: int = REFERENCE_RUNS,
    among: Sequence[TaskSpec] = (),
) -> Iterator[tuple[TaskSpec, Report]]:
    """Each task with its report, in order, as the sandboxes get through them; ``runs`` of each
    reference. ``among``: all tasks of the source, where these are a part of them."""
    wrong = _wrong_of(path, format)
    reports = examine_all(
        tasks, judging=wiring.judging(), wrong=wrong, workers=os.cpu_count() or 1, runs=runs
    )
    known = {task.source_id: task for task in (*tasks, *among)}
    for task, report in zip(tasks, reports, strict=True):
        yield task, with_gate(task, report, known=known)


def _wrong_of(path: Path, format: str) -> Callable[[TaskSpec], Sequence[str]]:
    """The author's own wrong solutions, where the format carries them."""
    name = registry.detect(path) if format == registry.AUTO else format
    if name == "icpc":
        return lambda task: icpc.wrong_solutions(path, task)
    if name == "native":
        return lambda task: wrong_solutions(path, task.source_id)
    return lambda task: ()
