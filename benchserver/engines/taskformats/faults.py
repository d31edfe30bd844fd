"""Collect every fault of a source before saying no once.

An author who mended one line should not learn of the next only on the second try. Example: a
pool with a misspelt key in one folder and a missing ``07.out`` in another raises one
``SourceFaults`` that names both files. A fault names places and keys, never task text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchserver.core.errors import BadInput
from benchserver.engines.taskformats.base import SourceFaults


class Faults:
    """The faults found so far in one source."""

    def __init__(self) -> None:
        self.found: list[BadInput] = []

    def add(self, problem: str, *, place: str, mend: str) -> None:
        self.found.append(BadInput(problem, place=place, mend=mend, code="bad_task_source"))

    def stop_if_any(self) -> None:
        """Raise ``SourceFaults`` holding all faults, or return when there are none."""
        if self.found:
            raise SourceFaults(self.found)


def text_of(
    data: Mapping[str, Any], key: str, *, faults: Faults, place: str, default: str | None = None
) -> str:
    """The string under ``key``; a missing key is a fault unless there is a ``default``."""
    value = data.get(key, default)
    if isinstance(value, str):
        return value
    if value is None and key not in data:
        faults.add(f"key {key!r} is missing", place=place, mend=f"Add {key!r} as a string.")
    else:
        faults.add(f"key {key!r} is not a string", place=place, mend=f"Write {key!r} as a string.")
    return ""


def texts_of(data: Mapping[str, Any], key: str, *, faults: Faults, place: str) -> tuple[str, ...]:
    """The list of strings under ``key``; absent means empty."""
    value = data.get(key, [])
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    faults.add(
        f"key {key!r} is not a list of strings",
        place=place,
        mend=f"Write {key!r} as a list of strings, empty if there are none.",
    )
    return ()


def refuse_doubles(named: list[tuple[str, str]], *, faults: Faults) -> None:
    """One fault for each id that was met before; ``named`` holds (id, place) in source order."""
    first: dict[str, str] = {}
    for name, place in named:
        if name in first:
            faults.add(
                f"the id is already used at {first[name]}",
                place=place,
                mend="Give every task of a source an id of its own.",
            )
        first.setdefault(name, place)
