"""The link between rotations again: the panel's counts, a plain Newton fit, and what follows.

All parameters stand in one matrix, abilities, difficulties and one mean per rotation; nothing is
eliminated and nothing shared with the service. Example: 27 panel passes less on this form than on
the first make it .4 logits harder, and 60 % here is told as 66 % there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from tests.recount.arithmetic import e4
from tests.recount.pairs import Line
from tests.recount.rows import RIGHT, Connection, one

FIRST = """
SELECT f.id, f.protocol_digest FROM leaderboard_snapshot s
JOIN pools_rotation r ON r.slug = s.rotation JOIN pools_form f ON f.rotation_id = r.id
JOIN pools_track t ON t.id = f.track_id AND t.slug = s.track
WHERE s.track = %s ORDER BY s.sequence LIMIT 1
"""
DIGEST = "SELECT protocol_digest FROM pools_form WHERE id = %s"
HIDDEN = """
SELECT version_id::text FROM pools_formentry WHERE form_id = %s AND split = 'private'
AND id NOT IN (SELECT entry_id FROM pools_withdrawnentry) ORDER BY position
"""
RUNS = """
SELECT e.id, m.slug, p.family FROM evaluations_evaluation e
JOIN providers_model m ON m.id = e.model_id JOIN providers_panelmodel p ON p.model_id = m.id
WHERE e.form_id = %s AND e.state = 'complete' AND p.retired_at IS NULL
AND NOT EXISTS (SELECT 1 FROM evaluations_identitymark i WHERE i.evaluation_id = e.id)
AND p.frozen_on < ALL (
  SELECT COALESCE(v.written_on, (v.imported_at AT TIME ZONE 'UTC')::date)
  FROM pools_formentry n JOIN pools_taskversion v ON v.id = n.version_id
  WHERE n.form_id = e.form_id AND n.split = 'private'
  AND n.id NOT IN (SELECT entry_id FROM pools_withdrawnentry))
"""
PASSED = f"""
SELECT n.version_id::text, count(*) FILTER (WHERE {RIGHT} = 'passed')
FROM evaluations_attempt a JOIN pools_formentry n ON n.id = a.entry_id
LEFT JOIN evaluations_verdictrecord v ON v.attempt_id = a.id
WHERE a.evaluation_id = %s AND n.split = 'private'
AND n.id NOT IN (SELECT entry_id FROM pools_withdrawnentry) GROUP BY n.version_id
"""

PRIOR = 1 / 2.0**2  # precision, of abilities and of difficulties about their rotation's mean
MODELS, FAMILIES, SHARE, DISPERSION, STEADY = 6, 3, 0.5, 3.0, 0.2
LOW, HIGH, TELLING = 0.1, 0.9, 0.5
Z = 1.959963984540054


@dataclass(frozen=True)
class Counts:
    """The panel: models x tasks. ``there``, ``here``: which tasks are of the first form and of
    this one; ``families``: of each model."""

    passed: np.ndarray
    samples: np.ndarray
    there: np.ndarray
    here: np.ndarray
    families: tuple[str, ...]

    @property
    def later(self) -> np.ndarray:
        """1 for a task that is only of this form's rotation."""
        return (~self.there).astype(int)

    def without(self, model: int) -> Counts:
        left = np.arange(len(self.passed)) != model
        families = tuple(f for n, f in enumerate(self.families) if n != model)
        return Counts(self.passed[left], self.samples[left], self.there, self.here, families)


@dataclass(frozen=True)
class Fit:
    """``covariance`` of (theta, b, mu) together, widened; contrasts of it mean something."""

    theta: np.ndarray
    b: np.ndarray
    covariance: np.ndarray
    wide: float
    dispersion: float

    def variance(self, theta: np.ndarray | float, b: np.ndarray) -> float:
        weights = np.zeros(len(self.covariance))
        weights[: len(self.theta)] = theta
        weights[len(self.theta) : len(self.theta) + len(self.b)] = b
        return max(0.0, float(weights @ self.covariance @ weights))


