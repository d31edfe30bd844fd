"""Fenced blocks of a Markdown text after CommonMark 4.5, as models write them, in one scan.

Any indentation is allowed (models indent them in lists) and removed from the block's lines; a
fence that never closes gives an open block. Example: ``blocks("a:\\n```go\\nx\\n```")`` is one
block with ``info`` ``go``, ``before`` ``a:`` and the code ``x``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_FENCE = re.compile(r"[ \t]*(`{3,}(?=[^`]*$)|~{3,})(.*)$", re.DOTALL)
_CLOSING = re.compile(r"\s*(?:<[^<>\s]{1,20}>\s*)?")  # some servers leave an end token there


@dataclass(frozen=True, slots=True)
class Block:
    """``info``: what follows the opening fence; ``before``: the last line above that is not blank
    and lies outside every block."""

    info: str
    before: str
    code: str
    closed: bool

    @property
    def tag(self) -> str:
        """The language that the info string names, in small letters; empty when none."""
        words = self.info.strip().strip("{}.").lower().split()
        return re.split(r"[:,{]", words[0])[0].strip("{}.") if words else ""


def blocks(text: str) -> list[Block]:
    """All blocks in order, empty ones too."""
    found: list[Block] = []
    fence, info, indent, before, lines = "", "", "", "", list[str]()
    for line in text.removesuffix("\n").split("\n"):
        was_open, fence = fence, fence_after(fence, line)
        if not was_open and fence:
            indent = line[: len(line) - len(line.lstrip(" \t"))]
            info, lines = line.strip().lstrip("`~"), []
        elif was_open and not fence:
            found.append(Block(info, before, "".join(lines), True))
            before = ""
        elif fence:
            lines.append(line.removeprefix(indent) + "\n")
        elif line.strip():
            before = line
    if fence:
        found.append(Block(info, before, "".join(lines), False))
    return found


def fence_after(fence: str, line: str) -> str:
    """The fence that is open after ``line`` when ``fence`` (or none: empty) was open before."""
    found = _FENCE.match(line)
    if not fence:
        return found[1] if found else ""
    closes = found and found[1].startswith(fence) and _CLOSING.fullmatch(found[2])
    return "" if closes else fence
