"""Read a task source and examine it, as ``check_tasks`` and ``import_tasks`` both do.

Example: ``examined(Path("tasks_private/example"))`` yields every task with its intake report; a
malformed source raises ``SourceFaults`` before anything runs.
"""

from __future__ import annotations

import dataclasses
import os
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchserver import wiring
from benchserver.core.task import Split, TaskSpec
from benchserver.engines.taskformats import icpc, native, registry
from benchserver.measurement.similarity import Document
from benchserver.pools import neighbours
from benchserver.pools.gauge import FIRST, MOST
from benchserver.pools.intake import REFERENCE_RUNS, Beside, Effort, Report, examine_all
from benchserver.pools.twins import with_gate


def add_effort(parser: ArgumentParser) -> None:
    """``--reference-runs`` and ``--mutants``, the same in all commands that examine tasks."""
    parser.add_argument(
        "--reference-runs",
        type=_whole(1, 1000),
        default=REFERENCE_RUNS,
        metavar="N",
        help="runs of each reference; 30 alike bound the rate of flips at 9.5 %%, 3 only at 63 %%",
    )
    parser.add_argument(
        "--mutants",
        type=_whole(0, 1000),
        default=MOST,
        metavar="N",
        help=f"small faults put into each reference at most, {FIRST} if all are noticed; 0: none",
    )


def effort(options: Mapping[str, Any]) -> Effort:
    """What the two options ask for."""
    return Effort(runs=options["reference_runs"], mutants=options["mutants"])


def _whole(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not text.isdecimal() or not least <= int(text) <= most:
            raise ArgumentTypeError(f"a whole number from {least} to {most}")
        return int(text)

    return read


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
    effort: Effort | None = None,
    among: Sequence[TaskSpec] = (),
    stored: Sequence[Document] = (),
) -> Iterator[tuple[TaskSpec, Report]]:
    """Each task with its report, in order, as the sandboxes get through them. ``among``: all
    tasks of the source, where these are a part of them; ``stored``: others that are taken in."""
    reports = examine_all(
        tasks,
        judging=wiring.judging(),
        beside=_beside(path, format),
        workers=os.cpu_count() or 1,
        effort=effort,
    )
    known = {task.source_id: task for task in (*tasks, *among)}
    near = neighbours.screen(list(known.values()), others=stored)
    others = len(known) - 1 + len(stored)
    for task, report in zip(tasks, reports, strict=True):
        compared = neighbours.with_gate(report, near[task.source_id], among=others)
        yield task, with_gate(task, compared, known=known)


def _beside(path: Path, format: str) -> Callable[[TaskSpec], Beside]:
    """The author's own wrong and right solutions, where the format carries them."""
    name = registry.detect(path) if format == registry.AUTO else format
    if name == "icpc":
        return lambda task: Beside(
            wrong=icpc.wrong_solutions(path, task), right=icpc.alternative_solutions(path, task)
        )
    if name == "native":
        return lambda task: Beside(
            wrong=native.wrong_solutions(path, task.source_id),
            right=native.alternative_solutions(path, task.source_id),
            equivalent=native.equivalent_mutants(path, task.source_id),
        )
    return lambda task: Beside()
