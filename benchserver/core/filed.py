"""Which block of a reply fills which file, when a solution is several files.

A block's label is the first of: a path in its fence's info string; a path in the line above it; a
comment that is nothing but a path, in its first line. A label is one of the task's paths, or its
last part where only one path ends so. Of several blocks for one file the last counts. What is left
over is matched only where it cannot be meant otherwise: one file without a block and one block in
the task's language without a label; or no label at all and as many such blocks as files, in order.
Blocks with other labels (tests, build files) are left out. Example: the line ``**src/a.rs**`` above
a fence labels it. Every step is linear in the reply.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence

from benchserver.core.fences import Block
from benchserver.core.labels import ALIAS_OF

_PATH = re.compile(r"[\w.+/-]{1,200}")
_COMMENT = re.compile(
    r"\s*(?://+|#+|--|;+|/\*+|<!--)\s*(?:file(?:name)?:?\s*)?(\S{1,200})\s*(?:\*/|-->)?\s*$", re.I
)
_LONGEST_LINE = 400


def filed(blocks: Sequence[Block], paths: Sequence[str], *, language: str) -> dict[str, Block]:
    """The block of each path that has one."""
    names = _names(paths)
    labelled: dict[str, Block] = {}
    loose: list[Block] = []
    for block in blocks:
        label = _label(block, names)
        if label in paths:
            labelled[label] = block
        elif not label and ALIAS_OF.get(block.tag, block.tag) in (language, ""):
            loose.append(block)
    missing = [path for path in paths if path not in labelled]
    if len(loose) == len(missing) and (len(loose) == 1 or not labelled):
        labelled |= dict(zip(missing, loose, strict=True))
    return labelled


def _names(paths: Sequence[str]) -> dict[str, str]:
    """What a label may say -> the path it means; a last part that two paths share means none."""
    ends = [posixpath.basename(path) for path in paths]
    short = {end: path for end, path in zip(ends, paths, strict=True) if ends.count(end) == 1}
    return {**short, **{path: path for path in paths}}


def _label(block: Block, names: dict[str, str]) -> str:
    """The path that the block is labelled with, ``?`` when it is another's, empty when none."""
    for line in (block.info, block.before):
        found = [word.strip("./") for word in _PATH.findall(line[:_LONGEST_LINE])]
        known = [names[word] for word in found if word in names]
        if known:
            return known[0]
    comment = _COMMENT.match(block.code.split("\n", 1)[0][:_LONGEST_LINE])
    if comment and comment[1].strip("./`") in names:
        return names[comment[1].strip("./`")]
    return "?" if _other_file(block) else ""


def _other_file(block: Block) -> bool:
    """The line above, or the info string, is just a path or a path in backticks."""
    words = block.info.split()[1:] + re.findall(r"`([^`\s]+)`", block.before[:_LONGEST_LINE])
    return any(re.fullmatch(r"[\w./-]+\.\w{1,8}", word) for word in words)
