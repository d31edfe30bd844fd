"""Is A better than B? One pair of a published board, read out of the snapshot's ``pairs``.

Nothing is computed anew: a difference, its margin and two p-values stand in the signed body.
Example: ``pair(body, "aster-1", "basalt-3")["better"]`` is ``"aster-1"``, or empty when the tasks
do not tell the two apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchserver.website.figures import ends, signed

Body = Mapping[str, Any]
CERTAIN_E6 = 50_000
FULL_E4 = 10_000
COLUMNS = ("difference_e4", "margin_e4", "p_e6", "p_adjusted_e6")
# What an open end of a score makes of the difference first minus second.
_OPEN = {
    ("at_least", ""): "at_least",
    ("at_most", ""): "at_most",
    ("", "at_least"): "at_most",
    ("", "at_most"): "at_least",
    ("at_least", "at_most"): "at_least",
    ("at_most", "at_least"): "at_most",
}
_SIGNS = {"at_least": "at least ", "at_most": "at most ", "": ""}


class NotCompared(LookupError):
    """The board has no such pair; the text says why."""


def pair(body: Body, a: str, b: str) -> dict[str, Any]:
    """The facts of one pair, ``a`` minus ``b``. Raises ``NotCompared``."""
    rows = {row["model"]["slug"]: row for row in body["rows"]}
    for slug in (a, b):
        if slug not in rows:
            raise NotCompared(f"This board ranks no model {slug!r}.")
    if a == b:
        raise NotCompared("A model is not compared with itself.")
    if not body.get("pairs"):
        raise NotCompared("This snapshot was published before boards held comparisons.")
    difference, margin, p, adjusted = _column(body["pairs"], a, b)
    bound = _OPEN.get((rows[a]["private"]["bound"], rows[b]["private"]["bound"]), "")
    certain = adjusted <= CERTAIN_E6
    return {
        "track": body["track"]["slug"],
        "rotation": body["rotation"]["slug"],
        "sequence": body["sequence"],
        "a": _side(rows[a]),
        "b": _side(rows[b]),
        "tasks": body["pairs"]["tasks"],
        "difference_e4": difference,
        "bound": bound,
        "low_e4": None if margin is None else max(-FULL_E4, difference - margin),
        "high_e4": None if margin is None else min(FULL_E4, difference + margin),
        "p_e6": p,
        "p_adjusted_e6": adjusted,
        "better": _better(rows, a, b) if certain else "",
        "estimators": _estimators(body),
    }


def _column(pairs: Body, a: str, b: str) -> tuple[Any, ...]:
    """The pair's figures, turned round when the snapshot holds it as b minus a."""
    i, j = pairs["models"].index(a), pairs["models"].index(b)
    low, high, count = min(i, j), max(i, j), len(pairs["models"])
    place = low * (2 * count - low - 1) // 2 + high - low - 1
    difference, *rest = (pairs[name][place] for name in COLUMNS)
    return (-difference if difference is not None and i > j else difference, *rest)


def _side(row: Body) -> dict[str, Any]:
    known = ("score_e4", "low_e4", "high_e4", "bound")
    return {
        "model": row["model"],
        "tier": row["tier"],
        "rank_best": row["rank_best"],
        "rank_worst": row["rank_worst"],
        **{name: row["private"][name] for name in known},
    }


def _better(rows: Mapping[str, Body], a: str, b: str) -> str:
    """The better of two that differ significantly; by what is shown, which then differs too."""
    first, second = rows[a]["private"]["score_e4"], rows[b]["private"]["score_e4"]
    if first == second:  # told apart on exact counts that one bound hides: the better rank
        first, second = -rows[a]["rank_best"], -rows[b]["rank_best"]
    return a if first > second else b


def _estimators(body: Body) -> dict[str, str]:
    known = body.get("estimators", {})
    return {name: known.get(f"pairs.{name}.*", "") for name in COLUMNS}


def p_text(p_e6: int) -> str:
    """``p ≤ .01``; the largest step says only that there is no sign of a difference."""
    if p_e6 >= 1_000_000:
        return "p above .2, or not told"
    return "p ≤ ." + f"{p_e6:06d}".rstrip("0")


def difference_text(found: Body) -> str:
    difference = found["difference_e4"]
    return "not told" if difference is None else _SIGNS[found["bound"]] + signed(difference)


def interval_text(found: Body) -> str:
    if found["low_e4"] is None:
        return "not told"
    return ends(found["low_e4"], found["high_e4"])


def verdict_text(found: Body, *, first: str, second: str) -> str:
    """The answer in one sentence."""
    if not found["better"]:
        return f"{first} and {second} cannot be told apart on these tasks."
    winner, loser = (
        (first, second) if found["better"] == found["a"]["model"]["slug"] else (second, first)
    )
    return f"{winner} is better than {loser} on these tasks."
