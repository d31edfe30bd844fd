"""``task.toml``: what a task is, apart from its texts.

Strict on purpose: an unknown key is a typing error that would silently change a task. Example:
``dificulty = "hard"`` is a fault whose mend names ``difficulty``. Limits are whole numbers
(``cpu_milliseconds = 2000``, ``memory_mb = 256``, ``output_kb = 1024``).
"""

from __future__ import annotations

import datetime
import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchserver.core.task import (
    Blanks,
    Difficulty,
    JudgingClass,
    Letters,
    Limits,
    Shape,
    Split,
    State,
)
from benchserver.engines.taskformats.faults import text_of, texts_of
from benchserver.engines.taskformats.native.folder import Folder
from benchserver.engines.taskformats.native.programs import TABLES

FILE = "task.toml"
LICENSE_SOURCE = "license:"
EXTENSIONS = {
    "python": "py",
    "javascript": "js",
    "typescript": "ts",
    "java": "java",
    "go": "go",
    "rust": "rs",
    "c": "c",
    "cpp": "cpp",
    "ruby": "rb",
    "bash": "sh",
}
COMPARATORS = ("tokens", "exact", "float")
LIMIT_UNITS = {
    "cpu_milliseconds": ("cpu_milliseconds", 1),
    "memory_mb": ("memory_bytes", 2**20),
    "memory_bytes": ("memory_bytes", 1),
    "output_kb": ("output_bytes", 2**10),
    "output_bytes": ("output_bytes", 1),
}
_CHOICES: dict[str, tuple[str, ...]] = {
    "shape": tuple(Shape),
    "split": ("", *Split),
    "difficulty": ("", *Difficulty),
    "judging_class": tuple(JudgingClass),
    "language": tuple(EXTENSIONS),
    "comparator": COMPARATORS,
    "state": tuple(State),
    "letters": tuple(Letters),
    "blanks": tuple(Blanks),
}
_DEFAULTS = {
    "language": "python",
    "judging_class": JudgingClass.PROVABLE.value,
    "comparator": "tokens",
    "state": State.SHARED.value,
    "letters": Letters.EXACT.value,
    "blanks": Blanks.FREE.value,
}
_TEXTS = ("id", "topic", "family", "created", "author", "canary", "twin_of", "entry_point")
_MORE_TEXTS = ("tolerance", "relative_tolerance", "license", "signature")
_LISTS = ("sources", "proxies", "equivalent_mutants")
KEYS = (*_TEXTS, *_MORE_TEXTS, *_CHOICES, *_LISTS, "limits", *TABLES)


@dataclass(frozen=True, slots=True)
class Manifest:
    """``texts``: every string key with its default; ``sources`` ends with the licence, if any;
    ``equivalent_mutants``: for intake only, no part of the task; ``tables``: tools and subtasks as
    they are written."""

    texts: Mapping[str, str]
    sources: tuple[str, ...]
    proxies: tuple[str, ...]
    equivalent_mutants: tuple[str, ...]
    limits: Limits
    tables: Mapping[str, Any]

    def __getitem__(self, key: str) -> str:
        return self.texts[key]


def read_manifest(folder: Folder) -> Manifest | None:
    """The manifest, or None when ``task.toml`` is no TOML; every flaw is a fault of the folder."""
    data, lines = _parsed(folder)
    if data is None:
        return None
    _refuse_unknown(folder, data, KEYS, lines)
    texts = {key: _text(folder, data, key) for key in (*_TEXTS, *_MORE_TEXTS)}
    texts |= {key: _choice(folder, data, key, lines) for key in _CHOICES}
    _check_texts(folder, texts, data, lines)
    place = folder.place(FILE)
    sources, proxies, equivalent = (
        texts_of(data, key, faults=folder.faults, place=place) for key in _LISTS
    )
    if "license" in data:
        sources += (LICENSE_SOURCE + texts["license"],)
    return Manifest(
        texts=texts,
        sources=sources,
        proxies=proxies,
        equivalent_mutants=equivalent,
        limits=_limits(folder, data.get("limits", {}), lines),
        tables={key: data[key] for key in TABLES if key in data},
    )


