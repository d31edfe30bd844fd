"""What a board shows, computed from the private rows: the part of a snapshot a reader sees.

Nothing is decided here: ``publish`` has chosen and audited the evaluations. Example: a model near
either end of the scale gets a bound, no gap and a place that its exact number cannot be read from.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db.models import Max, Min

from benchserver.core.lifecycle import EvaluationState
from benchserver.core.task import Split
from benchserver.evaluations import identity, score
from benchserver.evaluations.models import Evaluation, IdentityMark, Send, VerdictRecord
from benchserver.evaluations.panel import competitors
from benchserver.leaderboard import comparisons, equated, evidence, exposure, prices, provenance
from benchserver.leaderboard.breakdowns import breakdown
from benchserver.measurement import ranks
from benchserver.measurement.power import detectable_difference, observed_resolution
from benchserver.measurement.whole import count
from benchserver.pools.models import Form, Rotation, TaskVersion, Track


def shown_board(
    form: Form,
    ranked: Sequence[Evaluation],
    unranked: Sequence[tuple[Evaluation, str]],
    *,
    told: Mapping[UUID, Evaluation],
    min_cell: int,
) -> dict[str, Any]:
    """The members of a snapshot that ``docs/api.md`` documents, less the log's own.

    ``told``: ranked evaluation -> the one whose hidden results are told for it, often itself.
    Draws the noise of breakdowns that have none yet: call in the transaction that publishes.
    """
    track = form.track
    entrants = [_entrant(evaluation, told[evaluation.pk]) for evaluation in ranked]
    compared = comparisons.compare(entrants)
    placed, equating = equated.equate(form, ranked, {e.slug: e.cell for e in entrants})
    parts = {e.model.slug: breakdown(told[e.pk], min_cell=min_cell) for e in ranked}
    rows = [
        {**row, "equated": placed[slug], "breakdown": parts[slug]}
        for row in _rows(ranked, entrants, compared)
        if (slug := row["model"]["slug"])
    ]
    order = [row["model"]["slug"] for row in rows]
    body = {
        "track": _track_facts(track, form),
        "rotation": _rotation_facts(form),
        "protocol": {**track.protocol.to_payload(), "digest": track.protocol.digest},
        "evaluations": _evaluation_counts(form),
        "resolves_e4": _resolves_e4(form, entrants),
        "rows": rows,
        "equating": equating,
        "pairs": comparisons.pairs(entrants, compared, order=order),
        "exposure": exposure.exposure(form),
        "unranked": [_unranked(evaluation, reason) for evaluation, reason in unranked],
    }
    return {**body, "estimators": provenance.estimators(body)}


def _entrant(evaluation: Evaluation, told: Evaluation) -> comparisons.Entrant:
    tasks = score.results(told, Split.PRIVATE)
    return comparisons.Entrant(
        slug=evaluation.model.slug,
        owner=evaluation.owner_group.slug,
        tasks=tasks,
        cell=score.disclosed(tasks) or {},
        alike=told.model.slug if told.pk != evaluation.pk else "",
    )


def _rows(
    ranked: Sequence[Evaluation],
    entrants: Sequence[comparisons.Entrant],
    compared: Sequence[ranks.Comparison],
) -> list[dict[str, Any]]:
    """The board's lines in display order: tiers first, never a tie broken into ranks. Within a
    tier by what is shown, so that the order tells nothing that a bound hides."""
    places = comparisons.standings(entrants, compared)
    costs = prices.prices(ranked, comparisons.better(compared))
    rows = [
        {**_row(evaluation, entrant), **places[entrant.slug], "price": costs[entrant.slug]}
        for evaluation, entrant in zip(ranked, entrants, strict=True)
    ]
    return sorted(rows, key=_display_order)


def _display_order(row: dict[str, Any]) -> tuple[int, int, str]:
    return row["tier"], -(row["private"]["score_e4"] if row["private"] else 0), row["model"]["slug"]


def _row(evaluation: Evaluation, entrant: comparisons.Entrant) -> dict[str, Any]:
    public, cell = score.results(evaluation, Split.PUBLIC), entrant.cell
    gap = score.gap(public, list(entrant.tasks)) if cell and not cell["bound"] else None
    return {
        "run": evaluation.slug,
        "outcomes_root": evaluation.score.outcome_root,
        "model": _model_facts(evaluation),
        "private": cell or None,
        "public": score.cell(public),
        "gap": gap,
        "faults": score.fault_counts(evaluation),
        "evaluations": _started(evaluation),
        "owner_evaluations": _started_by_owner(evaluation),
        "evaluation": evaluation.slug,
        "alike": entrant.alike,
        "seen_before_e4": evaluation.seen_before_e4,
        **score.cost(evaluation),
        "isolation": _isolation(evaluation),
        "identity": _identity(evaluation),
        "evidence": evidence.shown(evaluation),
        "ended_at": moment_text(evaluation.ended_at) if evaluation.ended_at else "",
    }


def _identity(evaluation: Evaluation) -> str:
    """The mark in words when the endpoint was seen to change; empty otherwise."""
    mark = IdentityMark.objects.filter(evaluation=evaluation).first()
    return "" if mark is None else identity.words(mark)


def _started(evaluation: Evaluation) -> int:
    """All evaluations of this model in this form, published or not."""
    return Evaluation.objects.filter(form=evaluation.form, model=evaluation.model).count()


def _started_by_owner(evaluation: Evaluation) -> int:
    """All evaluations by all accounts of its owner in this rotation, of any model, merged or not
    at the time: the number the quota limits."""
    owner = evaluation.provider.owner_group_id
    started = Evaluation.objects.filter(rotation=evaluation.rotation_id)
    return started.filter(provider__owner_group=owner).count()


def _isolation(evaluation: Evaluation) -> str:
    """The levels its verdicts were judged at, weakest reading first."""
    rows = VerdictRecord.objects.filter(attempt__evaluation=evaluation).exclude(isolation="")
    return ", ".join(sorted(set(rows.values_list("isolation", flat=True))))


def _model_facts(evaluation: Evaluation) -> dict[str, Any]:
    model = evaluation.model
    return {
        "slug": model.slug,
        "name": model.name,
        "version": model.version,
        "owner": evaluation.owner_group.name,
        "owner_slug": evaluation.owner_group.slug,
        "open": model.open,
        "declared_cutoff": model.declared_cutoff.isoformat() if model.declared_cutoff else "",
    }


def _unranked(evaluation: Evaluation, reason: str) -> dict[str, Any]:
    return {
        "model": _model_facts(evaluation),
        "state": evaluation.state,
        "reason": reason,
        "evaluations": _started(evaluation),
    }


def _track_facts(track: Track, form: Form) -> dict[str, Any]:
    versions = TaskVersion.objects.filter(pk__in=form.standing.values("version_id"))
    return {
        "slug": track.slug,
        "name": track.name,
        "judging_class": track.judging_class,
        "languages": sorted(set(versions.values_list("language", flat=True))),
        "shapes": sorted(set(versions.values_list("shape", flat=True))),
    }


def _rotation_facts(form: Form) -> dict[str, Any]:
    rotation = form.rotation
    private = TaskVersion.objects.filter(
        pk__in=form.standing.filter(split=Split.PRIVATE).values("version_id")
    )
    dates = private.aggregate(oldest=Min("written_on"), newest=Max("written_on"))
    first = first_send(rotation)
    return {
        "slug": rotation.slug,
        "state": rotation.state,
        "opens_at": moment_text(rotation.opens_at),
        "closes_at": moment_text(rotation.closes_at),
        "private_tasks": form.standing.filter(split=Split.PRIVATE).count(),
        "public_tasks": form.standing.filter(split=Split.PUBLIC).count(),
        "withdrawn_private": _withdrawn(form, Split.PRIVATE),
        "withdrawn_public": _withdrawn(form, Split.PUBLIC),
        "root": rotation.root,
        "committed_at": moment_text(rotation.committed_at) if rotation.committed_at else "",
        "first_send_at": moment_text(first) if first else "",
        "log_index": rotation.log_index,
        "oldest_task": dates["oldest"].isoformat() if dates["oldest"] else "",
        "newest_task": dates["newest"].isoformat() if dates["newest"] else "",
        "witnesses": 0,
    }


def _withdrawn(form: Form, split: Split) -> int:
    return form.entries.filter(split=split, withdrawn__isnull=False).count()


def first_send(rotation: Rotation) -> datetime | None:
    sends = Send.objects.filter(attempt__evaluation__rotation=rotation)
    first: datetime | None = sends.aggregate(first=Min("committed_at"))["first"]
    return first


def _evaluation_counts(form: Form) -> dict[str, int]:
    found = competitors(Evaluation.objects.filter(form=form))
    states = list(found.values_list("state", flat=True))
    return {"started": len(states), **{s.value: count(states, of=s) for s in EvaluationState}}


def _resolves_e4(form: Form, entrants: Sequence[comparisons.Entrant]) -> int:
    """The smallest difference two models on this board are told apart by, with 80 % power.

    From the board's own pairs where there are enough of them, in whole points: with a few models
    the exact figure would tell how two of them differ. Before that from planning values.
    """
    tasks = form.standing.filter(split=Split.PRIVATE).count()
    samples = form.track.protocol.samples
    if not tasks:
        return 0
    if len(entrants) < provenance.OBSERVED_FROM:
        return min(10_000, score.e4(detectable_difference(tasks, samples)))
    passed = [[task.passed for task in entrant.tasks] for entrant in entrants]
    families = score.families(entrants[0].tasks)
    if families and len(set(families)) < 2:
        return 0
    observed = observed_resolution(passed, samples, families=families)
    return min(10_000, math.ceil(observed.detectable * 100) * 100)


def moment_text(moment: datetime) -> str:
    """RFC 3339 in UTC, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
