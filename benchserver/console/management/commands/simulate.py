"""``simulate engine``: the engine's rules under kills, zombies, losses and full disks.
``simulate season``: a policy under honest providers and attackers, over some rotations.
``simulate contamination``: clean and cheating models, and how many of each are marked.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from benchserver.console.report import Answer, ReportingCommand
from benchserver.console.simulation import contamination
from benchserver.console.simulation.season.report import lines, trial
from benchserver.console.simulation.season.rules import Protection, Rules
from benchserver.console.simulation.seeds import run_seeds
from benchserver.core.errors import BadInput


class Command(ReportingCommand):
    help = (
        "Run the engine, or a season of providers, under seeded misfortune and check every "
        "promise. Example: ./bench simulate engine --seeds 500"
    )

    def arguments(self, parser: CommandParser) -> None:
        parts = parser.add_subparsers(dest="part", required=True)
        engine = parts.add_parser("engine", help="the evaluation engine")
        engine.add_argument("--seeds", type=int, default=500, help="how many (default 500)")
        engine.add_argument("--start", type=int, default=0, help="the first seed (default 0)")
        engine.add_argument("--seed", type=int, help="this one alone, again")
        engine.add_argument("--history", type=Path, help="with --seed: write its history there")
        engine.add_argument("--json", action="store_true", help="one JSON document on stdout")
        _season_arguments(parts)
        contamination.add_arguments(parts)

    def answer(self, **options: Any) -> Answer:
        doors = {"season": _season, "contamination": contamination.answer, "engine": self._engine}
        return doors[options["part"]](options)

    def _engine(self, options: dict[str, Any]) -> Answer:
        started = time.monotonic()
        outcome = run_seeds(_seeds(options), keep=options["history"])
        document = outcome.document() | {"seconds": round(time.monotonic() - started, 1)}
        return Answer(document, _lines(document), good=not outcome.failing)


_SIZES = {  # flag: (field of Rules, help)
    "--providers": ("providers", "accounts, eleven of them attackers'"),
    "--rotations": ("rotations", "rotations in the season"),
    "--tasks": ("tasks", "private tasks of a form"),
    "--samples": ("samples", "samples per task"),
    "--evaluations": ("evaluations", "evaluations per owner group and rotation"),
    "--exposure-per-provider": ("exposure_per_provider", "rotations a group may meet a task in"),
    "--exposure-per-task": ("exposure_per_task", "groups that may meet a task; 0: all"),
    "--min-cell": ("min_cell", "fewest tasks of a published set or difference"),
    "--stock": ("stock", "tasks before the first rotation; 0: one form and a half"),
    "--intake": ("intake", "new tasks before each further rotation; 0: one form"),
    "--days": ("days", "days from one rotation to the next"),
}


def _season_arguments(parts: Any) -> None:
    season = parts.add_parser(
        "season",
        help="a policy, tried on honest providers and attackers",
        description="Try a policy before using it. Exit 1 when a promise breaks. Example: "
        "./bench simulate season --evaluations 4 --exposure-per-task 10",
    )
    shipped = Rules()
    for flag, (name, what) in _SIZES.items():
        default = getattr(shipped, name)
        season.add_argument(flag, type=int, default=default, help=f"{what} (default {default})")
    season.add_argument("--seeds", type=int, default=4, help="how many seasons (default 4)")
    season.add_argument("--seed", type=int, default=0, help="the first seed (default 0)")
    season.add_argument(
        "--without",
        action="append",
        choices=[p.value for p in Protection],
        default=[],
        help="take a protection away; may be given again",
    )
    season.add_argument("--json", action="store_true", help="one JSON document on stdout")


def _season(options: dict[str, Any]) -> Answer:
    if options["seeds"] < 1 or options["seed"] < 0:
        raise BadInput("a trial has at least one seed, none below 0", place="--seeds")
    sizes = {name: options[flag.strip("-").replace("-", "_")] for flag, (name, _) in _SIZES.items()}
    rules = Rules(**sizes, off=frozenset(Protection(name) for name in options["without"]))
    found = trial(rules, seeds=range(options["seed"], options["seed"] + options["seeds"]))
    return Answer(found.document(), lines(found), good=found.holds)


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
