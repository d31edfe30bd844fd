"""What a snapshot says about exposure: who met how much of the pool, and until when it lasts.

Counts of tasks and sends, never a result. Example: ten groups that met all 150 tasks of a rotation,
share 2500 of the pool in ten-thousandths, Gini 0: everybody has seen the same.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings

from benchserver.core.rotation import Policy
from benchserver.evaluations import exposures, score
from benchserver.measurement.exposure.budget import gini
from benchserver.measurement.exposure.forecast import per_quarter
from benchserver.pools.models import Form
from benchserver.pools.rotate import database_now


def exposure(form: Form) -> dict[str, Any]:
    """The member ``exposure`` of a snapshot; ``docs/api.md`` documents it."""
    pool = form.rotation.pool
    held, seen = exposures.private_tasks(pool), exposures.shown(form)
    return {
        "groups": [_group(line, held) for line in seen],
        "pool_tasks": held,
        "gini_e4": score.e4(gini([line.ever for line in seen])) if seen else None,
        "forecast": forecast(exposures.outlook(pool, usual_policy(), now=database_now())),
    }


def forecast(found: exposures.Outlook) -> dict[str, Any]:
    """Until when whole forms are there: ``until`` is a date, empty when no end is in sight."""
    until = found.forecast.until
    return {
        "until": until.date().isoformat() if until else "",
        "rotations": found.forecast.rotations if until else None,
        "intake_per_quarter": per_quarter(found.stock.intake),
        "groups": found.use.groups,
        "words": exposures.in_words(found),
    }


def policy(*, private: int, public: int) -> Policy:
    """The caps by which this service calls a task worn, and the wished size of a form."""
    return Policy(
        private_target=private,
        public_target=public,
        min_private=settings.MIN_CELL,
        exposure_per_provider=settings.EXPOSURE_PER_PROVIDER,
        exposure_per_task=settings.EXPOSURE_PER_TASK,
        max_age_days=settings.TASK_MAX_AGE_DAYS,
    )


def usual_policy() -> Policy:
    """The same with a form of the usual size."""
    return policy(private=max(exposures.USUAL_FORM, settings.MIN_CELL), public=exposures.USUAL_FORM)


def _group(line: exposures.Shown, held: int) -> dict[str, Any]:
    return {
        "owner": line.name,
        "owner_slug": line.group,
        "tasks": line.tasks,
        "share_e4": score.e4(line.ever / held) if held else 0,
        "samples": line.samples,
        "sends": line.sends,
    }
