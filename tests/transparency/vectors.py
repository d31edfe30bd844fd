"""The known answers of ``vectors/transparency.json``, for the tests beside this file."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from tests.shared_data import shared


@cache
def _load(path: str) -> Any:
    with open(path, encoding="utf-8") as handle:
        return json.load(handle)


def vectors() -> Any:
    """All known answers; skips the test where the file is absent."""
    return _load(str(shared("vectors/transparency.json")))


def log_entries() -> list[bytes]:
    return [entry.encode() for entry in vectors()["log"]["entries"]]
