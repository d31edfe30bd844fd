"""Do all tasks tell able from weak models equally well? Asked of tables with models enough.

The board's scale gives every task the same slope. With 200 models or more each task can have one of
its own, and the two fits are compared. Example: 354 models on 28 tasks: if one slope for all is
refuted, the tasks with half of it or twice as much are named; which ones those are is description.

Source: Bock and Aitkin 1981; likelihood ratio (Wilks 1938).
"""

from __future__ import annotations

import numpy as np
from scipy.stats import chi2

from benchserver.console.matrix.findings import Part
from benchserver.console.matrix.reading import Floats, Table
from benchserver.console.matrix.standings import ALPHA
from benchserver.core.errors import PlatformFault
from benchserver.measurement.equating.marginal import (
    MODELS_FOR_SLOPES,
    Curves,
    fit_common_slope,
    fit_slopes,
)

MOST_TASKS = 100  # a slope for each of thousands would take minutes and rest on too few models
FLAT, STEEP = 0.5, 2.0  # times the common slope


def slopes(table: Table) -> Part | None:
    """None where the table cannot tell: too few models, too many tasks, or no fit that ends.

    Several samples of a task count as passed from one half on. Tasks that all or none pass have no
    slope and are left out.
    """
    if len(table.models) < MODELS_FOR_SLOPES:
        return None
    known = ~np.isnan(table.scores)
    results: Floats = np.where(known, (table.scores >= 0.5).astype(np.float64), np.nan)
    passed, met = np.nansum(results, axis=0), known.sum(axis=0)
    telling = (passed > 0) & (passed < met)
    if not 2 <= int(telling.sum()) <= MOST_TASKS:
        return None
    tasks = tuple(task for task, use in zip(table.tasks, telling, strict=True) if use)
    patterns: Floats = results[:, telling]
    patterns = patterns[~np.isnan(patterns).all(axis=1)]
    if len(patterns) < MODELS_FOR_SLOPES:
        return None
    try:
        return _compared(tasks, fit_common_slope(patterns), fit_slopes(patterns))
    except PlatformFault:
        return None


def _compared(tasks: tuple[str, ...], one: Curves, own: Curves) -> Part:
    common = float(one.slopes[0])
    ratio = max(0.0, 2 * (own.log_likelihood - one.log_likelihood))
    p_value = float(chi2.sf(ratio, len(tasks) - 1))
    departs = p_value <= ALPHA
    found = sorted(zip(own.slopes.tolist(), tasks, strict=True)) if departs else []
    flat = [(slope, task) for slope, task in found if slope <= FLAT * common]
    steep = [(slope, task) for slope, task in reversed(found) if slope >= STEEP * common]
    return Part(
        key="slopes",
        title="Do all tasks tell the models apart equally well?",
        sentences=_words(departs, common, len(flat), len(steep)),
        estimators=("common-slope", "item-slopes"),
        values={
            "common": common,
            "p_value": p_value,
            "flat": {task: slope for slope, task in flat},
            "steep": {task: slope for slope, task in steep},
        },
        head=("Task", "Slope", "Times the common one"),
        rows=tuple((t, f"{a:.2f}", f"{a / common:.2f}") for a, t in [*flat, *steep]),
    )


def _words(departs: bool, common: float, flat: int, steep: int) -> tuple[str, ...]:
    if not departs:
        return (f"Nothing speaks against it: one slope, {common:.2f}, explains them all.",)
    return (
        f"No: one slope for all, {common:.2f}, does not explain the results. {flat} tasks have "
        f"half of it or less and tell the models hardly apart, {steep} twice as much or more.",
        "A flat task may ask for something else than the others, be won by luck, or be faulty: "
        "look at it. The board weighs all tasks alike all the same.",
    )
