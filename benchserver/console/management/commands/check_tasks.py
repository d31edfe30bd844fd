"""``check_tasks PATH``: the intake gates of every task, storing nothing."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from benchserver.console import sources
from benchserver.console.report import Answer, ReportingCommand
from benchserver.core.task import TaskSpec
from benchserver.pools.intake import Report


class Command(ReportingCommand):
    help = (
        "Run the intake checks without storing. Example: ./bench check_tasks tasks_private/example"
    )

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path, help="a task file or folder")
        parser.add_argument("--format", default="auto")
        sources.add_effort(parser)
        parser.add_argument("--language", default="", help="of problem packages, instead of theirs")

    def answer(self, **options: Any) -> Answer:
        path, format = options["path"], options["format"]
        language = options["language"]
        tasks = sources.read(path, format=format, split="auto", language=language)
        examined = list(
            sources.examined(tasks, path, format=format, effort=sources.effort(options))
        )
        bad = [report for _, report in examined if not report.good]
        lines = [
            words for task, report in examined for words in (line(task, report), *details(report))
        ]
        lines.append(f"{len(examined) - len(bad)} of {len(examined)} tasks are good")
        lines += [f"{name}: {count}" for name, count in _classes(examined).items()]
        return Answer([document(t, r) for t, r in examined], lines, good=not bad)


def line(task: TaskSpec, report: Report) -> str:
    gates = "  ".join(f"{g.name} {g.figure}" for g in report.gates)
    state = "BAD" if not report.good else "ADVICE" if report.advice() else "ok"
    return f"{state:6}  {report.source_id}  {task.shape} {task.judging_class}  {gates}"


def details(report: Report) -> list[str]:
    """Which faults no test noticed and which tasks are near, for the author who reads this beside
    the source."""
    survivors = report.gauge.survivors if report.gauge and not report.gauge.enough else ()
    lines = [f"        survives: {m.key}  line {m.line}, {m.change}" for m in survivors]
    return lines + [f"        near: {words}" for words in report.near]


def document(task: TaskSpec, report: Report) -> dict[str, Any]:
    """``judging_class`` tells which way a task went: provable, or mitigated beside its tests."""
    gates = [{"name": g.name, "held": g.held, "figure": g.figure} for g in report.gates]
    ways = {"shape": task.shape.value, "judging_class": task.judging_class.value}
    survivors = report.gauge.survivors if report.gauge else ()
    lived = [{"key": m.key, "line": m.line, "change": m.change} for m in survivors]
    named = {"task": report.source_id, "good": report.good, **ways, "gates": gates}
    told = {"advice": list(report.advice()), "near": list(report.near)}
    return {**named, **told, "survivors": lived}


def _classes(examined: list[tuple[TaskSpec, Report]]) -> dict[str, int]:
    """How many tasks of each judging class."""
    return dict(sorted(Counter(task.judging_class.value for task, _ in examined).items()))
