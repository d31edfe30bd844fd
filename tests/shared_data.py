"""Where the real inputs lie: beside the project in ``../shared/data``, or nowhere.

Tests that read them call ``shared("humaneval/HumanEval.jsonl.gz")``; on a machine without that
folder they are skipped with this reason, never passed.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(os.environ.get("BENCHSERVER_SHARED", Path(__file__).parents[2] / "shared")) / "data"


def shared(path: str) -> Path:
    """The real input at ``path`` below the shared data; skips the test when it is absent."""
    found = ROOT / path
    if not found.exists():
        pytest.skip(f"real input {path} is not on this machine (looked beside the project)")
    return found
