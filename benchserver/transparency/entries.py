"""What the log says: nine kinds of entry, each a line of canonical JSON, and their order.

Example: ``run_commit`` binds a run's outcomes before its score is published. The order anybody
can check is rotation-commit, run-start, run-commit, snapshot: tasks were fixed before the first
run, outcomes before the first score. Entries hold ids, counts and hashes, never content.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from benchserver.core.errors import BadInput
from benchserver.transparency.canonical import canonical, parse_canonical

FIRST_PREV = "0" * 64


def rotation_commit(
    *,
    rotation: str,
    root: bytes,
    tasks: int,
    rules: Mapping[str, Any],
    judge_image: str,
    opens: datetime,
    closes: datetime,
    pool: str = "",
    sandbox_images: Mapping[str, str] | None = None,
) -> bytes:
    """Before the first prompt leaves: the pool tree and everything that decides a score.

    ``sandbox_images``: toolchain -> digest of the images that programs run in, if in images.

    ``rules``: protocol, limits, policy numbers; only their hash is logged (``rules_sha256``).
    """
    return _entry(
        "rotation-commit",
        r=rotation,
        root=root.hex(),
        n=tasks,
        rules_sha256=hashlib.sha256(canonical(rules)).hexdigest(),
        judge_image=judge_image,
        active_from=_moment(opens),
        active_until=_moment(closes),
        **_given(pool=pool),
        **({"sandbox_images": dict(sandbox_images)} if sandbox_images else {}),
    )


def run_start(*, run: str, rotation: str, model: str, attempt: int, track: str = "") -> bytes:
    """Every run that starts, published later or not; ``attempt`` counts the model's runs."""
    return _entry(
        "run-start", run=run, r=rotation, model=model, attempt=attempt, **_given(track=track)
    )


def run_commit(*, run: str, rotation: str, model: str, root: bytes, outcomes: int) -> bytes:
    """At a run's end: the root over its salted outcomes."""
    return _entry("run-commit", run=run, r=rotation, model=model, root=root.hex(), n=outcomes)


def snapshot(
    *,
    sequence: int,
    prev: str,
    rotation: str,
    as_of: datetime,
    rows: Sequence[Mapping[str, Any]],
    min_cell: int,
    track: str = "",
) -> bytes:
    """A published board. ``prev``: ``entry_hash`` of the snapshot before, of any track, or
    ``FIRST_PREV``; every row names its ``run``.
    """
    if any(not isinstance(row.get("run"), str) for row in rows):
        raise BadInput("every row of a snapshot names its run", place="snapshot.rows")
    return _entry(
        "snapshot",
        seq=sequence,
        prev=prev,
        rot=rotation,
        as_of=_moment(as_of),
        rows=[dict(row) for row in rows],
        min_cell=min_cell,
        **_given(track=track),
    )


def rotation_reveal(*, rotation: str, reveal: Mapping[str, Any]) -> bytes:
    """After retirement: binds the document that opens the commitments (``reveal_document``)."""
    digest = hashlib.sha256(canonical(reveal)).hexdigest()
    return _entry("rotation-reveal", r=rotation, reveal_sha256=digest)


def correction(*, snapshot_sequence: int, where: str, new: Any, reason: str) -> bytes:
    """An old snapshot stays as it is; this says what is wrong in it and why."""
    digest = hashlib.sha256(canonical(new)).hexdigest()
    return _entry(
        "correction", ref_seq=snapshot_sequence, field=where, new_sha256=digest, reason=reason
    )


def form_withdrawal(
    *, rotation: str, track: str, withdrawn: int, standing: int, reason: str
) -> bytes:
    """Tasks of a committed rotation that count no longer on one board: how many, not which."""
    return _entry(
        "form-withdrawal", r=rotation, track=track, n=withdrawn, standing=standing, reason=reason
    )


def outcome_correction(*, run: str, rotation: str, commitment: bytes, ground: str) -> bytes:
    """One outcome of a committed run was judged wrongly; ``commitment``: to the right one, salted,
    so that a reveal can show which it was and nobody can guess it before."""
    return _entry("outcome-correction", run=run, r=rotation, c=commitment.hex(), ground=ground)


def void(*, run: str, rotation: str, reason: str) -> bytes:
    """A run that counts no longer; no later snapshot may show it."""
    return _entry("void", run=run, r=rotation, reason=reason)


