"""Rotations and log entries as pages show them: dates in words, order of events checked.

Example: a rotation fixed on 3 November whose first prompt left on the 9th reads ``6 days before
the first prompt``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from benchserver.leaderboard.models import PublishedRotation
from benchserver.ledger.models import Entry
from benchserver.website.board import short_hash
from benchserver.website.figures import clean, clock, count, day, elapsed, percent

MEANINGS = {
    "rotation-commit": "a rotation's tasks, tests and rules, before the first prompt",
    "run-start": "that an evaluation started, whatever became of it",
    "run-commit": "an evaluation's outcomes, before its score was published",
    "snapshot": "a board as it was published",
    "rotation-reveal": "retired tasks, opened against their commitment",
    "form-withdrawal": "how many tasks of a rotation count no longer, and why",
    "outcome-correction": "that an outcome was judged wrongly; which one stays hidden",
    "correction": "what is wrong in an earlier board, and why",
    "void": "an evaluation that counts no longer, and why",
}


@dataclass(frozen=True, slots=True)
class RotationView:
    name: str
    pool: str
    state: str
    open: bool
    window: str
    window_long: str
    hidden: int
    public: int
    started: int
    complete: int
    root: str
    committed: str
    committed_long: str
    first_send: str
    ahead: str
    late: bool
    log_index: int
    after_entry: int


@dataclass(frozen=True, slots=True)
class EntryView:
    index: int
    kind: str
    meaning: str
    at: str
    leaf: str


@dataclass(frozen=True, slots=True)
class ExposureLine:
    owner: str
    tasks: str
    share: str
    samples: str
    sends: str


@dataclass(frozen=True, slots=True)
class ExposureView:
    """``gini``: empty while nobody was sent anything."""

    lines: list[ExposureLine]
    gini: str
    words: str


def rotation_view(found: PublishedRotation) -> RotationView:
    opens, closes = found.opens_at.isoformat(), found.closes_at.isoformat()
    committed, sent = found.committed_at, found.first_send_at
    return RotationView(
        name=found.name,
        pool=found.pool,
        state=found.state,
        open=found.state == "open",
        window=f"{day(opens)} to {day(closes)}",
        window_long=f"{clock(opens)} to {clock(closes)}",
        hidden=found.private_tasks,
        public=found.public_tasks,
        started=found.evaluations_started,
        complete=found.evaluations_complete,
        root=found.root,
        committed=day(committed.isoformat()),
        committed_long=clock(committed.isoformat()),
        first_send=clock(sent.isoformat()) if sent else "none so far",
        ahead=_ahead(found),
        late=sent is not None and sent < committed,
        log_index=found.log_index,
        after_entry=found.log_index + 1,
    )


def entry_view(entry: Entry) -> EntryView:
    return EntryView(
        index=entry.index,
        kind=entry.kind,
        meaning=MEANINGS.get(entry.kind, "of a kind this page does not know"),
        at=clock(entry.at.isoformat()),
        leaf=short_hash(entry.leaf_hash),
    )


def exposure_view(member: dict[str, Any] | None) -> ExposureView | None:
    """A snapshot's member ``exposure``; None in snapshots from before there was one."""
    if member is None:
        return None
    gini = member["gini_e4"]
    return ExposureView(
        lines=[
            ExposureLine(
                owner=clean(line["owner"]),
                tasks=count(line["tasks"]),
                share=percent(line["share_e4"]),
                samples=count(line["samples"]),
                sends=count(line["sends"]),
            )
            for line in member["groups"]
        ],
        gini="" if gini is None else f"{gini / 10_000:.2f}",
        words=clean(member["forecast"]["words"]),
    )


def entries_phrase(size: int) -> str:
    return "1 entry" if size == 1 else f"{count(size)} entries"


def _ahead(found: PublishedRotation) -> str:
    if found.first_send_at is None:
        return ""
    seconds = int((found.first_send_at - found.committed_at).total_seconds())
    side = "before" if seconds >= 0 else "after"
    return f"{elapsed(abs(seconds))} {side} the first prompt"
