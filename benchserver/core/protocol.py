"""How a track is run: the same conditions for every model, or no ranking (D18).

A ``Protocol`` is immutable and hashed into the rotation's commitment. Example: K = 5 samples at
temperature 0.8 with template 1 and extraction 1; changing any of them makes another board.
Decimals are text, because committed records hold no floats.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    samples: int = 5
    temperature: str = "0.8"
    top_p: str = "0.95"
    max_tokens: int = 8192
    deadline_seconds: int = 300
    template: str = "1"
    extraction: str = "1"

    def to_payload(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def digest(self) -> str:
        """SHA-256 over sorted, compact JSON (RFC 8785 for this ASCII, float-free record)."""
        text = json.dumps(self.to_payload(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def from_payload(payload: Mapping[str, Any]) -> Protocol:
    return Protocol(**payload)
