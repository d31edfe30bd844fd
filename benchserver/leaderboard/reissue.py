"""A board issued anew after tasks were withdrawn: the old snapshot stays, the log says it is not
the last word.

Example: snapshot 12 showed 150 tasks, 20 of them count no longer: snapshot 15 shows 130 and says 20
were withdrawn, and the next log entry corrects the rows of snapshot 12 by the hash of the new ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchserver.leaderboard.models import Snapshot
from benchserver.ledger.append import append
from benchserver.pools.models import Form, Rotation, Track
from benchserver.transparency import entries

_COUNTS = ("withdrawn_private", "withdrawn_public")
REASON = "tasks_withdrawn"


def held(form: Form) -> Form:
    """The form, locked against withdrawals until its numbers have left or are refused."""
    return (
        Form.objects.select_for_update(of=("self",), no_key=True)
        .select_related("rotation__pool", "track")
        .get(pk=form.pk)
    )


def note(board: Mapping[str, Any]) -> None:
    """Log that the board's last snapshot is corrected, if tasks were withdrawn since. Call after
    the new snapshot was logged, in its transaction."""
    last = last_snapshot(track=board["track"]["slug"], rotation=board["rotation"]["slug"])
    if last is None or withdrawn(last.board) == withdrawn(board):
        return
    append(
        "correction",
        entries.correction(
            snapshot_sequence=last.sequence, where="rows", new=board["rows"], reason=REASON
        ),
    )


def last_snapshot(*, track: str, rotation: str) -> Snapshot | None:
    found = Snapshot.objects.filter(track=track, rotation=rotation)
    return found.order_by("-sequence").first()


def withdrawn(board: Mapping[str, Any]) -> list[int]:
    """Counts of a snapshot; older ones were made before tasks could be withdrawn."""
    return [board["rotation"].get(name, 0) for name in _COUNTS]


def boards_to_reissue(rotation: Rotation) -> list[Track]:
    """Tracks whose newest snapshot of this rotation shows tasks that count no longer."""
    found = []
    for form in Form.objects.filter(rotation=rotation).select_related("track"):
        last = last_snapshot(track=form.track.slug, rotation=rotation.slug)
        gone = form.entries.filter(withdrawn__isnull=False)
        now = [gone.filter(split=split).count() for split in ("private", "public")]
        if last is not None and withdrawn(last.board) != now:
            found.append(form.track)
    return sorted(found, key=lambda track: track.slug)