def _parsed(folder: Folder) -> tuple[dict[str, Any] | None, dict[str, int]]:
    before = len(folder.faults.found)
    text = folder.text(FILE)
    if len(folder.faults.found) > before:
        return None, {}
    try:
        return tomllib.loads(text), _line_numbers(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        where = re.search(r"at line (\d+)", str(error))
        line = int(where[1]) if where else 0
        folder.fault("this is not TOML", inner=FILE, line=line, mend="Mend the syntax.")
        return None, {}


def _line_numbers(text: str) -> dict[str, int]:
    """Line of each ``key =``, good enough to point an author to it."""
    found: dict[str, int] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        key = re.match(r"""\s*\[?\s*["']?([A-Za-z0-9_-]+)["']?\s*[=.\]]""", line)
        if key:
            found.setdefault(key[1], number)
    return found


def _refuse_unknown(
    folder: Folder, data: Mapping[str, Any], known: tuple[str, ...], lines: Mapping[str, int]
) -> None:
    for key in data:
        if key in known:
            continue
        near = difflib.get_close_matches(key, known, n=1)
        mend = f"Write {near[0]!r} if you meant that." if near else "Remove it."
        problem = f"unknown key {key[:40]!r}"
        folder.fault(problem, inner=FILE, line=lines.get(key, 0), mend=mend)


def _text(folder: Folder, data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    if key == "created" and isinstance(value, datetime.date):
        return value.isoformat()
    default = None if key == "id" else ""
    return text_of(data, key, faults=folder.faults, place=folder.place(FILE), default=default)


def _choice(folder: Folder, data: Mapping[str, Any], key: str, lines: Mapping[str, int]) -> str:
    choices = _CHOICES[key]
    default = _DEFAULTS.get(key, "" if "" in choices else None)
    value = data.get(key, default)
    if isinstance(value, str) and value in choices:
        return value
    problem = f"key {key!r} is missing" if value is None else f"unknown value of {key!r}"
    allowed = ", ".join(choice for choice in choices if choice)
    folder.fault(problem, inner=FILE, line=lines.get(key, 0), mend=f"Write one of: {allowed}.")
    return default or choices[0]


def _check_texts(
    folder: Folder,
    texts: Mapping[str, str],
    data: Mapping[str, Any],
    lines: Mapping[str, int],
) -> None:
    def refuse(key: str, problem: str, mend: str) -> None:
        folder.fault(problem, inner=FILE, line=lines.get(key, 0), mend=mend)

    if isinstance(data.get("id"), str) and not texts["id"].strip():
        refuse("id", "the id is blank", "Give the task an id.")
    if texts["created"] and not _is_date(texts["created"]):
        refuse("created", "created is not a date", "Write it as YYYY-MM-DD.")
    for key in ("tolerance", "relative_tolerance"):
        if texts[key] and not _is_tolerance(texts[key], zero=bool(texts["relative_tolerance"])):
            refuse(key, f"{key} is no positive number", 'Write it like "1e-6".')
    if texts["comparator"] == "float" and not texts["tolerance"]:
        refuse("comparator", "comparator float lacks a tolerance", 'Add tolerance = "1e-6".')
    if texts["shape"] == Shape.FUNCTION:
        _check_function(texts, data, refuse)
    else:
        for key in ("entry_point", "proxies", "signature", "state"):
            if data.get(key):
                refuse(key, f"a program has no {key!r}", "Remove the key.")


def _check_function(texts: Mapping[str, str], data: Mapping[str, Any], refuse: Any) -> None:
    if not texts["entry_point"].isidentifier():
        refuse("entry_point", "entry_point is not a name", "Name the function under test.")
    for key in ("comparator", "relative_tolerance", "letters", "blanks", *TABLES):
        if key in data:
            refuse(key, f"a function has no {key}", "Remove the key.")
    if texts["language"] == "c" and not texts["signature"]:
        refuse("signature", "a function in C needs its head", 'Add signature = "int f(int n)".')


def _is_date(text: str) -> bool:
    try:
        return datetime.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _is_tolerance(text: str, *, zero: bool) -> bool:
    """``zero``: it may be 0, because another tolerance stands beside it."""
    try:
        return (zero and float(text) == 0) or 0 < float(text) < float("inf")
    except ValueError:
        return False


def _limits(folder: Folder, table: Any, lines: Mapping[str, int]) -> Limits:
    if not isinstance(table, dict):
        folder.fault("limits is not a table", inner=FILE, mend="Write [limits] and keys below it.")
        return Limits()
    _refuse_unknown(folder, table, tuple(LIMIT_UNITS), lines)
    made: dict[str, int] = {}
    for key in (key for key in LIMIT_UNITS if key in table):
        name, unit = LIMIT_UNITS[key]
        value = table[key]
        if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
            mend = "Write a positive whole number."
            folder.fault(f"{key!r} is no limit", inner=FILE, line=lines.get(key, 0), mend=mend)
        elif name in made:
            mend = "Keep one of the two."
            folder.fault(f"{name!r} is given twice", inner=FILE, line=lines[key], mend=mend)
        else:
            made[name] = value * unit
    return Limits(**made)
