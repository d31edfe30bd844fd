"""Run seeds, check each by the offline checker, and say which broke: what command and tests share.

A seed that fails is printed with its violations and can be run again alone; its history can be
kept for the stand-alone checker. Example: ``run_seed(7)`` is an empty list of problems, and how
often what went wrong.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchserver.console.simulation import checker
from benchserver.console.simulation.backend import Backend, MemoryBackend
from benchserver.console.simulation.run import PATIENCE, Simulation
from benchserver.console.simulation.scenario import scenario


@dataclass(kw_only=True)
class Outcome:
    seeds: int = 0
    failing: dict[int, list[str]] = field(default_factory=dict)
    misfortunes: Counter[str] = field(default_factory=Counter)
    attempts: Counter[str] = field(default_factory=Counter)  # by state at the end
    sends: int = 0

    def document(self) -> dict[str, Any]:
        return {
            "seeds": self.seeds,
            "violations": sum(map(len, self.failing.values())),
            "failing_seeds": {str(seed): found for seed, found in self.failing.items()},
            "attempts": dict(self.attempts),
            "sends": self.sends,
            "misfortunes": dict(self.misfortunes),
        }


def run_seed(
    seed: int,
    *,
    backend: Callable[[], Backend] = MemoryBackend,
    keep: Path | None = None,
    patience: float = PATIENCE,
) -> tuple[list[str], Simulation]:
    """The violations of one seed; an engine that breaks by an error of its own is one too."""
    simulation = Simulation(scenario(seed), backend(), patience=patience)
    try:
        history = simulation.run()
    except Exception as problem:
        return [f"crash {type(problem).__name__}: {problem}"], simulation
    lines = [json.dumps(event) for event in history]
    if keep is not None:
        keep.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return checker.check(json.loads(line) for line in lines), simulation


def run_seeds(
    seeds: Iterable[int],
    *,
    backend: Callable[[], Backend] = MemoryBackend,
    stop_at: int | None = None,
    keep: Path | None = None,
    patience: float = PATIENCE,
) -> Outcome:
    """``stop_at``: end after so many failing seeds (a mutant is caught by its first)."""
    outcome = Outcome()
    for seed in seeds:
        problems, simulation = run_seed(seed, backend=backend, keep=keep, patience=patience)
        outcome.seeds += 1
        outcome.misfortunes.update(simulation.counts)
        _count(outcome, simulation.log)
        if problems:
            outcome.failing[seed] = problems
            if stop_at is not None and len(outcome.failing) >= stop_at:
                break
    return outcome


def _count(outcome: Outcome, log: list[dict[str, Any]]) -> None:
    for event in log:
        if event["kind"] == "rows":
            outcome.attempts.update(row["state"] for row in event["tables"]["units"])
            outcome.sends += len(event["tables"]["sends"])
