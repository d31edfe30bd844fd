"""No file names a machine: no folder of one computer, no host of a package registry."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs import markdown
from tests.docs.markdown import ROOT

# Written in pieces, so that this file is not what it looks for.
MACHINE_PATHS = [
    re.compile(rf"(?<![\w.<])/{name}/\w")
    for name in ("w" + "ork", "ho" + "me", "Us" + "ers", "work" + "space")
]
REGISTRIES = [
    re.compile(host, re.I)
    for host in (
        r"pypi\." + "org",
        "python" + r"hosted\.org",
        r"registry\." + "npmjs",
        "arti" + "factory",
    )
]
INDEX_OPTIONS = re.compile(
    r"^\s*(--index-url|--extra-index-url|-i|--find-links|--trusted-host)\b", re.M
)


def texts() -> list[tuple[Path, str]]:
    found = []
    for path in markdown.tracked():
        data = path.read_bytes()
        if b"\0" not in data:
            found.append((path, data.decode(errors="replace")))
    return found


@pytest.mark.parametrize("patterns", [MACHINE_PATHS, REGISTRIES], ids=["paths", "registries"])
def test_no_text_names_a_machine_or_a_registry(patterns: list[re.Pattern[str]]):
    found = [
        f"{path.relative_to(ROOT)}:{text.count(chr(10), 0, match.start()) + 1}"
        for path, text in texts()
        for pattern in patterns
        for match in pattern.finditer(text)
    ]
    assert found == []


def test_the_locks_name_no_index():
    for lock in ROOT.glob("requirements*.lock"):
        assert not INDEX_OPTIONS.search(lock.read_text()), lock.name


def test_the_patterns_would_find_what_they_look_for():
    assert any(p.search("see /wo" + "rk/main/x") for p in MACHINE_PATHS)
    assert any(p.search("https://PyPI" + ".org/simple") for p in REGISTRIES)
    assert not any(p.search("frame/work/flow and network/x") for p in MACHINE_PATHS)
