"""Make the database true again: the engine's mending rules, run over Postgres.

Runs every few seconds in a process of its own; what is moved and how says
``core/engine/mending.py``. Example: ``reconcile(retry_base=5).expired`` is the number of attempts
whose worker was gone.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count, Q

from benchserver.core.engine import mending
from benchserver.core.lifecycle import ENDED, EvaluationState
from benchserver.evaluations import opinions
from benchserver.evaluations.models import Evaluation
from benchserver.evaluations.store import PostgresStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Mended:
    """What one pass moved."""

    expired: int
    stranded: int
    forgotten: int
    woken: int


def reconcile(*, retry_base: float) -> Mended:
    """One pass over all rules."""
    return Mended(
        expired=expire_leases(retry_base=retry_base),
        stranded=end_stranded(),
        forgotten=mending.end_forgotten(PostgresStore()),
        woken=wake_due(),
    )


def expire_leases(*, retry_base: float) -> int:
    """Attempts whose worker is gone: by the database clock, never by ours."""
    return mending.expire_leases(PostgresStore(), base=retry_base)


def end_stranded() -> int:
    """Attempts that can never be sent any more, because their rotation's window is over."""
    return mending.end_stranded(PostgresStore())


@transaction.atomic
def wake_due() -> int:
    """Publish anew what waits without a wake-up."""
    return mending.wake_due(PostgresStore()) + opinions.wake_due()


def unfinished() -> list[Evaluation]:
    """Running evaluations all of whose attempts have ended: somebody must finish them."""
    open_attempts = Count("attempts", filter=~Q(attempts__state__in=ENDED))
    return list(
        Evaluation.objects.filter(state=EvaluationState.RUNNING)
        .annotate(open=open_attempts)
        .filter(open=0)
    )
