"""What an evaluation may spend: set at its start, changed when it is resumed, read by its provider.

The engine checks it in the transaction that permits a send (``core/engine/sending.py``), so only
what is in flight may exceed money and tokens, and requests never do. Example: a budget of 100
requests that is spent ends what is left with the fault ``budget_spent``; resumed with 200, it goes
on.
"""

from __future__ import annotations

from dataclasses import asdict

from benchserver.core.engine.facts import Limits
from benchserver.evaluations.models import Budget, Evaluation


def set_limits(evaluation: Evaluation, limits: Limits | None) -> None:
    """What it may spend from now on; what it has spent stays counted."""
    if limits is not None:
        Budget.objects.update_or_create(evaluation=evaluation, defaults=asdict(limits))
