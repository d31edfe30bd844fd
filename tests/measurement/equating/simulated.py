"""Two rotations with known abilities, difficulties and misfit, drawn from a seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchserver.measurement.equating.table import Floats, Table, table


@dataclass(frozen=True)
class Drawn:
    """``shift``: how much harder the second rotation's tasks truly are, on the mean."""

    table: Table
    theta: Floats
    b: Floats
    shift: float


def two_rotations(
    rng: np.random.Generator,
    *,
    panel: int,
    tasks: int = 150,
    samples: int = 5,
    misfit: float = 0.8,
    others: int = 0,
    anchors: int = 0,
    centre: float = 0.0,
) -> Drawn:
    """The panel takes all tasks, the first half of ``others`` the first rotation, the rest the
    second and ``anchors`` tasks of the first. Without a panel the others fix the scale."""
    b = rng.normal(0, 1.2, 2 * tasks)
    b[tasks:] += 0.4
    theta = np.concatenate([rng.normal(centre, 1.0, panel), rng.normal(0, 1, 2 * others)])
    away = rng.normal(0, misfit, (len(theta), 2 * tasks))
    p = 1 / (1 + np.exp(-(theta[:, None] - b + away)))
    n = np.full(p.shape, samples)
    n[panel : panel + others, tasks:] = 0
    n[panel + others :, anchors:tasks] = 0
    members = np.arange(len(theta)) < panel if panel else np.ones(len(theta))
    counts = table(
        passed=rng.binomial(n, p),
        samples=n,
        rotations=np.arange(2 * tasks) // tasks,
        panel=members,
    )
    return Drawn(counts, theta, b, float(b[tasks:].mean() - b[:tasks].mean()))
