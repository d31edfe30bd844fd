"""What a score would have been on the first form of its track, where that can be told.

The difficulties are fitted to the operator's panel alone. So a competitor's equated number follows
from its own published total and from nothing else of anybody's: it does not know which tasks were
passed, and where the total is shown as a bound there is no equated number either. Example: 60.0 %
on a rotation that the panel found .506 logits harder is shown as "67.6 on the first form".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchserver.core.errors import BadInput
from benchserver.core.task import Split
from benchserver.evaluations import score
from benchserver.evaluations.models import Evaluation
from benchserver.evaluations.panel import linking_runs
from benchserver.leaderboard.models import Snapshot
from benchserver.measurement.equating import conditions, table
from benchserver.measurement.equating.placing import Placed, place
from benchserver.measurement.equating.rasch import Calibration, fit
from benchserver.pools.models import Form

Z_95 = 1.959963984540054
Cell = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """A fit of the panel. ``versions``: its tasks; ``here``, ``there``: which of them are of
    the form and of the base; ``families``: one per panel model."""

    form: Form
    base: Form
    calibration: Calibration
    versions: tuple[str, ...]
    here: table.Flags
    there: table.Flags
    families: tuple[str, ...]

    @property
    def rotation(self) -> int:
        """The number of the form's own tasks in the fit; 0 where it is the base itself."""
        return int(self.calibration.table.rotations[self.here].max())


def equate(
    form: Form, ranked: Sequence[Evaluation], cells: Mapping[str, Cell]
) -> tuple[dict[str, dict[str, int] | None], dict[str, Any]]:
    """(model's slug -> its equated members or None, the board's ``equating``).

    ``cells``: the private cell of each ranked model as it is shown.
    """
    base = reference_form(form)
    found = {"comparable": False, "form": base.rotation.slug, "reasons": [], "link": None}
    nothing: dict[str, dict[str, int] | None] = dict.fromkeys(cells)
    if base.protocol_digest != form.protocol_digest:
        return nothing, found | {"reasons": ["the first form was run under another protocol"]}
    scale = panel_scale(form, base)
    if scale is None:
        return nothing, found | {"reasons": [unlinked(form, base)]}
    exact = [e for e in ranked if cells[e.model.slug] and not cells[e.model.slug]["bound"]]
    placed = {e.model.slug: _placed(scale, e, passed=cells[e.model.slug]["passed"]) for e in exact}
    link, reasons = judged_link(scale, placed, cells)
    found |= {"comparable": not reasons, "reasons": [reason.says for reason in reasons]}
    found |= {"link": _link_members(scale, link)}
    if reasons:
        return nothing, found
    return nothing | {slug: _members(each) for slug, each in placed.items()}, found


def reference_form(form: Form) -> Form:
    """The track's first published form; this one when none has been published."""
    first = Snapshot.objects.filter(track=form.track.slug).order_by("sequence").first()
    forms = Form.objects.filter(track=form.track).select_related("rotation")
    return (forms.filter(rotation__slug=first.rotation).first() if first else None) or form


def panel_scale(form: Form, base: Form) -> Scale | None:
    """The panel's fit on the base and on this form; None where either lacks a run.

    Each rotation is linked to the base directly: errors of links from one to the next would add.
    """
    forms = [base] if base.pk == form.pk else [base, form]
    runs = linking_runs(forms)
    if {run.form_id for run in runs} != {f.pk for f in forms}:
        return None
    parts = [_private(f) for f in forms]
    versions = tuple(dict.fromkeys(v for part in parts for v in part))
    members = sorted({run.model for run in runs}, key=lambda model: model.slug)
    place_of = {version: n for n, version in enumerate(versions)}
    row_of = {model.pk: n for n, model in enumerate(members)}
    passed = np.zeros((len(members), len(versions)), dtype=np.int64)
    samples = np.zeros_like(passed)
    for run in runs:
        for task in score.results(run, Split.PRIVATE):
            passed[row_of[run.model_id], place_of[task.version_id]] += task.passed
            samples[row_of[run.model_id], place_of[task.version_id]] += task.samples
    there = np.array([version in set(parts[0]) for version in versions])
    here = np.array([version in set(parts[-1]) for version in versions])
    if not there.any():
        return None
    counts = table.table(
        passed=passed, samples=samples, rotations=~there, panel=np.ones(len(members))
    )
    return Scale(
        form=form,
        base=base,
        calibration=fit(counts),
        versions=versions,
        here=here,
        there=there,
        families=tuple(model.panel.family for model in members),
    )


