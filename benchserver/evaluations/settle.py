"""The outbox: a wake-up is written in the transaction that makes it due, and published after it.

Example: ``wake("judge", attempt.pk)`` beside a stored reply; a broker that is away costs seconds.
"""

from __future__ import annotations

from benchserver.evaluations.models import Wake


def wake(step: str, target: object) -> None:
    """Write a wake-up into the outbox, in the caller's transaction."""
    Wake.objects.create(step=step, target=str(target))
