"""What the public tables hold, as the pages ask for it: reads of leaderboard and ledger only.

Example: ``current("python")`` is the newest snapshot of the track's newest rotation, even when an
older rotation was corrected later.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any

from django.db.models import Max

from benchserver.leaderboard.models import PublishedRotation, PublishedTask, Snapshot
from benchserver.ledger.models import Checkpoint, Entry
from benchserver.transparency.bundle import Tree


def publication() -> Hashable:
    """Changes whenever anything public does; four short queries."""
    rotations = PublishedRotation.objects.values_list(
        "name", "state", "first_send_at", "evaluations_started", "evaluations_complete"
    )
    return (
        Snapshot.objects.aggregate(last=Max("sequence"))["last"],
        Checkpoint.objects.aggregate(last=Max("size"))["last"],
        Entry.objects.aggregate(last=Max("index"))["last"],
        tuple(rotations),
    )


def snapshot(track: str, rotation: str = "") -> Snapshot | None:
    """The newest snapshot of a track in that rotation; without one, in its newest rotation."""
    found = Snapshot.objects.filter(track=track)
    name = rotation or newest_rotation(track)
    return found.filter(rotation=name).order_by("-sequence").first()


def newest_rotation(track: str) -> str:
    names = rotations_of(track)
    return names[0] if names else ""


def rotations_of(track: str) -> list[str]:
    """The rotations a track has boards for, newest window first."""
    last = dict(
        Snapshot.objects.filter(track=track)
        .order_by()
        .values_list("rotation")
        .annotate(last=Max("sequence"))
    )
    opened = dict(PublishedRotation.objects.filter(name__in=last).values_list("name", "opens_at"))

    def age(name: str) -> tuple[bool, float, int]:
        at = opened.get(name)
        return (at is not None, at.timestamp() if at else 0.0, last[name])

    return sorted(last, key=age, reverse=True)


def boards() -> list[Snapshot]:
    """The current snapshot of every track, by the track's slug."""
    tracks = Snapshot.objects.order_by("track").values_list("track", flat=True).distinct()
    return [found for track in tracks if (found := snapshot(track))]


def latest_of_each_board() -> list[Snapshot]:
    """The newest snapshot of every (track, rotation), newest first."""
    last = Snapshot.objects.order_by().values("track", "rotation").annotate(last=Max("sequence"))
    return list(Snapshot.objects.filter(sequence__in=[each["last"] for each in last]))


def model_results(slug: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """(body, row or unranked entry) of every board that names the model, newest board first."""
    found = []
    for board in (each.board for each in latest_of_each_board()):
        for row in (*board["rows"], *board["unranked"]):
            if row["model"]["slug"] == slug:
                found.append((board, row))
    return found


def models() -> list[dict[str, Any]]:
    """Every model that any current board names, by owner and name; the newest facts count."""
    known: dict[str, dict[str, Any]] = {}
    for board in (each.board for each in latest_of_each_board()):
        for row in (*board["rows"], *board["unranked"]):
            known.setdefault(row["model"]["slug"], row["model"])
    return sorted(known.values(), key=lambda m: (m["owner"], m["name"], m["version"]))


def rotations() -> list[PublishedRotation]:
    return list(PublishedRotation.objects.all())


def public_tasks() -> Iterator[PublishedTask]:
    return PublishedTask.objects.order_by("name").iterator(chunk_size=100)


def checkpoint() -> Checkpoint | None:
    return Checkpoint.objects.order_by("-size").first()


def entries(*, start: int, limit: int) -> list[Entry]:
    """Log entries from index ``start`` on, in order."""
    return list(Entry.objects.filter(index__gte=start).order_by("index")[:limit])


def entries_before(index: int, limit: int) -> list[Entry]:
    """The newest entries with a smaller index, newest first."""
    return list(Entry.objects.filter(index__lt=index).order_by("-index")[:limit])


def entry_text(entry: Entry) -> str:
    """The exact bytes that were hashed, as text: canonical JSON is UTF-8."""
    return bytes(entry.body).decode()


def covered(size: int) -> list[bytes]:
    """The bodies of the entries that a checkpoint of this size covers, in order."""
    bodies = Entry.objects.filter(index__lt=size).order_by("index").values_list("body", flat=True)
    return [bytes(body) for body in bodies.iterator(chunk_size=1000)]


def earlier_checkpoints(size: int) -> list[str]:
    return list(
        Checkpoint.objects.filter(size__lt=size).order_by("size").values_list("note", flat=True)
    )


def committed_trees(size: int) -> list[Tree]:
    """The public leaves under every rotation's root that the log of ``size`` entries holds."""
    rotations = PublishedRotation.objects.filter(log_index__lt=size).order_by("log_index")
    return [
        Tree(row.name, tuple(leaf.encode() for leaf in row.leaves))
        for row in rotations
        if row.leaves
    ]


def boards_of_rotation(name: str) -> list[Snapshot]:
    return sorted(
        (each for each in latest_of_each_board() if each.rotation == name), key=lambda s: s.track
    )
