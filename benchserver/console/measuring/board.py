"""What a board costs to compute, beside what no way of computing it can save.

In a process of its own, so that its peak of memory is the board's: made-up passes of models on
tasks in families are turned into scores, all pairs, adjusted p-values, rank intervals, tiers and
the resolution, as ``publish`` does. The limit in the same run: read the passes once, one product
of the table with itself (every pair needs it), and one product and one writing of the statistics
that turning signs draws. Example: ``measure_board([(200, 1000, 5)])``.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt

from benchserver.console.measuring.meter import measured
from benchserver.core.errors import BadInput
from benchserver.measurement import ranks
from benchserver.measurement.power import observed_resolution
from benchserver.measurement.resampling import DRAWS

Counts = npt.NDArray[np.int64]
Size = tuple[int, int, int]  # models, tasks, samples

SIZES: tuple[Size, ...] = ((20, 100, 5), (200, 1000, 5))
_FAMILY = 3  # tasks
_MEBI = 2**20
_MOST = 100_000_000  # passes
_TITLES = (
    ("models", "models"),
    ("tasks", "tasks"),
    ("samples", "samples"),
    ("families", "families"),
    ("pairs", "pairs"),
    ("adjusted by", "adjustment"),
    ("seconds", "seconds"),
    ("limit s", "limit_seconds"),
    ("ratio", "ratio"),
    ("peak MB", "peak_mb"),
    ("before MB", "before_mb"),
    ("tiers", "tiers"),
)


def measure_board(sizes: Sequence[Size] = SIZES, *, rounds: int = 3) -> dict[str, Any]:
    """One run per size, each in a process of its own; seconds are medians over ``rounds``.

    Raises ``BadInput`` for a size that no board has, ``PlatformFault`` when a run fails.
    """
    for models, tasks, samples in sizes:
        if min(models, tasks // (2 * _FAMILY), samples, rounds) < 1 or models < 2:
            raise BadInput(
                f"{models}x{tasks}x{samples} is no board",
                place="measure board",
                mend=f"Give 2 models, {2 * _FAMILY} tasks, 1 sample and 1 round or more",
            )
        if models * tasks * samples > _MOST:
            raise BadInput(f"more than {_MOST} passes", place="measure board")
    runs = [_in_its_own_process(size, rounds) for size in sizes]
    return {"cores": os.cpu_count(), "rounds": rounds, "runs": runs}


def lines(document: dict[str, Any]) -> list[str]:
    """The document as a table for people."""
    rows = [[title for title, _ in _TITLES]]
    rows += [[_word(run[key]) for _, key in _TITLES] for run in document["runs"]]
    widths = [max(len(row[i]) for row in rows) for i in range(len(_TITLES))]
    return ["  ".join(w.rjust(n) for w, n in zip(row, widths, strict=True)) for row in rows]


def _word(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _in_its_own_process(size: Size, rounds: int) -> dict[str, Any]:
    words = [str(number) for number in (*size, rounds)]
    reading = measured([sys.executable, "-W", "ignore", "-m", __name__, *words])
    found: dict[str, Any] = json.loads(reading.stdout)
    return found


def run(size: Size, rounds: int) -> dict[str, Any]:
    """Make passes up, compute the board and its limit in turns, and tell seconds and memory."""
    models, tasks, samples = size
    passed, families = _passes(size), [number // _FAMILY for number in range(tasks)]
    before = _peak_bytes()
    seconds, limits = [], []
    for _ in range(rounds):
        limits.append(_timed(lambda: _limit(passed, samples, families)))
        seconds.append(_timed(lambda: _board(passed, samples, families)))
    peak = _peak_bytes()
    standings = _board(passed, samples, families)
    return {
        "models": models,
        "tasks": tasks,
        "samples": samples,
        "families": families[-1] + 1,
        "pairs": models * (models - 1) // 2,
        "adjustment": ranks.adjustment(models),
        "seconds": median(seconds),
        "limit_seconds": median(limits),
        "ratio": median(seconds) / median(limits),
        "peak_mb": round(peak / _MEBI),
        "before_mb": round(before / _MEBI),
        "tiers": max(line.tier for line in standings),
    }


def _passes(size: Size) -> Counts:
    """Passes of models of spread ability on tasks of spread difficulty, the same every time."""
    models, tasks, samples = size
    generator = np.random.default_rng(20261124)
    ability, difficulty = generator.normal(0, 1, models), generator.normal(0, 1.3, tasks)
    chance = 1 / (1 + np.exp(difficulty - ability[:, None]))
    return generator.binomial(samples, chance)


def _board(passed: Counts, samples: int, families: list[int]) -> tuple[ranks.Standing, ...]:
    rows = passed.tolist()
    scores = {f"model-{n:04}": [c / samples for c in row] for n, row in enumerate(rows)}
    standings = ranks.board(scores, families=families)
    observed_resolution(rows, samples, families=families)
    return standings


def _limit(passed: Counts, samples: int, families: list[int]) -> None:
    """Read, multiply, write: what is left when everything clever is for nothing."""
    table = passed / samples
    gram = table @ table.T
    if ranks.adjustment(len(table)) == "max-t":
        signs = np.ones((DRAWS, families[-1] + 1))
        drawn = signs @ table[:, : signs.shape[1]].T
        statistics = np.empty(len(table) * (len(table) - 1) // 2)
        for row in drawn:
            statistics.fill(row[0])
    gram.sum()


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _peak_bytes() -> int:
    """Most memory this process ever held, as the kernel counts it for its address space alone."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


if __name__ == "__main__":
    wanted = [int(word) for word in sys.argv[1:]]
    print(json.dumps(run((wanted[0], wanted[1], wanted[2]), wanted[3])))
