"""What happens by the clock. Every job here takes a lock, so two schedulers do no harm.

Example: ``reconcile`` every 15 s finds what a killed worker left behind.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings


def _every(job: str, seconds: float) -> dict[str, Any]:
    # A late run is worth nothing once the next is due.
    return {
        "task": f"benchserver.{job}",
        "schedule": seconds,
        "options": {"queue": "control", "expires": seconds},
    }


SCHEDULE = {
    "relay": _every("relay", 5.0),
    "reconcile": _every("reconcile", float(settings.RECONCILE_SECONDS)),
    "admissions": _every("admissions", float(settings.RECONCILE_SECONDS)),
    "identities": _every("identities", 60.0),
    "examinations": _every("examinations", 300.0),
    "panel_runs": _every("panel_runs", 60.0),
    "rotations": _every("rotations", float(settings.RECONCILE_SECONDS)),
}
