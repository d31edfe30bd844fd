"""``check_tasks PATH``: the intake gates of every task, storing nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from benchserver.console import sources
from benchserver.console.report import Answer, ReportingCommand
from benchserver.pools.intake import Report


class Command(ReportingCommand):
    help = (
        "Run the intake checks without storing. Example: ./bench check_tasks tasks_private/example"
    )

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path, help="a task file or folder")
        parser.add_argument("--format", default="auto")
        parser.add_argument("--language", default="", help="of problem packages, instead of theirs")

    def answer(self, **options: Any) -> Answer:
        path, format = options["path"], options["format"]
        language = options["language"]
        tasks = sources.read(path, format=format, split="auto", language=language)
        reports = [report for _, report in sources.examined(tasks, path, format=format)]
        bad = [report for report in reports if not report.good]
        lines = [line(report) for report in reports]
        lines.append(f"{len(reports) - len(bad)} of {len(reports)} tasks are good")
        return Answer([document(r) for r in reports], lines, good=not bad)


def line(report: Report) -> str:
    gates = "  ".join(f"{g.name} {g.figure}" for g in report.gates)
    return f"{'ok ' if report.good else 'BAD'}  {report.source_id}  {gates}"


def document(report: Report) -> dict[str, Any]:
    gates = [{"name": g.name, "held": g.held, "figure": g.figure} for g in report.gates]
    return {"task": report.source_id, "good": report.good, "gates": gates}
