"""May a number of this rotation stand beside numbers of another? Five conditions, each in words.

A panel that is too small, too alike or at odds with itself gives a shift, and the shift is wrong.
Example: five panel models where six are needed: the board prints "not comparable across rotations"
and that reason, and no equated number.

The limits are those of integrity note 2.6, found by simulation.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from benchserver.measurement.equating.rasch import Calibration, Figure, fit
from benchserver.measurement.equating.table import Flags, Floats

NOT_COMPARABLE = "not comparable across rotations"
PANEL_MODELS = 6
PANEL_FAMILIES = 3
LOW_RATE, HIGH_RATE = 0.1, 0.9
LINK_SHARE = 0.5  # of the sampling error
DISPERSION = 3.0
STEADY = 0.2  # logits


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What ties a rotation to the base. ``models``, ``families``: of the panel, with results in
    both; ``rates``: the panel's pass rates, the lowest and the highest of either rotation where
    they cover less; ``dispersion``: residual chi2/df; ``steady``: how far the shift moves when one
    panel model is left out, largest less smallest, in logits."""

    shift: Figure
    models: int
    families: int
    rates: tuple[float, float]
    dispersion: float
    steady: float


def examine(
    calibration: Calibration, *, families: Sequence[Hashable], rotation: int, base: int = 0
) -> Link:
    """The link of ``rotation`` to ``base`` in a fit of panel models (integrity note 2.6, 2026).

    ``families``: one label per model of the fit. Known answer: a panel whose every model sees the
    same shift is steady, range 0.
    """
    table = calibration.table
    in_rotation, in_base = table.rotations == rotation, table.rotations == base
    met = table.samples > 0
    both: Flags = np.logical_and(met[:, in_rotation].any(axis=1), met[:, in_base].any(axis=1))
    rates = [_rates(calibration, both, tasks) for tasks in (in_rotation, in_base)]
    lows, highs = [r.min() for r in rates if len(r)], [r.max() for r in rates if len(r)]
    return Link(
        shift=calibration.shift(rotation, base=base),
        models=int(both.sum()),
        families=len({label for label, linked in zip(families, both, strict=True) if linked}),
        rates=(float(max(lows, default=0.0)), float(min(highs, default=0.0))),
        dispersion=calibration.chi2 / calibration.df if calibration.df > 0 else 0.0,
        steady=_steadiness(calibration, both, rotation=rotation, base=base),
    )


def reasons(link: Link, *, link_se: Sequence[float], sampling_se: Sequence[float]) -> list[str]:
    """Why nothing may be said across rotations, in words; empty when all conditions hold.

    ``link_se`` and ``sampling_se``: for every model to be shown, the two parts of its error as a
    share: what the difficulties add to its equated rate, and the error of its score on its tasks.
    """
    low, high = link.rates
    worst = max(
        (a / b if b > 0 else np.inf for a, b in zip(link_se, sampling_se, strict=True)), default=0.0
    )
    found = (
        (link.models < PANEL_MODELS, f"{link.models} panel models, {PANEL_MODELS} are needed"),
        (
            link.families < PANEL_FAMILIES,
            f"the panel is of {link.families} families, {PANEL_FAMILIES} are needed",
        ),
        (
            low > LOW_RATE or high < HIGH_RATE,
            "the panel's pass rates do not reach from 10 % or less to 90 % or more",
        ),
        (worst > LINK_SHARE, "the link's error is more than half of a score's own"),
        (
            link.dispersion > DISPERSION,
            f"residual chi2/df {link.dispersion:.1f}, more than {DISPERSION:g}",
        ),
        (
            link.steady > STEADY,
            f"without one panel model the shift moves by {link.steady:.2f} logits, "
            f"more than {STEADY:g}",
        ),
    )
    return [words for broken, words in found if broken]


def _rates(calibration: Calibration, models: Flags, tasks: Flags) -> Floats:
    passed = calibration.table.passed[np.ix_(models, tasks)].sum(axis=1)
    return np.asarray(passed / calibration.table.samples[np.ix_(models, tasks)].sum(axis=1))


def _steadiness(calibration: Calibration, both: Flags, *, rotation: int, base: int) -> float:
    """Range of the shift over fits that each lack one linking model; one alone cannot be left out
    and is not steady at all."""
    if rotation == base:
        return 0.0
    if both.sum() < 2:
        return float("inf")
    table = calibration.table
    shifts = []
    for model in np.flatnonzero(both):
        left = np.arange(len(both)) != model
        shifts.append(fit(table.of_models(left)).shift(rotation, base=base).value)
    return max(shifts) - min(shifts)
