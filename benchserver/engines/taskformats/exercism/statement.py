"""The statement of an exercise: its instructions, then the files to write as they are given.

One layout in both directions, so that a written exercise reads back the same. Example: the text
ends with the heading below, the path ``bowling.py`` in backticks and the stub in a fence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from benchserver.core.prompting import fenced

_HEADING = "\n\n## Files to write\n"
_FILE = re.compile(r"^`([^`\n]+)`:\n\n(`{3,})[^\n`]*\n(.*?)\n\2$", re.M | re.S)


def compose(instructions: str, stubs: Mapping[str, str], *, language: str) -> str:
    parts = [f"`{path}`:\n\n{fenced(text, language)}" for path, text in stubs.items()]
    return instructions.strip() + _HEADING + "".join(f"\n{part}\n" for part in parts)


def take_apart(statement: str) -> tuple[str, dict[str, str]] | None:
    """Instructions and stubs of a composed statement, or None when it is none."""
    instructions, heading, rest = statement.rpartition(_HEADING)
    if not heading:
        return None
    return instructions, {path: f"{text}\n" for path, _, text in _FILE.findall(rest)}
