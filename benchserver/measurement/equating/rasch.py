"""Abilities and difficulties from counts: the penalised Rasch model, one mean per rotation.

A task of difficulty b is passed by a model of ability theta with probability sigma(theta - b).
Difficulties of a rotation are drawn towards that rotation's own free mean, so a hard rotation is
allowed to be hard; a panel that took every task ties the rotations together. Example: two rotations
of eight tasks, 67.5 % on one and 60.0 % on the other: abilities .506 and .514, no difference.

Sources: Rasch 1960; concurrent calibration as in Kolen and Brennan 2014, chapter 6. Formulas and
the worked example: integrity note 2.2 and 2.5.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import linalg
from scipy.special import expit

from benchserver.core.errors import BadInput, PlatformFault
from benchserver.measurement.equating.table import Counts, Flags, Floats, Table

SPREAD = 2.0  # prior sd, in logits, of panel abilities and of difficulties about their mean
WEAK = 1e-4  # precision of the prior on the abilities of all other models
STEP_CAP = 2.0
_STEPS = 200
_CLOSE = 1e-10


@dataclass(frozen=True, slots=True)
class Figure:
    """An estimate with its standard error."""

    value: float
    se: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Precision:
    """The Hessian at the fit, as blocks: difficulties stand alone, all else is small.

    ``tasks``: its diagonal over difficulties (J); ``bridge``: J x (M + R), difficulties against
    abilities and means; ``small``: the inverse of what is left over abilities and means.
    """

    tasks: Floats
    bridge: Floats
    small: Floats

    def variance(self, *, theta: Floats, b: Floats) -> float:
        """Of the linear combination with these weights on abilities and difficulties."""
        weights = np.zeros(len(self.small))
        weights[: len(theta)] = theta
        inward = weights - self.bridge.T @ (b / self.tasks)
        return float(b @ (b / self.tasks) + inward @ self.small @ inward)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """A fit. ``theta`` (M) and ``b`` (J) in logits with the panel's mean ability at 0.

    ``chi2`` over ``df``: Pearson's statistic; every error is widened by ``overdispersion``, its
    quotient where that is above 1, because task-by-model interaction makes Rasch errors too small.
    """

    table: Table
    theta: Floats
    b: Floats
    chi2: float
    df: int
    precision: Precision

    @property
    def overdispersion(self) -> float:
        return max(1.0, self.chi2 / self.df) if self.df > 0 else 1.0

    def ability(self, model: int) -> Figure:
        """Theta of a model; the error is that of its distance to the panel's mean."""
        weights = _unit(len(self.theta), model) - self.panel_mean()
        return self._figure(float(self.theta[model]), theta=weights)

    def difference(self, one: int, other: int) -> Figure:
        """Ability of one model less that of another."""
        weights = _unit(len(self.theta), one) - _unit(len(self.theta), other)
        return self._figure(float(self.theta[one] - self.theta[other]), theta=weights)

    def difficulty(self, task: int) -> Figure:
        """b of a task; the error is that of its distance to the panel's mean ability."""
        weights = _unit(len(self.b), task)
        return self._figure(float(self.b[task]), theta=-self.panel_mean(), b=weights)

    def shift(self, rotation: int, *, base: int = 0) -> Figure:
        """How much harder a rotation's tasks are, on the mean, than those of ``base``."""
        weights = self._mean_of(rotation) - self._mean_of(base)
        return self._figure(float(weights @ self.b), b=weights)

    def expected(self, model: int, *, form: Flags) -> Figure:
        """The model's expected pass rate on the tasks of ``form``, by the delta method.

        Known answer: the worked example's .6750 (.0432) and .6761 (.0553).
        """
        p = expit(self.theta[model] - self.b[form])
        slope = np.zeros(len(self.b))
        slope[form] = p * (1 - p) / len(p)
        weights = _unit(len(self.theta), model) * slope.sum()
        return self._figure(float(p.mean()), theta=weights, b=-slope)

    def variance(self, *, theta: Floats | None = None, b: Floats | None = None) -> float:
        """Of a linear combination, widened. Meaningful for contrasts only: weights on abilities
        and on difficulties that together come to 0."""
        theta = np.zeros(len(self.theta)) if theta is None else theta
        b = np.zeros(len(self.b)) if b is None else b
        return max(0.0, self.precision.variance(theta=theta, b=b)) * self.overdispersion

    def _figure(
        self, value: float, *, theta: Floats | None = None, b: Floats | None = None
    ) -> Figure:
        return Figure(value, math.sqrt(self.variance(theta=theta, b=b)))

    def panel_mean(self) -> Floats:
        members = self.table.panel.astype(np.float64)
        return np.asarray(members / members.sum(), dtype=np.float64)

    def _mean_of(self, rotation: int) -> Floats:
        tasks = (self.table.rotations == rotation).astype(np.float64)
        if rotation < 0 or not tasks.any():
            raise BadInput(f"there is no rotation {rotation}", place="rotation")
        return np.asarray(tasks / tasks.sum(), dtype=np.float64)


