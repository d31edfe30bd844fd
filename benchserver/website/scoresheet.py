"""A board as a CSV file: the snapshot's own integers, one model a line.

Cells that a spreadsheet would run as a formula get a leading apostrophe. Example: a model named
``=1+1`` arrives as ``'=1+1``.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

from benchserver.website.figures import clean

FORMULA = ("=", "+", "-", "@", "\t", "\r")
COLUMNS = (
    "tier",
    "rank_best",
    "rank_worst",
    "model",
    "version",
    "owner",
    "open",
    "declared_cutoff",
    "tasks",
    "samples",
    "passed",
    "bound",
    "score_e4",
    "se_e4",
    "low_e4",
    "high_e4",
    "missing",
    "public_tasks",
    "public_passed",
    "public_bound",
    "public_score_e4",
    "gap_e4",
    "gap_low_e4",
    "gap_high_e4",
    "seen_before_e4",
    "endpoint_faults",
    "platform_faults",
    "evaluations",
    "evaluation",
    "tokens_in",
    "tokens_out",
    "cost_micro_usd",
    "cost_per_task_micro_usd",
    "usage",
    "isolation",
    "identity",
    "ended_at",
)


def csv_text(body: Mapping[str, Any]) -> str:
    """Header line and one line per ranked model, CRLF line ends (RFC 4180)."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS)
    writer.writeheader()
    for row in body["rows"]:
        writer.writerow({key: cell(value) for key, value in flat(row).items()})
    return out.getvalue()


def cell(value: object) -> object:
    if isinstance(value, str) and value:
        safe = clean(value)
        return f"'{safe}" if safe.startswith(FORMULA) else safe
    return value


def flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """One row without nesting; parts that do not exist are empty cells."""
    model, private = row["model"], row["private"]
    public, gap = row["public"] or {}, row["gap"] or {}
    plain = {key: row[key] for key in COLUMNS if key in row}
    return {
        **plain,
        "model": model["name"],
        "version": model["version"],
        "owner": model["owner"],
        "open": int(model["open"]),
        "declared_cutoff": model["declared_cutoff"],
        **{key: private[key] for key in COLUMNS if key in private},
        "public_tasks": public.get("tasks"),
        "public_passed": public.get("passed"),
        "public_bound": public.get("bound"),
        "public_score_e4": public.get("score_e4"),
        "gap_e4": gap.get("diff_e4"),
        "gap_low_e4": gap.get("low_e4"),
        "gap_high_e4": gap.get("high_e4"),
        "endpoint_faults": row["faults"]["endpoint"],
        "platform_faults": row["faults"]["platform"],
    }