def equating(
    connection: Connection, body: dict[str, Any], form_id: Any, lines: Sequence[Line], samples: int
) -> tuple[dict[str, Any], dict[str, dict[str, int] | None]]:
    """(the numbers of ``equating``, of each model's ``equated``)."""
    nothing: dict[str, dict[str, int] | None] = dict.fromkeys(line.slug for line in lines)
    first = connection.execute(FIRST, (body["track"]["slug"],)).fetchone()
    base, digest = first or (form_id, None)
    if digest not in (None, *one(connection, DIGEST, form_id)):
        return {"comparable": False}, nothing
    counts = panel(connection, base, form_id, samples)
    if counts is None:
        return {"comparable": False}, nothing
    fit = newton(counts)
    exact = [line for line in lines if line.cell and not line.cell["bound"]]
    placed = {line.slug: place(fit, counts, sum(line.hidden.passed), samples) for line in exact}
    shares = [placed[line.slug][1] / max(1e-12, line.cell["se_e4"] / 10_000) for line in exact]
    link, holds = linked(fit, counts, max(shares, default=0.0))
    shown = {slug: numbers for slug, (numbers, _) in placed.items()} if holds else {}
    return {"comparable": holds, "link": link}, nothing | shown


def panel(connection: Connection, base: Any, form_id: Any, samples: int) -> Counts | None:
    """None where a form has no run of the panel, or the first no hidden task."""
    forms = list(dict.fromkeys((base, form_id)))
    hidden = [[v for (v,) in connection.execute(HIDDEN, (form,)).fetchall()] for form in forms]
    runs = [connection.execute(RUNS, (form,)).fetchall() for form in forms]
    if not all(runs) or not hidden[0]:
        return None
    tasks = {task: n for n, task in enumerate(dict.fromkeys(chain(*hidden)))}
    family = {slug: label for each in runs for _, slug, label in each}
    rows = {slug: n for n, slug in enumerate(sorted(family))}
    passed, asked = np.zeros((2, len(rows), len(tasks)))
    for of_form, found in zip(hidden, runs, strict=True):
        for run, slug, _ in found:
            asked[rows[slug], [tasks[task] for task in of_form]] += samples
            for task, count in connection.execute(PASSED, (run,)).fetchall():
                passed[rows[slug], tasks[task]] += count
    there, here = (
        np.array([task in set(part) for task in tasks]) for part in (hidden[0], hidden[-1])
    )
    return Counts(passed, asked, there, here, tuple(family[slug] for slug in rows))


def newton(counts: Counts) -> Fit:
    """The penalised maximum over all parameters at once."""
    models, tasks = counts.passed.shape
    means = 1 + int(counts.later.max())
    x = np.zeros(models + tasks + means)
    for _ in range(200):
        gradient, hessian = _slopes(counts, x, means)
        step = -np.linalg.solve(hessian, gradient)
        x = x + step * min(1.0, 2.0 / max(2.0, float(np.abs(step).max())))
        if np.abs(step).max() < 1e-11:
            break
    _, hessian = _slopes(counts, x, means)
    chi2, df = _pearson(counts, x)
    wide = max(1.0, chi2 / df) if df > 0 else 1.0
    theta, b = x[:models], x[models : models + tasks]
    return Fit(
        theta=theta - theta.mean(),
        b=b - theta.mean(),
        covariance=np.linalg.inv(hessian) * wide,
        wide=wide,
        dispersion=chi2 / df if df > 0 else 0.0,
    )


def _slopes(counts: Counts, x: np.ndarray, means: int) -> tuple[np.ndarray, np.ndarray]:
    """Gradient and Hessian of minus the penalised log likelihood, in (theta, b, mu)."""
    models, tasks = counts.passed.shape
    theta, b, mu = x[:models], x[models : models + tasks], x[models + tasks :]
    p = 1 / (1 + np.exp(b[None, :] - theta[:, None]))
    off = counts.samples * p - counts.passed
    mine = np.eye(means)[counts.later]  # tasks x means
    away = PRIOR * (b - mine @ mu)
    gradient = np.concatenate([off.sum(1) + PRIOR * theta, away - off.sum(0), -mine.T @ away])
    weight = counts.samples * p * (1 - p)
    hessian = np.block(
        [
            [np.diag(weight.sum(1) + PRIOR), -weight, np.zeros((models, means))],
            [-weight.T, np.diag(weight.sum(0) + PRIOR), -PRIOR * mine],
            [np.zeros((means, models)), -PRIOR * mine.T, PRIOR * mine.T @ mine],
        ]
    )
    return gradient, hessian