def fit(table: Table) -> Calibration:
    """The penalised maximum of the likelihood, by Newton's method with steps of at most 2 logits.

    Minimises -sum log likelihood + panel theta^2 / 8 + 5e-5 other theta^2 + (b - mu)^2 / 8 with
    one free mu per rotation (Rasch 1960; integrity note 2.2), then puts the panel's mean at 0;
    errors are those of contrasts, so that they do not carry the arbitrary origin. Difficulties are
    eliminated first: a step costs tasks x models^2. Rows of only passes or none stay finite.
    Known answer: rotation 2 of the worked example is .506 (.254) harder.
    """
    state = _start(table)
    pull = np.where(table.panel, SPREAD**-2, WEAK)
    for _ in range(_STEPS):
        step = _newton_step(table, state, pull)
        moved = _longest_step(table, state, step, pull)
        state = moved
        if max(float(np.abs(part).max()) for part in step) < _CLOSE:
            return _calibration(table, state, pull)
    raise PlatformFault("rasch_no_end", f"{_STEPS} steps")


State = tuple[Floats, Floats, Floats]  # theta, b, mu


def _start(table: Table) -> State:
    models, tasks = table.passed.shape
    return np.zeros(models), np.zeros(tasks), np.zeros(table.rotation_count)


def _chances(table: Table, state: State) -> Floats:
    return np.asarray(expit(state[0][:, None] - state[1][None, :]), dtype=np.float64)


def _objective(table: Table, state: State, pull: Floats) -> float:
    theta, b, mu = state
    distance = theta[:, None] - b[None, :]
    # -log likelihood = n log(1 + e^x) - c x
    loss = table.samples * np.logaddexp(0.0, distance) - table.passed * distance
    away = b - mu[table.rotations]
    return float(loss.sum() + (pull * theta**2).sum() / 2 + (away**2).sum() / (2 * SPREAD**2))


def _newton_step(table: Table, state: State, pull: Floats) -> State:
    """The solution of Hessian x step = -gradient, difficulties eliminated first."""
    theta, b, mu = state
    p = _chances(table, state)
    residual = table.passed - table.samples * p
    away = (b - mu[table.rotations]) / SPREAD**2
    down_theta = residual.sum(axis=1) - pull * theta
    down_b = -residual.sum(axis=0) - away
    down_mu = np.bincount(table.rotations, weights=away, minlength=len(mu))
    tasks, bridge, small = _blocks(table, p, pull)
    right = np.concatenate([down_theta, down_mu]) - bridge.T @ (down_b / tasks)
    inner = np.asarray(linalg.solve(small, right, assume_a="pos"), dtype=np.float64)
    step_b = (down_b - bridge @ inner) / tasks
    return inner[: len(theta)], step_b, inner[len(theta) :]


def _blocks(table: Table, p: Floats, pull: Floats) -> tuple[Floats, Floats, Floats]:
    """Diagonal over tasks, tasks against the rest, and the rest with the tasks eliminated."""
    information = table.samples * p * (1 - p)
    models, rotations = len(pull), table.rotation_count
    tie = SPREAD**-2
    tasks = information.sum(axis=0) + tie
    bridge = np.zeros((len(tasks), models + rotations))
    bridge[:, :models] = -information.T
    bridge[np.arange(len(tasks)), models + table.rotations] = -tie
    sizes = np.bincount(table.rotations, minlength=rotations) * tie
    rest = np.diag(np.concatenate([information.sum(axis=1) + pull, sizes]))
    return tasks, bridge, rest - bridge.T @ (bridge / tasks[:, None])


def _longest_step(table: Table, state: State, step: State, pull: Floats) -> State:
    """Capped, then halved until the objective does not rise."""
    longest = max(float(np.abs(part).max()) for part in step)
    size = min(1.0, STEP_CAP / longest) if longest > 0 else 1.0
    before = _objective(table, state, pull)
    for _ in range(30):
        theta, b, mu = (old + size * new for old, new in zip(state, step, strict=True))
        if _objective(table, (theta, b, mu), pull) <= before + 1e-9 * abs(before):
            break
        size /= 2
    return theta, b, mu


def _calibration(table: Table, state: State, pull: Floats) -> Calibration:
    theta, b, _ = state
    p = _chances(table, state)
    tasks, bridge, small = _blocks(table, p, pull)
    origin = float(theta[table.panel].mean())
    chi2, df = _pearson(table.passed, table.samples, p)
    return Calibration(
        table=table,
        theta=theta - origin,
        b=b - origin,
        chi2=chi2,
        df=df,
        precision=Precision(tasks=tasks, bridge=bridge, small=np.asarray(linalg.inv(small))),
    )


def _pearson(passed: Counts, samples: Counts, p: Floats) -> tuple[float, int]:
    """Pearson's chi2 over the cells with a result, and its df: cells less free parameters."""
    known = samples > 0
    expected = samples * p
    chi2 = ((passed - expected) ** 2 / np.where(known, expected * (1 - p), 1.0))[known].sum()
    return float(chi2), int(known.sum()) - sum(passed.shape) + 1


def _unit(length: int, place: int) -> Floats:
    if not 0 <= place < length:
        raise BadInput(f"there is no number {place} among {length}", place="number")
    weights = np.zeros(length)
    weights[place] = 1.0
    return weights
