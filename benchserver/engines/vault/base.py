"""The contract of the vault: who can seal, who can open, and what a sealed field is bound to.

Everyone may seal (public halves); opening needs a private half that only the workers of that
*right* hold. Example: the web process seals an API key for GENERATE and cannot read it back.
A field is bound (AEAD associated data) to its row, name, revision and data key, so a database
writer cannot move a ciphertext to another row unnoticed.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from benchserver.core.errors import PlatformFault


class Right(StrEnum):
    """Two key pairs by right (D5). GENERATE: prompts, endpoint keys. EXECUTE: tests, replies."""

    GENERATE = "generate"
    EXECUTE = "execute"


class CannotOpen(PlatformFault):
    """Wrong key, moved or altered ciphertext, or no private half in this process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a sealed field is bound to: table, row id, field name and revision."""

    table: str
    row: str
    field: str
    revision: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class WrappedKey:
    """A data key sealed to a right's public half; safe to store. Deleting it shreds the data."""

    id: str  # hex, random
    right: Right
    key_id: str  # which key pair wrapped it
    wrapped: bytes


class Sealer(Protocol):
    """The public half: makes data keys and seals fields; can open nothing it did not just make."""

    def seal(
        self, right: Right, fields: dict[Context, bytes]
    ) -> tuple[WrappedKey, dict[Context, bytes]]:
        """Seal several fields under one fresh data key."""
        ...


class Opener(Protocol):
    """The private half of the rights this process holds."""

    def open(self, key: WrappedKey, context: Context, sealed: bytes) -> bytes:
        """Raises ``CannotOpen``."""
        ...