def reveal_document(
    *, rotation: str, tasks: Iterable[tuple[int, bytes, Mapping[str, Any]]]
) -> dict[str, Any]:
    """{"r", "tasks": [{"i", "payload", "salt"}]} from (index, salt, payload), by index."""
    opened = [{"i": i, "salt": salt.hex(), "payload": dict(p)} for i, salt, p in tasks]
    return {"r": rotation, "tasks": sorted(opened, key=lambda task: int(task["i"]))}


def entry_hash(entry: bytes) -> str:
    """SHA-256 of the entry's bytes in hex: what ``prev`` of the next snapshot holds."""
    return hashlib.sha256(entry).hexdigest()


@dataclass(slots=True)
class _Log:
    """What has been seen so far, and what was wrong with it."""

    rotations: set[str] = field(default_factory=set)
    started: dict[str, tuple[str, str]] = field(default_factory=dict)  # run -> rotation, model
    committed: dict[str, str] = field(default_factory=dict)  # run -> root of its outcomes
    voided: set[str] = field(default_factory=set)
    snapshots: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def check_order(entries: Sequence[bytes]) -> list[str]:
    """What is out of order in a whole log, one phrase per fault naming the entry; empty: fine.

    Kinds this version does not know are skipped, so that old verifiers read newer logs.
    """
    log = _Log()
    for index, raw in enumerate(entries):
        try:
            entry = parse_canonical(raw)
            fault = _step(log, entry, entry_hash(raw))
        except (BadInput, KeyError, TypeError, AttributeError):
            fault = "malformed"
        if fault:
            log.problems.append(f"entry {index}: {fault}")
    return log.problems


def _step(log: _Log, entry: Mapping[str, Any], digest: str) -> str:
    match entry["t"]:
        case "rotation-commit":
            known = entry["r"] in log.rotations
            log.rotations.add(entry["r"])
            return "rotation committed twice" if known else ""
        case "run-start":
            return _start(log, entry["run"], entry["r"], entry["model"])
        case "run-commit":
            return _commit_run(log, entry["run"], (entry["r"], entry["model"]), entry["root"])
        case "snapshot":
            return _publish(log, entry, digest)
        case "correction":
            known = entry["ref_seq"] in range(len(log.snapshots))
            return "" if known else "correction of an unknown snapshot"
        case "void":
            log.voided.add(entry["run"])
            return "" if entry["run"] in log.started else "void of a run that never started"
        case "outcome-correction":
            known = entry["run"] in log.committed
            return "" if known else "correction of a run that committed no outcomes"
        case "form-withdrawal":
            known = entry["r"] in log.rotations
            return "" if known else "withdrawal of an unknown rotation"
        case "rotation-reveal":
            return "" if entry["r"] in log.rotations else "reveal of an unknown rotation"
    return ""


def _start(log: _Log, run: str, rotation: str, model: str) -> str:
    twice = run in log.started
    log.started.setdefault(run, (rotation, model))
    if twice:
        return "run started twice"
    return "" if rotation in log.rotations else "run started before its rotation was committed"


def _commit_run(log: _Log, run: str, start: tuple[str, str], root: str) -> str:
    twice = run in log.committed
    log.committed.setdefault(run, root)
    if twice:
        return "run committed twice"
    if log.started.get(run) != start:
        return "run committed without its start"
    return ""


def _publish(log: _Log, entry: Mapping[str, Any], digest: str) -> str:
    prev, sequence = (log.snapshots or [FIRST_PREV])[-1], len(log.snapshots)
    log.snapshots.append(digest)
    if (entry["prev"], entry["seq"]) != (prev, sequence):
        return "snapshot does not follow the one before"
    for row in entry["rows"]:
        if row["run"] not in log.committed:
            return "snapshot shows a run before its outcomes were committed"
        if row["run"] in log.voided:
            return "snapshot shows a void run"
        if row.get("outcomes_root", log.committed[row["run"]]) != log.committed[row["run"]]:
            return "snapshot names other outcomes than its run committed"
    return ""


def _entry(kind: str, **fields: Any) -> bytes:
    return canonical({"t": kind, "v": 1, **fields})


def _given(**optional: str) -> dict[str, str]:
    return {name: value for name, value in optional.items() if value}


def _moment(moment: datetime) -> str:
    """RFC 3339 in UTC to the second. Raises ``BadInput`` without a time zone."""
    if moment.utcoffset() is None:
        raise BadInput("a time without a zone is no moment", place="entry")
    whole = moment.astimezone(UTC) - timedelta(microseconds=moment.microsecond)
    return whole.isoformat().replace("+00:00", "Z")
