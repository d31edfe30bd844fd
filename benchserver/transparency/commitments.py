"""Promises that can be checked later: what a task or an outcome was, shown only at reveal.

A commitment is SHA-256(label || salt || SHA-256(JCS(content))). Example: an outcome has so few
possible contents that 1,000 guesses find it without a salt; the fresh 32-byte salt, kept secret
until the reveal, makes guessing hopeless. The label keeps a task's commitment from passing as an
outcome's (reliability note, section 4).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from benchserver.core.errors import BadInput
from benchserver.transparency.canonical import canonical, parse_canonical
from benchserver.transparency.merkle import leaf_hashes, tree_root

TASK_LABEL = b"pbs-task-commit-v1\n"
OUTCOME_LABEL = b"pbs-outcome-commit-v1\n"
SALT_BYTES = 32


def new_salt() -> bytes:
    """A fresh salt; one per task, never used twice, secret until the reveal."""
    return secrets.token_bytes(SALT_BYTES)


def task_commitment(salt: bytes, payload: Mapping[str, Any]) -> bytes:
    """32 bytes. ``payload``: ``core.payload.to_payload``. Raises ``BadInput`` on a wrong salt."""
    return _commit(TASK_LABEL, salt, payload)


def outcome_commitment(salt: bytes, outcome: Mapping[str, Any]) -> bytes:
    return _commit(OUTCOME_LABEL, salt, outcome)


def task_leaf(commitment: bytes, *, index: int, rotation: str) -> bytes:
    """The public leaf entry of a pool tree: nothing in it says what the task is about."""
    return _leaf(commitment, {"i": index, "r": rotation, "t": "task-commit"})


def outcome_leaf(commitment: bytes, *, index: int, run: str) -> bytes:
    return _leaf(commitment, {"i": index, "run": run, "t": "outcome-commit"})


def root_of(leaf_entries: Sequence[bytes]) -> bytes:
    """The root of a pool or outcome tree over its leaf entries, in index order."""
    return tree_root(leaf_hashes(leaf_entries))


def reveals_task(leaf_entry: bytes, salt: bytes, payload: Mapping[str, Any]) -> bool:
    """Whether this content and salt are what the leaf promised."""
    return _reveals(leaf_entry, "task-commit", TASK_LABEL, salt, payload)


def reveals_outcome(leaf_entry: bytes, salt: bytes, outcome: Mapping[str, Any]) -> bool:
    return _reveals(leaf_entry, "outcome-commit", OUTCOME_LABEL, salt, outcome)


def _commit(label: bytes, salt: bytes, content: Mapping[str, Any]) -> bytes:
    if len(salt) != SALT_BYTES:
        raise BadInput(f"a salt has {SALT_BYTES} bytes", place="salt")
    return hashlib.sha256(label + salt + hashlib.sha256(canonical(content)).digest()).digest()


def _leaf(commitment: bytes, fields: Mapping[str, Any]) -> bytes:
    return canonical({"c": commitment.hex(), "v": 1, **fields})


def _reveals(
    leaf_entry: bytes, kind: str, label: bytes, salt: bytes, content: Mapping[str, Any]
) -> bool:
    try:
        leaf = parse_canonical(leaf_entry)
        promised = leaf["c"] if isinstance(leaf, dict) and leaf.get("t") == kind else None
        commitment = _commit(label, salt, content).hex()
    except (BadInput, KeyError):
        return False
    return isinstance(promised, str) and hmac.compare_digest(promised.encode(), commitment.encode())
