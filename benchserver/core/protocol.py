"""How a track is run: the same conditions for every model, or no ranking (D18).

A ``Protocol`` is immutable and hashed into the rotation's commitment. Example: K = 5 samples at
temperature 0.8 with template 1 and extraction 1; changing any of them makes another board.
Decimals are text, because committed records hold no floats.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from benchserver.core.errors import BadInput
from benchserver.core.extraction import EXTRACTION_VERSION
from benchserver.core.prompting import TEMPLATE_VERSION

_DECIMAL = re.compile(r"\d+(?:\.\d+)?")


_HIGHEST = {"samples": 100, "max_tokens": 1_000_000, "deadline_seconds": 3600}


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    samples: int = 5
    temperature: str = "0.8"
    top_p: str = "0.95"
    max_tokens: int = 8192
    deadline_seconds: int = 300
    template: str = TEMPLATE_VERSION
    extraction: str = EXTRACTION_VERSION

    def to_payload(self) -> dict[str, Any]:
        return asdict(self)

    def require_runnable(self) -> None:
        """Raises ``BadInput`` for values no run could honour: a new board asks this first.

        Stored boards are not asked: what was committed to stays readable for ever.
        """
        for name, highest in _HIGHEST.items():
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= highest:
                raise BadInput(f"{name} is a whole number from 1 to {highest}", place=name)
        for name, top in (("temperature", 2), ("top_p", 1)):
            if not _is_decimal(getattr(self, name), top):
                raise BadInput(f"{name} is a decimal from 0 to {top} as text, or empty", place=name)
        for name, known in self.rules_gone().items():
            raise BadInput(
                f"{name} {getattr(self, name)!r} is not here", place=name, mend=f"Use {known!r}."
            )

    def rules_gone(self) -> dict[str, str]:
        """The rules it names that this program no longer has, each with the one it has now: a run
        could then not be what was committed to. Empty: all are here."""
        here = {"template": TEMPLATE_VERSION, "extraction": EXTRACTION_VERSION}
        return {name: known for name, known in here.items() if getattr(self, name) != known}

    @property
    def digest(self) -> str:
        """SHA-256 over sorted, compact JSON (RFC 8785 for this ASCII, float-free record)."""
        text = json.dumps(self.to_payload(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def _is_decimal(text: Any, top: int) -> bool:
    if text == "":  # left to the model: reasoning models refuse the field
        return True
    return isinstance(text, str) and bool(_DECIMAL.fullmatch(text)) and float(text) <= top


def from_payload(payload: Mapping[str, Any]) -> Protocol:
    return Protocol(**payload)
