"""``simulate contamination``: invented clean and cheating models through the real battery.

Says how often a clean model would be marked and how often each kind of cheat is, beside the rate
that is stated. Example: 2,000 clean models, 0 marked, at most .05 % per board stated.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from benchserver.console.report import Answer
from benchserver.core.errors import BadInput
from benchserver.measurement.contamination.evidence import false_alarm
from benchserver.measurement.contamination.simulation import CLEAN, Cheat, Rates, World, run

KINDS: Mapping[str, Cheat] = {
    "clean": CLEAN,
    "remembers all old public tasks": Cheat(remembered=1.0),
    "passes a third of the canaries": Cheat(leaked=0.33),
    "writes down what a tenth of the hidden tests expect": Cheat(tabled=0.1),
    "remembers all old public tasks, a third of the canaries": Cheat(remembered=1.0, leaked=0.33),
    "remembers half, a third of the canaries": Cheat(remembered=0.5, leaked=0.33),
    "remembers half, recites half of it": Cheat(remembered=0.5, recited=0.5),
    "remembers 70 %, 60 % of the canaries, recites": Cheat(remembered=0.7, leaked=0.6, recited=0.6),
}


def add_arguments(parts: Any) -> None:
    part = parts.add_parser(
        "contamination",
        help="clean and cheating models, and how many of each are marked",
        description="How well memory is told from skill. Exit 1 when clean models are marked more "
        "often than stated. Example: ./bench simulate contamination --models 2000",
    )
    part.add_argument("--models", type=int, default=200, help="of each kind (default 200)")
    part.add_argument("--seed", type=int, default=0, help="of the draws (default 0)")
    part.add_argument("--panel", type=int, default=World().panel, help="models (default 8)")
    part.add_argument("--pairs", type=int, default=World().pairs, help="twins (default 30)")
    part.add_argument("--json", action="store_true", help="one JSON document on stdout")


def answer(options: Mapping[str, Any]) -> Answer:
    if options["models"] < 1 or options["seed"] < 0:
        raise BadInput("at least one model of each kind, no seed below 0", place="--models")
    if options["panel"] < 3 or not 0 <= options["pairs"] <= World().public:
        raise BadInput(
            f"a panel has three models or more, pairs are 0 to {World().public}", place="--panel"
        )
    world = World(panel=options["panel"], pairs=options["pairs"])
    started = time.monotonic()
    found = {
        name: run(models=options["models"], cheat=cheat, world=world, seed=options["seed"])
        for name, cheat in KINDS.items()
    }
    stated = false_alarm(models=World().models).bound
    document = {
        "models": options["models"],
        "stated_per_board": stated,
        "kinds": {name: _row(rates) for name, rates in found.items()},
        "seconds": round(time.monotonic() - started, 1),
    }
    good = found["clean"].marked <= stated * options["models"] + 1  # one may fall by chance
    return Answer(document, _lines(document), good=good)


def _row(rates: Rates) -> dict[str, Any]:
    return {
        "marked": rates.marked,
        "share": rates.marked / rates.models,
        "grades": rates.grades,
        "tests": rates.hits,
    }


def _lines(document: Mapping[str, Any]) -> list[str]:
    lines = [f"{document['models']:,} models of each kind; may be marked, and grades:"]
    for name, row in document["kinds"].items():
        grades = ", ".join(f"{n} {g}" for g, n in row["grades"].items() if n)
        lines.append(f"  {name}: {row['marked']:,} ({row['share']:.1%}); {grades}")
        hits = ", ".join(f"{test} {n}" for test, n in row["tests"].items() if n)
        lines += [f"    a B by {hits}"] if hits else []
    stated = "stated: a clean board gets any mark with a chance of at most "
    return [*lines, f"{stated}{document['stated_per_board']:.2%}. {document['seconds']} s"]
