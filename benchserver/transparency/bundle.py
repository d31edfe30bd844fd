"""The one file an outsider needs: everything ``verify.py`` checks, as plain JSON.

Example: the site serves it at ``/api/v1/transparency/bundle.json``; whoever saved an older one
can see that today's log only grew. docs/transparency.md describes each field.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchserver.transparency.canonical import parse_canonical
from benchserver.transparency.notes import VerifierKey, open_checkpoint


@dataclass(frozen=True, slots=True)
class Tree:
    """Public leaf entries under one committed root; ``name``: the rotation, or the run."""

    name: str
    leaves: tuple[bytes, ...]


def make_bundle(
    *,
    key: VerifierKey,
    checkpoint: str,
    entries: Sequence[bytes],
    earlier: Iterable[str] = (),
    pools: Iterable[Tree] = (),
    outcomes: Iterable[Tree] = (),
    reveals: Iterable[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """The bundle as JSON-able data. Nothing secret goes in: only entries, leaves and reveals.

    ``earlier``: older signed checkpoints; ``reveals``: documents of ``entries.reveal_document``.
    Raises ``BadInput`` when a checkpoint is not signed by the key or an entry is malformed.
    """
    decoded = [parse_canonical(entry) for entry in entries]
    return {
        "origin": key.name,
        "verifier_key": str(key),
        "checkpoint": _genuine(checkpoint, key),
        "entries": [_b64(entry) for entry in entries],
        "snapshots": [entry for entry in decoded if entry["t"] == "snapshot"],
        "checkpoints": [_genuine(note, key) for note in earlier],
        "pools": [{"r": t.name, "leaves": [_b64(x) for x in t.leaves]} for t in pools],
        "outcomes": [{"run": t.name, "leaves": [_b64(x) for x in t.leaves]} for t in outcomes],
        "reveals": [dict(reveal) for reveal in reveals],
    }


def _genuine(note: str, key: VerifierKey) -> str:
    open_checkpoint(note, key)
    return note


def _b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
