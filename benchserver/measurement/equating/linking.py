"""Two scales fitted apart, put on one through the items both hold: theta_ref = A theta_new + B.

Here a cross-check only, never the link itself: an item that is asked twice may have leaked, and a
leaked anchor bends the link. Example: difficulties of five shared tasks moved by -.2 -.1 -.3 -.1
and -1.1; the fifth drifted and is dropped, the others moved by -.175 (.048).

Sources: Kolen and Brennan 2014, chapter 6; Stocking and Lord 1983; Haebara 1980.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import optimize
from scipy.special import expit

from benchserver.core.errors import BadInput
from benchserver.measurement.equating.rasch import Figure
from benchserver.measurement.equating.table import Flags, Floats

DRIFT_Z = 1.645
DROPPED_AT_MOST = 0.2
_NODES = np.linspace(-4.0, 4.0, 41)
_DENSITY = np.exp(-(_NODES**2) / 2)
_WEIGHTS = _DENSITY / _DENSITY.sum()


@dataclass(frozen=True, slots=True)
class Items:
    """Slopes and difficulties of the shared items on one scale, in one order."""

    a: Floats
    b: Floats

    def __post_init__(self) -> None:
        if self.a.shape != self.b.shape or self.b.ndim != 1 or len(self.b) < 2:
            raise BadInput("a link needs two shared items or more", place="items")
        if not (np.isfinite(self.a).all() and np.isfinite(self.b).all() and (self.a > 0).all()):
            raise BadInput("slopes are above 0, difficulties finite", place="items")


@dataclass(frozen=True, slots=True)
class Line:
    """theta_ref = slope x theta_new + origin; difficulties likewise, slopes divided by it."""

    slope: float
    origin: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Screened:
    """``z``: robust z of each difference; ``kept``: those not dropped; ``shift``: their mean.

    ``failed``: more than a fifth would have been dropped, so the items give no link.
    """

    z: Floats
    kept: Flags
    shift: Figure
    failed: bool


def mean_sigma(*, ref: Items, new: Items) -> Line:
    """A = sd(b_ref) / sd(b_new), B = mean(b_ref) - A mean(b_new) (Marco 1977).

    Known answer: b_ref = 1.25 b_new - .4 gives (1.25, -.4). Raises ``BadInput`` when all
    difficulties of the new scale are equal, or the items do not fit.
    """
    _check_pair(ref, new)
    spread = float(np.std(new.b))
    if spread < 1e-12:
        raise BadInput("all shared items are equally hard", place="items")
    return _through_means(float(np.std(ref.b)) / spread, ref, new)


def mean_mean(*, ref: Items, new: Items) -> Line:
    """A = mean(a_new) / mean(a_ref), B = mean(b_ref) - A mean(b_new) (Loyd and Hoover 1980).

    Known answer: slopes divided by 1.25 and b_ref = 1.25 b_new - .4 give (1.25, -.4).
    """
    _check_pair(ref, new)
    return _through_means(float(new.a.mean() / ref.a.mean()), ref, new)


def rasch_shift(*, ref: Floats, new: Floats) -> Figure:
    """Mean of b_ref - b_new, error sd / sqrt(items): the link when all slopes are 1 (Rasch 1960).

    Known answer: -.2 -.1 -.3 -.1 gives -.175 (.0478713553878).
    """
    d = _differences(ref, new)
    return Figure(float(d.mean()), float(np.std(d, ddof=1)) / math.sqrt(len(d)))


def stocking_lord(*, ref: Items, new: Items) -> Line:
    """The line under which both sets expect the same total score (Stocking and Lord 1983).

    Minimises the squared difference of the two test curves over 41 nodes on [-4, 4], weighted as a
    standard normal. Known answer: b_ref = 1.25 b_new - .4 with slopes to match gives (1.25, -.4).
    """

    def gap(line: Floats) -> Floats:
        return np.asarray(_curve_gaps(line, ref, new).sum(axis=1) * np.sqrt(_WEIGHTS))

    return _least(gap, ref, new)


def haebara(*, ref: Items, new: Items) -> Line:
    """The line under which every item's two curves lie closest (Haebara 1980).

    Sums the squared differences item by item, same nodes and weights. Known answer: as above.
    """

    def gap(line: Floats) -> Floats:
        return np.asarray((_curve_gaps(line, ref, new) * np.sqrt(_WEIGHTS)[:, None]).ravel())

    return _least(gap, ref, new)


def screen_drift(*, ref: Floats, new: Floats) -> Screened:
    """Drop items whose difficulty moved unlike the others' (robust z, Huynh and Meyer 2010).

    z = (d - median) / (.74 IQR) with d = b_ref - b_new; |z| > 1.645 is dropped, once more on what
    is left. Known answer: the module's example, z 0 .676 -.676 .676 -6.081.
    """
    d = _differences(ref, new)
    z = _robust_z(d)
    kept = np.abs(z) <= DRIFT_Z
    kept[kept] = np.abs(_robust_z(d[kept])) <= DRIFT_Z
    failed = bool((~kept).sum() > DROPPED_AT_MOST * len(d)) or kept.sum() < 2
    left = d if failed else d[kept]
    shift = rasch_shift(ref=left, new=np.zeros(len(left)))
    return Screened(z=z, kept=kept, shift=shift, failed=failed)


def _robust_z(d: Floats) -> Floats:
    away = d - np.median(d)
    low, high = np.quantile(d, [0.25, 0.75])
    scale = 0.74 * (high - low)
    if scale > 1e-12:
        return np.asarray(away / scale, dtype=np.float64)
    return np.where(np.abs(away) < 1e-12, 0.0, np.copysign(np.inf, away))


def _differences(ref: Floats, new: Floats) -> Floats:
    if ref.shape != new.shape or ref.ndim != 1 or len(ref) < 2:
        raise BadInput("a link needs two shared items or more", place="items")
    return np.asarray(ref - new, dtype=np.float64)


def _check_pair(ref: Items, new: Items) -> None:
    if ref.b.shape != new.b.shape:
        raise BadInput("the same items stand in both sets, in one order", place="items")


def _through_means(slope: float, ref: Items, new: Items) -> Line:
    return Line(slope, float(ref.b.mean()) - slope * float(new.b.mean()))


def _curve_gaps(line: Floats, ref: Items, new: Items) -> Floats:
    """Nodes x items: the reference curves less the new ones moved to the reference scale."""
    slope, origin = line
    at = _NODES[:, None]
    moved = expit(new.a / slope * (at - (slope * new.b + origin)))
    return np.asarray(expit(ref.a * (at - ref.b)) - moved, dtype=np.float64)


def _least(gap: Callable[[Floats], Floats], ref: Items, new: Items) -> Line:
    _check_pair(ref, new)
    start = mean_mean(ref=ref, new=new)
    found = optimize.least_squares(
        gap,
        [start.slope, start.origin],
        bounds=([1e-3, -np.inf], np.inf),
        xtol=1e-15,
        ftol=1e-15,
        gtol=1e-15,
    )
    return Line(float(found.x[0]), float(found.x[1]))
