"""The report as one page that needs nothing beside it, and as JSON and CSV for machines.

Every number says which estimator made it. Example: ``page(report)`` is HTML with its style inside,
light and dark, readable on a phone and on paper; ``document(report)`` holds the same numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders
from django.template.loader import render_to_string

from benchserver.console.matrix.drawing import Axis, fitting, item_map
from benchserver.console.matrix.report import Item, Report, estimators
from benchserver.console.matrix.standings import Line

_NAMED = 24  # models named beside the item map
_WORN_SHOWN = 60


def page(report: Report) -> str:
    lines = report.lines
    axis = fitting([100 * v for line in lines for v in (line.low, line.high)])
    ranks = Axis(1, max(len(lines), 2))
    drawn = item_map(report.difficulties, _named(report))
    return render_to_string(
        "console/matrix.html",
        {
            "title": report.title,
            "style": _style(),
            "claim": report.claim,
            "facts": report.facts,
            "axis": axis,
            "rank_axis": [(ranks.at(1), "1"), (ranks.at(len(lines)), str(len(lines)))],
            "holes": report.holes,
            "runs": any(line.runs > 1 for line in lines),
            "lines": [_row(line, axis, ranks, before) for line, before in _pairwise(lines)],
            "map": drawn,
            "map_words": report.map_words,
            "worn": [_strange(item) for item in report.worn[:_WORN_SHOWN]],
            "unnamed_words": _unnamed_words(len(lines), len(drawn.names)),
            "parts": report.parts,
            "notes": report.notes,
            "estimators": estimators(report),
        },
    )


def document(report: Report) -> dict[str, Any]:
    """The same numbers, unrounded."""
    return {
        "title": report.title,
        "claim": report.claim,
        "models": len(report.lines),
        "tasks": len(report.items),
        "resolves": report.resolves,
        "board": [_plain(line) for line in report.lines],
        "items": [_plain(item) for item in report.items],
        "findings": {part.key: part.values for part in report.parts},
        "notes": list(report.notes),
        "estimators": dict(estimators(report)),
    }


def csv_rows(things: Sequence[Any]) -> list[list[str]]:
    """A header and a line for each; numbers as Python writes them, empty where unknown."""
    names = list(type(things[0]).__slots__)
    rows = [[_cell(getattr(thing, name)) for name in names] for thing in things]
    return [names, *rows]


def _plain(thing: Any) -> dict[str, Any]:
    return {name: getattr(thing, name) for name in type(thing).__slots__}


def _cell(value: Any) -> str:
    return "" if value is None else str(value)


def _style() -> str:
    """The service's own tokens and type, so that a report looks like the boards."""
    found = finders.find("website/benchserver.css")
    return Path(str(found)).read_text(encoding="utf-8") if found else ""


def _pairwise(lines: Sequence[Line]) -> list[tuple[Line, Line | None]]:
    return list(zip(lines, [None, *lines[:-1]], strict=True))


def _row(line: Line, axis: Axis, ranks: Axis, before: Line | None) -> dict[str, Any]:
    best, worst = line.rank_best, line.rank_worst
    return {
        "tier": line.tier,
        "opens": before is not None and before.tier != line.tier,
        "model": line.model,
        "score": f"{100 * line.score:.1f}",
        "low": f"{100 * line.low:.1f}",
        "high": f"{100 * line.high:.1f}",
        "low_x": axis.at(100 * line.low),
        "mid_x": axis.at(100 * line.score),
        "high_x": axis.at(100 * line.high),
        "ranks": str(best) if best == worst else f"{best}–{worst}",
        "best_x": ranks.at(best),
        "worst_x": ranks.at(worst),
        "expected": f"{100 * line.expected:.1f}",
        "tasks": f"{line.tasks:,}",
        "runs": line.runs,
    }


def _strange(item: Item) -> dict[str, str]:
    solved = f"{100 * item.share:.0f}% of {item.models}"
    return {"task": item.task, "solved": solved, "rest": f"{item.item_rest:+.2f}"}


def _unnamed_words(models: int, named: int) -> str:
    left = models - named
    if not left:
        return ""
    who = "1 model finds" if left == 1 else f"{left:,} models find"
    return f"{who} no room for a name beside the map; the board has all of them."


def _named(report: Report) -> list[tuple[str, float]]:
    """All models, or evenly chosen ones from best to worst when there are too many to name."""
    every = report.abilities
    if len(every) <= _NAMED:
        return list(every)
    step = (len(every) - 1) / (_NAMED - 1)
    return [every[round(number * step)] for number in range(_NAMED)]
