"""One solution, one text: also when it is several files.

A reply, a reference or a sample is always one string, so that it is sealed, hashed and stored in
one way. Several files are the JSON object of their texts. Example:
``join({"a.h": "int f();", "a.cpp": "int f() { return 1; }"})`` and back by ``split``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from benchserver.core.errors import BadInput

_LONGEST_PATH = 200
_MOST_FILES = 200


def join(files: Mapping[str, str]) -> str:
    """The one text of several files, the same for the same files in any order."""
    return json.dumps(dict(sorted(files.items())), ensure_ascii=False)


def split(text: str) -> dict[str, str]:
    """The files of ``text``. Raises ``BadInput`` on another form or an unsafe path."""
    try:
        files = json.loads(text)
    except (ValueError, RecursionError):
        raise _bad("it is not a JSON object") from None
    if not isinstance(files, dict) or not 0 < len(files) <= _MOST_FILES:
        raise _bad(f"it must hold 1 to {_MOST_FILES} files")
    for path, content in files.items():
        if not isinstance(content, str):
            raise _bad("a file is not a text")
        if not is_inner_path(path):
            raise _bad("a path leaves the solution")
    return files


def is_inner_path(path: str) -> bool:
    """Whether ``path`` is a plain relative path that stays inside: ``src/a.rs``, not ``../a``."""
    if not 0 < len(path) <= _LONGEST_PATH or "\\" in path:
        return False
    if not path.isprintable() or ":" in path:
        return False
    return all(part not in ("", ".", "..") for part in path.split("/"))


def _bad(problem: str) -> BadInput:
    mend = "Give an object of path and text, as core/solution.py writes it."
    return BadInput(problem, place="solution", mend=mend)
