"""What the tests of the documents read from Markdown: fences, links, headings and their anchors.

Example: ``anchors("# A, b\\n## A, b")`` is ``{"a-b", "a-b-1"}``, as code hosts make them.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(r"^```(?P<language>[a-z]*)[^\n]*\n(?P<body>.*?)^```\s*$", re.M | re.S)
_HEADING = re.compile(r"^#{1,6} +(.+?) *#* *$", re.M)
_LINK = re.compile(r"\[(?:[^\[\]]|\[[^\]]*\])*\]\(<?([^)\s>]+)>?(?: \"[^\"]*\")?\)")
_ATTRIBUTE = re.compile(r"<(?:img|source|a)\b[^>]*?\b(?:src|srcset|href)=\"([^\"]+)\"")


def tracked() -> list[Path]:
    """What git tracks, plus what lies in the tree and is not ignored (a file about to be added)."""
    command = ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z", "-co", "--exclude-standard"]
    try:
        answer = subprocess.run(command, cwd=ROOT, capture_output=True)
    except OSError:
        answer = None
    if answer is None or answer.returncode != 0:  # a copy without its history
        return [path for path in ROOT.rglob("*") if path.is_file() and _kept(path)]
    names = [name.decode() for name in answer.stdout.split(b"\0") if name]
    return [ROOT / name for name in names if (ROOT / name).is_file()]


def _kept(path: Path) -> bool:
    parts = path.relative_to(ROOT).parts
    return not any(part.startswith(".") and part != ".ci" for part in parts[:-1])


def pages() -> list[Path]:
    """Every Markdown page, task statements aside: those are content."""
    example = ROOT / "tasks_private" / "example"
    return [p for p in tracked() if p.suffix == ".md" and example not in p.parents]


def fences(text: str, *, language: str) -> Iterator[str]:
    """Bodies of the code blocks of one language."""
    for found in _FENCE.finditer(text):
        if found["language"] == language:
            yield found["body"]


def prose(text: str) -> str:
    """The text without code blocks and code spans, where brackets mean something else."""
    return re.sub(r"`[^`\n]+`", "", _FENCE.sub("", text))


def headings(text: str) -> list[str]:
    return _HEADING.findall(_FENCE.sub("", text))


def anchors(text: str) -> set[str]:
    """The names a heading can be linked by."""
    found: set[str] = set()
    for heading in headings(text):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        slug = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        count = 0
        while (name := f"{slug}-{count}" if count else slug) in found:
            count += 1
        found.add(name)
    return found


def links(text: str) -> list[str]:
    """Targets of links and pictures, HTML ones too."""
    plain = prose(text)
    return _LINK.findall(plain) + _ATTRIBUTE.findall(plain)