def _pearson(counts: Counts, x: np.ndarray) -> tuple[float, int]:
    models, tasks = counts.passed.shape
    p = 1 / (1 + np.exp(x[models : models + tasks][None, :] - x[:models, None]))
    known = counts.samples > 0
    n, c, q = counts.samples[known], counts.passed[known], p[known]
    return float(((c - n * q) ** 2 / (n * q * (1 - q))).sum()), len(n) - models - tasks + 1


def shift(fit: Fit, counts: Counts) -> tuple[float, float]:
    """How much harder the new tasks are, and the error; nothing where there are none."""
    if counts.there[counts.here].all():
        return 0.0, 0.0
    new, old = ~counts.there, counts.there
    weights = new / new.sum() - old / old.sum()
    return float(weights @ fit.b), math.sqrt(fit.variance(0.0, weights))


def linked(fit: Fit, counts: Counts, worst: float) -> tuple[dict[str, int], bool]:
    """The link's numbers, and whether all conditions hold. ``worst``: the largest share that the
    link's error has of a score's own."""
    far = not counts.there[counts.here].all()
    new, old = (~counts.there, counts.there) if far else (counts.there, counts.there)
    both = (counts.samples[:, new] > 0).any(1) & (counts.samples[:, old] > 0).any(1)
    telling = 1.0
    for part in (new, old):
        passed = counts.passed[both][:, part].sum(0)
        met = counts.samples[both][:, part].sum(0)
        between = (met > 0) & (passed >= LOW * met - 1e-9) & (passed <= HIGH * met + 1e-9)
        telling = min(telling, between.mean())
    left = (
        [shift(newton(counts.without(n)), counts)[0] for n in np.flatnonzero(both)] if far else [0]
    )
    steady = max(left) - min(left) if len(left) > 1 or not far else math.inf
    moved, se = shift(fit, counts)
    families = {f for f, in_both in zip(counts.families, both, strict=True) if in_both}
    holds = (
        (both.sum() >= MODELS and len(families) >= FAMILIES)
        and telling >= TELLING
        and (not far or worst <= SHARE)
        and (fit.dispersion <= DISPERSION and steady <= STEADY)
    )
    link = {
        "shift_e3": e3(moved),
        "shift_se_e3": e3(se),
        "panel_models": int(both.sum()),
        "panel_families": len(families),
        "dispersion_e3": e3(fit.dispersion),
        "steady_e3": e3(steady) if math.isfinite(steady) else -1,
    }
    return link, bool(holds)


def place(fit: Fit, counts: Counts, passed: int, samples: int) -> tuple[dict[str, int], float]:
    """(the equated numbers of a total on this form, the link's part of the error)."""
    asked = np.where(counts.here, float(samples), 0.0)
    low, high = float(fit.b.min()) - 60, float(fit.b.max()) + 60
    for _ in range(200):
        theta = (low + high) / 2
        if (asked / (1 + np.exp(fit.b - theta))).sum() < passed:
            low = theta
        else:
            high = theta
    p = 1 / (1 + np.exp(fit.b - theta))
    weight = p * (1 - p)
    information = float((asked * weight).sum())
    through = asked * weight / information
    slope = np.where(counts.there, weight, 0.0) / counts.there.sum()
    own = fit.wide / information
    theta_se = math.sqrt(own + fit.variance(-1 / len(fit.theta), through))
    link = fit.variance(0.0, slope.sum() * through - slope)
    unmet = weight[counts.there & ~counts.here].sum() / counts.there.sum() ** 2
    away = float(unmet) * (fit.wide - 1.0) / samples  # found harder or easier than by the panel
    rate, se = float(p[counts.there].mean()), math.sqrt(slope.sum() ** 2 * own + link + away)
    numbers = {
        "expected_e4": e4(rate),
        "se_e4": e4(se),
        "low_e4": e4(max(0.0, rate - Z * se)),
        "high_e4": e4(min(1.0, rate + Z * se)),
        "theta_e3": e3(theta),
        "theta_se_e3": e3(theta_se),
    }
    return numbers, math.sqrt(link)


def e3(value: float) -> int:
    return round(value * 1_000)
