"""Which verdict of an attempt counts: the stored one, or the one it was corrected to.

The verdict table only grows; a correction stands beside it and counts from a moment on. Example:
two machines say ``passed`` where the stored verdict says ``wrong_answer``: once the correction
counts, every aggregate of this room is computed with ``passed``.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from benchserver.core.verdict import Verdict
from benchserver.evaluations.models import Attempt, VerdictCorrection


def corrections(evaluation_ids: Iterable[UUID]) -> list[tuple[Attempt, str]]:
    """(attempt, its right verdict) of the corrections that count; each attempt once, the newest."""
    found = VerdictCorrection.objects.filter(
        attempt__evaluation__in=list(evaluation_ids), counts_since__isnull=False
    )
    newest = {row.attempt_id: row for row in found.select_related("attempt__entry").order_by("pk")}
    return [(row.attempt, row.verdict) for row in newest.values()]


def corrected(evaluation_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Attempt -> its right verdict, where it was corrected."""
    return {attempt.pk: verdict for attempt, verdict in corrections(evaluation_ids)}


def changes(evaluation_ids: Iterable[UUID]) -> list[tuple[UUID, UUID, int]]:
    """(evaluation, version, passes more or less) that corrections make of the stored verdicts."""
    found = corrections(evaluation_ids)
    stored = dict(
        Attempt.objects.filter(pk__in=[attempt.pk for attempt, _ in found]).values_list(
            "pk", "verdict__verdict"
        )
    )
    return [
        (
            attempt.evaluation_id,
            attempt.entry.version_id,
            (verdict == Verdict.PASSED) - (stored[attempt.pk] == Verdict.PASSED),
        )
        for attempt, verdict in found
    ]
