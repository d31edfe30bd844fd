"""``report matrix``: the honest board of any models-by-tasks table."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from benchserver.console.matrix.page import csv_rows, document, page
from benchserver.console.matrix.reading import Layout, read_cutoffs, read_table
from benchserver.console.matrix.report import Report, report_on
from benchserver.console.report import Answer, ReportingCommand
from benchserver.core.errors import BadInput

_SHOWN = 15
_MOST_PAIRS = 50_000  # a thousand models have ten times as many: nobody reads that file


class Command(ReportingCommand):
    help = (
        "Board, intervals, ranks and item map of any table of models and tasks. "
        "Example: ./bench report matrix results.csv --out report/"
    )

    def arguments(self, parser: CommandParser) -> None:
        parts = parser.add_subparsers(dest="part", required=True)
        matrix = parts.add_parser("matrix", help="a CSV of models by tasks, either way round")
        add = matrix.add_argument
        add("file", type=Path, help="CSV with a header; empty cells are missing, not failures")
        add("--out", type=Path, required=True, help="a folder for report.html and its tables")
        add("--rows", choices=("models", "tasks"), help="what a row is (read off the header)")
        add("--model", help="the column that says which model a run is of (default: model)")
        add("--families", help="a pattern; its first group in a task's name is its family")
        add("--cutoffs", type=Path, help="CSV of model and date: who falls off after it?")
        add("--title", help="the heading (default: the file's name)")
        add("--json", action="store_true", help="one JSON document on stdout")

    def answer(self, **options: Any) -> Answer:
        path: Path = options["file"]
        layout = Layout(rows=options["rows"], model=options["model"], families=options["families"])
        cutoffs: dict[str, date] = read_cutoffs(options["cutoffs"]) if options["cutoffs"] else {}
        report = report_on(
            read_table(path, layout), title=options["title"] or path.stem, cutoffs=cutoffs
        )
        written = _write(report, options["out"])
        return Answer(document(report), [*_lines(report), *(f"wrote {name}" for name in written)])


def _write(report: Report, folder: Path) -> list[Path]:
    tables: dict[str, Sequence[Any]] = {"board.csv": report.lines, "items.csv": report.items}
    if len(report.pairs) <= _MOST_PAIRS:
        tables["pairs.csv"] = report.pairs
    try:
        folder.mkdir(parents=True, exist_ok=True)
        texts = {
            "report.html": page(report),
            "report.json": json.dumps(document(report), indent=1),
        }
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8")
        for name, things in tables.items():
            with (folder / name).open("w", encoding="utf-8", newline="") as file:
                csv.writer(file).writerows(csv_rows(things))
    except OSError as problem:
        raise BadInput(str(problem), place="--out", mend="Name a folder you may write.") from None
    return [folder / name for name in (*texts, *tables)]


def _lines(report: Report) -> list[str]:
    lines = [report.title, report.claim, ", ".join(report.facts), ""]
    rows = [("tier", "rank", "score", "95 %", "model"), *map(_cells, report.lines[:_SHOWN])]
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    lines += [
        "  ".join((*(c.rjust(w) for c, w in zip(row[:4], widths, strict=True)), row[4]))
        for row in rows
    ]
    if len(report.lines) > _SHOWN:
        lines.append(f"... and {len(report.lines) - _SHOWN} more in board.csv")
    for part in report.parts:
        lines += ["", part.title, *part.sentences]
    return [*lines, ""]


def _cells(line: Any) -> Sequence[str]:
    best, worst = line.rank_best, line.rank_worst
    return (
        str(line.tier),
        str(best) if best == worst else f"{best}-{worst}",
        f"{100 * line.score:.1f}",
        f"{100 * line.low:.1f} to {100 * line.high:.1f}",
        line.model,
    )
