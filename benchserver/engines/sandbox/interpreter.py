"""Which Python runs inside a box, and which host folders it needs read-only.

The first interpreter that the box's user can reach wins: the system's own before the one that
runs this program. Example: ``/usr/bin/python3`` with a read-only ``/usr``; an interpreter below
a private home is refused with the line that mends it (D21).
"""

from __future__ import annotations

import os
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

from benchserver.core.errors import MissingPart


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """``path`` inside the box; ``folders`` to bind read-only beyond ``/usr``."""

    path: str
    folders: tuple[str, ...] = ()


def find_interpreter(*, anyone: bool) -> Interpreter:
    """The box's Python. ``anyone``: the box runs as a foreign uid, so paths must be public.

    Raises ``MissingPart`` when no interpreter can be reached.
    """
    for path in ("/usr/bin/python3", "/usr/local/bin/python3"):
        if os.access(path, os.X_OK):
            return Interpreter(path=path)
    prefix = Path(sys.base_prefix)
    path = str(prefix / "bin" / f"python{sys.version_info[0]}.{sys.version_info[1]}")
    if os.access(path, os.X_OK) and (not anyone or reachable_by_anyone(path)):
        return Interpreter(path=path, folders=(str(prefix),))
    raise MissingPart(
        "no Python that the sandbox's user can reach",
        mend="Install the system's python3 (/usr/bin/python3), or a Python outside private homes",
    )


def reachable_by_anyone(path: str) -> bool:
    """Whether a foreign uid may walk to ``path`` and execute it."""
    resolved = Path(path).resolve()
    parts = [resolved, *resolved.parents]
    try:
        return all(part.stat().st_mode & stat.S_IXOTH for part in parts)
    except OSError:
        return False
