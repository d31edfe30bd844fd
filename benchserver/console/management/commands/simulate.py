"""``simulate engine``: the engine's rules under kills, zombies, losses and full disks."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from benchserver.console.report import Answer, ReportingCommand
from benchserver.console.simulation.seeds import run_seeds
from benchserver.core.errors import BadInput


class Command(ReportingCommand):
    help = (
        "Run the engine in virtual time under seeded misfortune and check every promise. "
        "Example: ./bench simulate engine --seeds 500"
    )

    def arguments(self, parser: CommandParser) -> None:
        parts = parser.add_subparsers(dest="part", required=True)
        engine = parts.add_parser("engine", help="the evaluation engine")
        engine.add_argument("--seeds", type=int, default=500, help="how many (default 500)")
        engine.add_argument("--start", type=int, default=0, help="the first seed (default 0)")
        engine.add_argument("--seed", type=int, help="this one alone, again")
        engine.add_argument("--history", type=Path, help="with --seed: write its history there")
        engine.add_argument("--json", action="store_true", help="one JSON document on stdout")

    def answer(self, **options: Any) -> Answer:
        started = time.monotonic()
        outcome = run_seeds(_seeds(options), keep=options["history"])
        document = outcome.document() | {"seconds": round(time.monotonic() - started, 1)}
        return Answer(document, _lines(document), good=not outcome.failing)


def _seeds(options: dict[str, Any]) -> Iterable[int]:
    if options["seed"] is not None:
        return [options["seed"]]
    if options["history"] is not None:
        raise BadInput("a history is of one seed", place="--history", mend="Add --seed N.")
    return range(options["start"], options["start"] + options["seeds"])


def _lines(document: dict[str, Any]) -> list[str]:
    lines = [
        f"seed {seed}: {problem}"
        for seed, problems in document["failing_seeds"].items()
        for problem in problems
    ]
    lines += [
        f"run one again: ./bench simulate engine --seed {seed} --history history.jsonl"
        for seed in list(document["failing_seeds"])[:1]
    ]
    what = ", ".join(f"{n:,} {name}" for name, n in sorted(document["misfortunes"].items()))
    return [
        *lines,
        f"{document['seeds']:,} seeds, {document['violations']} violations in "
        f"{document['seconds']} s: {document['sends']:,} sends",
        f"misfortunes: {what or 'none'}",
    ]
