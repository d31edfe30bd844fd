"""A worker of the simulation: one errand at a time, which it may not survive.

Example: a worker whose ``serial`` has grown was killed meanwhile: what was under way for the
earlier errand reaches nobody.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from benchserver.console.simulation.endpoint import Call, MockEndpoint
from benchserver.core.engine import work

Errand = Generator[work.Effect, work.Result, object]


@dataclass(slots=True, eq=False)
class Worker:
    name: str
    errand: Errand | None = None
    serial: int = 0  # of its errands: an event for an earlier one is nobody's
    frozen_until: float = 0.0
    dead_until: float = 0.0
    call: Call | None = None
    at: MockEndpoint | None = None
    step: str = ""
    target: str = ""

    @property
    def label(self) -> str:
        return f"{self.name}:{self.serial}"
