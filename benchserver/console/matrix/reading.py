"""A CSV of models and tasks becomes one table of scores, whatever way round and in whatever unit.

A column counts as results when every filled cell of it is a number or ``passed/total``; the others
describe the rows. The unit is read off the whole table: ``3/7`` is a share, a number above 1 means
percent, else 0 to 1. An empty cell is missing, never a failure. Example: a column of ``6/6,3/7``
beside ``run,model`` is read as runs by tasks, and the runs of one model are taken together.
"""

from __future__ import annotations

import csv
import math
import re
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchserver.core.errors import BadInput

Floats = npt.NDArray[np.float64]
LARGEST_CELLS = 20_000_000
_TASK_WORDS = re.compile(r"task|instance|question|problem|item|exercise", re.IGNORECASE)
_MODEL_WORDS = re.compile(r"model|system|agent", re.IGNORECASE)
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_TRANSLATED = r"^[^:]+:([^:]+)$"
_SHARE = re.compile(r"(\d+)/(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """``scores``: models x tasks in [0, 1], nan where nothing was run. ``families``: the cluster
    of each task, None when each is its own. ``dates``: of the tasks, empty text where unknown.
    ``runs``: how many rows of the file stand behind each model. ``notes``: what was assumed.
    """

    models: tuple[str, ...]
    tasks: tuple[str, ...]
    scores: Floats
    families: tuple[Hashable, ...] | None = None
    dates: tuple[str, ...] | None = None
    runs: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How to read a file; None means: see for yourself. ``rows``: ``models`` or ``tasks``;
    ``model``: the describing column that says which model a row is of; ``families``: a pattern
    whose first group, found in a task's name, is its family.
    """

    rows: str | None = None
    model: str | None = None
    families: str | None = None


@dataclass(slots=True, kw_only=True)
class _Sheet:
    path: str
    header: list[str]
    rows: list[list[str]]
    results: dict[int, Floats] = field(default_factory=dict)  # by column

    def column(self, number: int) -> list[str]:
        return [row[number] for row in self.rows]

    def described(self, name: str | None) -> int | None:
        """The number of a describing column by its name. Raises ``BadInput`` for a stranger."""
        if name is None:
            return None
        describing = [n for n in range(len(self.header)) if n not in self.results]
        found = [n for n in describing if self.header[n] == name]
        if not found:
            known = ", ".join(self.header[n] for n in describing)
            raise BadInput(f"no describing column {name!r}", place=self.path, mend=f"Have: {known}")
        return found[0]


def read_table(path: Path, layout: Layout | None = None) -> Table:
    """Raises ``BadInput`` with file and line for what cannot be read; nothing is guessed twice."""
    layout = layout or Layout()
    sheet = _sheet(path)
    notes: list[str] = []
    turned = _rows_are(sheet, layout, notes) == "tasks"
    values = _values(sheet, notes)
    labels = _unique([row[0] for row in sheet.rows], sheet)
    columns = [sheet.header[n] for n in sheet.results]
    if turned:
        return _from_task_rows(sheet, layout, values, labels, columns, notes)
    return _from_model_rows(sheet, layout, values, labels, columns, notes)


def read_cutoffs(path: Path) -> dict[str, date]:
    """Model and date of each line: the first column, and the last that holds only dates."""
    rows = _lines_of(path)[1:]
    cutoffs: dict[str, date] = {}
    for number, row in enumerate(rows, 2):
        found = [cell for cell in row[1:] if _DATE.fullmatch(cell.strip())]
        if not found:
            raise BadInput("has no date like 2024-03-31", place=f"{path}:{number}")
        try:
            cutoffs[row[0]] = date.fromisoformat(found[-1].strip())
        except ValueError as problem:
            raise BadInput(str(problem), place=f"{path}:{number}") from None
    return cutoffs


def _from_task_rows(
    sheet: _Sheet,
    layout: Layout,
    values: Floats,
    labels: list[str],
    columns: list[str],
    notes: list[str],
) -> Table:
    return Table(
        models=tuple(columns),
        tasks=tuple(labels),
        scores=values.T.copy(),
        families=_families_of(labels, layout, notes),
        dates=_dates(sheet, notes),
        runs=(1,) * len(columns),
        notes=tuple(notes),
    )


def _from_model_rows(
    sheet: _Sheet,
    layout: Layout,
    values: Floats,
    labels: list[str],
    columns: list[str],
    notes: list[str],
) -> Table:
    by = sheet.described(layout.model)
    if by is None and "model" in sheet.header[1:]:
        by = sheet.described("model")
    names = labels if by is None else sheet.column(by)
    models, scores, runs = _together(names, values)
    if len(models) < len(names):
        notes.append(f"{len(names)} runs of {len(models)} models: the runs of a model are averaged")
    return Table(
        models=models,
        tasks=tuple(columns),
        scores=scores,
        families=_families_of(columns, layout, notes),
        runs=runs,
        notes=tuple(notes),
    )


def _sheet(path: Path) -> _Sheet:
    header, *rows = _lines_of(path)
    for number, row in enumerate(rows, 2):
        if len(row) != len(header):
            raise BadInput(
                f"has {len(row)} cells, the header has {len(header)}", place=f"{path}:{number}"
            )
    if len(rows) * len(header) > LARGEST_CELLS:
        raise BadInput(f"holds more than {LARGEST_CELLS:,} cells", place=str(path))
    sheet = _Sheet(path=str(path), header=header, rows=rows)
    parsed = {n: _parsed(sheet.column(n)) for n in range(1, len(header))}
    sheet.results = {n: values for n, values in parsed.items() if values is not None}
    if not sheet.results:
        mend = "Cells are 0 or 1, a share, a percentage, or passed/total."
        raise BadInput("has no column of results", place=str(path), mend=mend)
    return sheet


def _lines_of(path: Path) -> list[list[str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = [row for row in csv.reader(file) if row]
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        raise BadInput(f"cannot be read as CSV ({problem})", place=str(path)) from None
    if len(lines) < 2:
        raise BadInput("has no rows under its header", place=str(path))
    return lines


def _parsed(cells: Sequence[str]) -> Floats | None:
    """A column as numbers, nan for empty cells; None when a cell is text, or all are empty."""
    texts = [cell.strip() for cell in cells]
    empty = [not text for text in texts]
    if all(empty):
        return None
    try:  # plain numbers at the speed of the library
        values = np.array([text or "nan" for text in texts], dtype=np.float64)
    except ValueError:
        numbers = [_number(text) if text else math.nan for text in texts]
        return None if None in numbers else np.array(numbers, dtype=np.float64)
    known = values[~np.array(empty)]
    return values if np.isfinite(known).all() and (known >= 0).all() else None


def _number(text: str) -> float | None:
    """A share, or the number as it stands; None for text."""
    share = _SHARE.fullmatch(text)
    if share:
        passed, total = int(share[1]), int(share[2])
        return passed / total if total and passed <= total else None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def _values(sheet: _Sheet, notes: list[str]) -> Floats:
    """Rows x result columns in [0, 1]. Raises ``BadInput`` for a number no unit explains."""
    values = np.column_stack(list(sheet.results.values()))
    shares = any("/" in row[n] for row in sheet.rows[:50] for n in sheet.results)
    largest = float(np.nanmax(values))
    if largest > 1:
        if shares or largest > 100:
            line = int(np.nanargmax(np.nan_to_num(values).max(axis=1))) + 2
            raise BadInput(f"{largest:g} is no score", place=f"{sheet.path}:{line}")
        notes.append("numbers above 1: read as percent")
        values /= 100
    return values


def _rows_are(sheet: _Sheet, layout: Layout, notes: list[str]) -> str:
    if layout.rows:
        return layout.rows
    head = sheet.header[0]
    if _TASK_WORDS.search(head) and not _MODEL_WORDS.search(head):
        return "tasks"
    if not _MODEL_WORDS.search(head) and "run" not in head.lower():
        notes.append(f"rows are taken as models ({head!r} does not say); --rows tasks turns it")
    return "models"


def _unique(labels: list[str], sheet: _Sheet) -> list[str]:
    doubled = [label for label, n in Counter(labels).items() if n > 1]
    if doubled:
        line = len(labels) - labels[::-1].index(doubled[0]) + 1
        raise BadInput(f"{doubled[0]!r} stands there twice", place=f"{sheet.path}:{line}")
    return labels


def _together(
    names: Sequence[str], values: Floats
) -> tuple[tuple[str, ...], Floats, tuple[int, ...]]:
    """Rows of one model become one row: dependent runs are no separate evidence."""
    places: dict[str, list[int]] = {}
    for number, name in enumerate(names):
        places.setdefault(name, []).append(number)
    rows = []
    for mine in places.values():
        known = ~np.isnan(values[mine])
        sums = np.where(known, values[mine], 0).sum(axis=0)
        with np.errstate(invalid="ignore"):
            rows.append(np.where(known.any(axis=0), sums / known.sum(axis=0), np.nan))
    return tuple(places), np.array(rows), tuple(len(mine) for mine in places.values())


def _families_of(tasks: list[str], layout: Layout, notes: list[str]) -> tuple[Hashable, ...] | None:
    """``python:Gcd`` and ``javascript:Gcd`` are one exercise in two languages: one family."""
    pattern = re.compile(layout.families or _TRANSLATED)
    found = [pattern.search(task) for task in tasks]
    families = tuple(m[1] if m else task for m, task in zip(found, tasks, strict=True))
    if len(set(families)) == len(tasks):
        return None
    notes.append(f"{len(tasks)} tasks of {len(set(families))} families ({pattern.pattern})")
    return families


def _dates(sheet: _Sheet, notes: list[str]) -> tuple[str, ...] | None:
    for number, name in enumerate(sheet.header):
        cells = sheet.column(number)
        dated = any(cells) and all(_DATE.fullmatch(c) or not c for c in cells)
        if dated and number not in sheet.results:
            notes.append(f"tasks are dated by {name!r}")
            return tuple(cells)
    return None
