"""What one check found, in words a provider can act on.

A finding holds a code, our own sentences and a few figures; never anything the endpoint wrote.
Example: ``Finding(check="key", level=FAULT, code="unauthorized", says="The key is refused.")``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Figure = int | float | str | bool | None


class Level(StrEnum):
    OK = "ok"
    WARNING = "warning"  # admitted, but something will cost the provider points or money
    FAULT = "fault"  # not admitted: an evaluation could only waste hidden tasks


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """``says``: what was seen; ``cause``: why that is likely so; ``mend``: what to do, one
    sentence. ``code`` is stable, ``figures`` are numbers and words of ours."""

    check: str
    level: Level
    code: str
    says: str
    cause: str = ""
    mend: str = ""
    figures: Mapping[str, Figure] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {
            "check": self.check,
            "level": self.level.value,
            "code": self.code,
            "says": self.says,
            "cause": self.cause,
            "mend": self.mend,
            "figures": dict(self.figures),
        }


def fine(check: str, says: str, *, code: str = "ok", **figures: Figure) -> Finding:
    return Finding(check=check, level=Level.OK, code=code, says=says, figures=figures)
