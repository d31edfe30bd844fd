"""What the tests for memory said of one model, as lines: for ``examine`` and the admin's page.

Example: "B     twins@1: effect 100.0 points, p 0.000002" and, of what no grade rests on,
"beside canary-posterior@1: chance of a leak by the canaries ... 0.9192".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_POINTS = 100  # effects are kept in ten-thousandths


def figures(row: Mapping[str, Any]) -> list[str]:
    """``row``: ``findings``, ``beside`` and ``literals`` as an evidence record keeps them."""
    return [
        *(_finding(finding) for finding in row["findings"]),
        *(_beside(figure) for figure in row["beside"]),
        *_literals(row["literals"]),
    ]


def _finding(finding: Mapping[str, Any]) -> str:
    grade = finding["grade"] or "none"
    points = finding["effect_e4"] / _POINTS
    return f"    {grade:5} {finding['test']}: effect {points:.1f} points, p {_p(finding['p_e6'])}"


def _beside(figure: Mapping[str, Any]) -> str:
    value = "" if figure["value_e4"] is None else f" {figure['value_e4'] / 10_000:.4f}"
    p = "" if figure["p_e6"] is None else f", p {_p(figure['p_e6'])}"
    return f"    beside {figure['test']}: {figure['what']}{value}{p}"


def _literals(tasks: int) -> list[str]:
    if not tasks:
        return []
    where = "1 task" if tasks == 1 else f"{tasks} tasks"
    return [
        f"    look: replies to {where} hold pieces of the hidden tests (Reply traces, literals)"
    ]


def _p(e6: int) -> str:
    return f"{e6 / 1_000_000:.6f}" if e6 > 1 else "at most 0.000001"
