"""The contract of a task format: a file or folder of the field's own shape -> TaskSpecs and back.

Example: ``humaneval`` reads ``HumanEval.jsonl.gz`` as it is downloaded; nothing is converted by
hand. A malformed source yields one ``BadInput`` per fault with file:line and a mend, collected in
``SourceFaults``; nothing is returned half. One format is one file here and one line in registry.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from benchserver.core.errors import BadInput, BenchserverError
from benchserver.core.task import TaskSpec


class SourceFaults(BenchserverError):
    """All faults found in one source, each a ``BadInput`` with place and mend."""

    def __init__(self, faults: list[BadInput]):
        self.faults = faults
        super().__init__("\n".join(str(f) for f in faults))


class TaskFormat(Protocol):
    name: str

    def recognises(self, path: Path) -> bool:
        """Cheap look: is this path written in this format?"""
        ...

    def read(self, path: Path) -> list[TaskSpec]:
        """All tasks of the source, in its order. Raises ``SourceFaults``."""
        ...

    def write(self, tasks: Iterable[TaskSpec], path: Path) -> None:
        """Write tasks in this format (public and revealed tasks leave that way)."""
        ...