def judged_link(
    scale: Scale, placed: Mapping[str, Placed], cells: Mapping[str, Cell]
) -> tuple[conditions.Link, list[conditions.Reason]]:
    """The link, and why it does not carry; no reasons where it does."""
    link = conditions.examine(scale.calibration, families=scale.families, rotation=scale.rotation)
    far = scale.rotation != 0  # on the base itself there is nothing to link
    reasons = conditions.reasons(
        link,
        link_se=[each.link_se for each in placed.values()] if far else [],
        sampling_se=[cells[slug]["se_e4"] / 10_000 for slug in placed] if far else [],
    )
    return link, reasons


def shared_pair(scale: Scale) -> tuple[table.Floats, table.Floats] | None:
    """Difficulties of the tasks of both forms, (on the first, on this), each form fitted apart
    with the panel's mean at 0; None below two shared tasks. They differ by chance when the panel's
    link holds: a cross-check, for the operator's eyes only."""
    both = scale.here & scale.there
    if both.sum() < 2 or scale.base.pk == scale.form.pk:
        return None
    counts = scale.calibration.table
    met = counts.samples > 0
    in_both: table.Flags = np.logical_and(
        met[:, scale.there].any(axis=1), met[:, scale.here].any(axis=1)
    )
    if not in_both.any():
        return None
    counts = counts.of_models(in_both)
    there, here = (fit(counts.of_tasks(tasks)).b for tasks in (scale.there, scale.here))
    return there[both[scale.there]], here[both[scale.here]]


def _private(form: Form) -> list[str]:
    entries = form.standing.filter(split=Split.PRIVATE).order_by("position")
    return [str(version) for version in entries.values_list("version_id", flat=True)]


def unlinked(form: Form, base: Form) -> str:
    if form.pk == base.pk:
        return "no panel model has run this form, the first one"
    return "no panel model has run this form and the first one"


def _placed(scale: Scale, evaluation: Evaluation, *, passed: int) -> Placed:
    """From the total alone; a missing verdict is not passed, as in the score (D11)."""
    tasks = score.results(evaluation, Split.PRIVATE)
    place_of = {version: n for n, version in enumerate(scale.versions)}
    samples = np.zeros(len(scale.versions), dtype=np.int64)
    for task in tasks:
        samples[place_of[task.version_id]] = task.samples
    return place(scale.calibration, passed=passed, samples=samples, form=scale.there)


def _members(each: Placed) -> dict[str, int]:
    rate, theta = each.expected, each.theta
    return {
        "expected_e4": score.e4(rate.value),
        "se_e4": score.e4(rate.se),
        "low_e4": score.e4(max(0.0, rate.value - Z_95 * rate.se)),
        "high_e4": score.e4(min(1.0, rate.value + Z_95 * rate.se)),
        "theta_e3": e3(theta.value),
        "theta_se_e3": e3(theta.se),
    }


def _link_members(scale: Scale, link: conditions.Link) -> dict[str, int]:
    """Of the panel only how many and how well they agree: no rate of one of its models."""
    return {
        "shift_e3": e3(link.shift.value),
        "shift_se_e3": e3(link.shift.se),
        "panel_models": link.models,
        "panel_families": link.families,
        "dispersion_e3": e3(link.dispersion),
        "steady_e3": e3(link.steady) if np.isfinite(link.steady) else -1,
    }


def e3(value: float) -> int:
    """Logits as thousandths, rounded to the nearest."""
    if not np.isfinite(value):
        raise BadInput("a logit is a number", place="equating")
    return round(value * 1000)
