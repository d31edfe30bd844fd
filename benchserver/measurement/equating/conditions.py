"""May a number of this rotation stand beside numbers of another? Six conditions, each in words.

A panel that is too small, too alike, blind to most tasks or at odds with itself gives a shift, and
the shift is wrong. Example: five panel models where six are needed: the board prints "not
comparable across rotations" and that reason, no equated number, and the operator reads the mend.

The limits are those of integrity note 2.6, found by simulation. "Panel pass rates covering .1 to
.9" is read of the *tasks*: on at least half of each form's tasks the panel passes between 10 and
90 % of its samples. A model's own rate says little: a panel whose models pass 12 to 20 % links as
well as one of 16 to 79 %, as long as most tasks tell them apart; when three tasks of four are
passed by next to none, the shift is off by half as much again.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from benchserver.measurement.equating.rasch import Calibration, Figure, fit
from benchserver.measurement.equating.table import Flags

PANEL_MODELS = 6
PANEL_FAMILIES = 3
LOW_RATE, HIGH_RATE = 0.1, 0.9
TELLING = 0.5  # of a form's tasks
LINK_SHARE = 0.5  # of the sampling error
DISPERSION = 3.0
STEADY = 0.2  # logits
_TINY = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What ties a rotation to the base. ``models``, ``families``: of the panel, with results in
    both; ``hard``, ``easy``: shares of the tasks that these models pass less than 10 % and more
    than 90 % of the time, of the form where fewer tasks lie between; ``dispersion``: residual
    chi2/df; ``steady``: how far the shift moves when one panel model is left out, largest less
    smallest, in logits."""

    shift: Figure
    models: int
    families: int
    hard: float
    easy: float
    dispersion: float
    steady: float

    @property
    def telling(self) -> float:
        """The share of tasks on which the panel's pass rate lies from .1 to .9."""
        return 1.0 - self.hard - self.easy


@dataclass(frozen=True, slots=True)
class Reason:
    """Why nothing may be said across rotations: ``says`` for everybody, ``mend`` for whoever runs
    the panel."""

    says: str
    mend: str


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
    ends = [_ends(calibration, both, tasks) for tasks in (in_rotation, in_base)]
    hard, easy = max(ends, key=sum)
    return Link(
        shift=calibration.shift(rotation, base=base),
        models=int(both.sum()),
        families=len({label for label, linked in zip(families, both, strict=True) if linked}),
        hard=hard,
        easy=easy,
        dispersion=calibration.chi2 / calibration.df if calibration.df > 0 else 0.0,
        steady=_steadiness(calibration, both, rotation=rotation, base=base),
    )


def reasons(link: Link, *, link_se: Sequence[float], sampling_se: Sequence[float]) -> list[Reason]:
    """Why nothing may be said across rotations, in words; empty when all conditions hold.

    ``link_se`` and ``sampling_se``: for every model to be shown, the two parts of its error as a
    share: what the difficulties add to its equated rate, and the error of its score on its tasks.
    """
    worst = max(
        (a / b if b > 0 else np.inf for a, b in zip(link_se, sampling_se, strict=True)), default=0.0
    )
    found = (*_of_the_panel(link), *_of_the_fit(link, worst))
    return [reason for broken, reason in found if broken]


def _of_the_panel(link: Link) -> list[tuple[bool, Reason]]:
    """Too few models, too alike, or too weak or strong for the tasks."""
    lacking = "stronger" if link.hard >= link.easy else "weaker"
    return [
        (
            link.models < PANEL_MODELS,
            Reason(
                f"{link.models} panel models, {PANEL_MODELS} are needed",
                "Register more models, and run those that lack a run of either form.",
            ),
        ),
        (
            link.families < PANEL_FAMILIES,
            Reason(
                f"the panel is of {link.families} families, {PANEL_FAMILIES} are needed",
                "Register models that were trained from another base.",
            ),
        ),
        (
            link.telling < TELLING - _TINY,
            Reason(
                f"the panel's pass rate lies between 10 % and 90 % on {link.telling:.0%} of a "
                f"form's tasks, {TELLING:.0%} are needed",
                f"Register {lacking} models: {link.hard:.0%} of the tasks are passed less than "
                f"10 % of the time, {link.easy:.0%} more than 90 %.",
            ),
        ),
    ]


def _of_the_fit(link: Link, worst: float) -> list[tuple[bool, Reason]]:
    """Too imprecise, or at odds with itself."""
    return [
        (
            worst > LINK_SHARE,
            Reason(
                "the link's error is more than half of a score's own",
                "Register more models, or models whose strength is nearer to the tasks'.",
            ),
        ),
        (
            link.dispersion > DISPERSION,
            Reason(
                f"residual chi2/df {link.dispersion:.1f}, more than {DISPERSION:g}",
                "Look at the tasks that the panel's models find unlike hard (health); retire "
                "what is faulty. Models that know other libraries than the rest do this, too.",
            ),
        ),
        (
            link.steady > STEADY,
            Reason(
                f"without one panel model the shift moves by {link.steady:.2f} logits, "
                f"more than {STEADY:g}",
                "Look for one model that met a rotation's tasks, or whose server changed: retire "
                "it. More models make each matter less.",
            ),
        ),
    ]


def _ends(calibration: Calibration, models: Flags, tasks: Flags) -> tuple[float, float]:
    """(share of the tasks that these models hardly ever pass, that they nearly always pass); a
    task that none of them met tells nothing and counts as hard."""
    counts = calibration.table
    passed = counts.passed[np.ix_(models, tasks)].sum(axis=0)
    samples = counts.samples[np.ix_(models, tasks)].sum(axis=0)
    # in whole numbers: 9 of 10 is 90 %, whatever the floats make of it
    hard = (10 * passed < samples) | (samples == 0)
    easy = 10 * (samples - passed) < samples
    return float(hard.mean()), float(easy.mean())


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
