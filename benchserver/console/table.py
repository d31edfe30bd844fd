"""A board as plain text: tiers, scores with intervals, gaps, faults; the same numbers as the site.

Example line: ``1  1-2  aster-3  70.8 [51.2, 90.5]  +1.2  0  $0.0017``.
"""

from __future__ import annotations

from typing import Any

_HEAD = ("tier", "rank", "model", "private", "95 %", "public", "gap", "faults", "$/task")


def board_lines(board: dict[str, Any]) -> list[str]:
    """The board as aligned lines, header first, then what is unranked and the trust facts."""
    rows = [_HEAD, *(_cells(row) for row in board["rows"])]
    widths = [max(len(row[i]) for row in rows) for i in range(len(_HEAD))]
    lines = ["  ".join(c.ljust(w) for c, w in zip(r, widths, strict=True)).rstrip() for r in rows]
    lines.insert(1, "  ".join("-" * width for width in widths))
    for row in board["unranked"]:
        lines.append(f"unranked: {row['model']['slug']}: {row['reason']}")
    rotation, resolves = board["rotation"], board["resolves_e4"]
    lines.append(
        f"{rotation['private_tasks']} private and {rotation['public_tasks']} public tasks, "
        f"committed {rotation['committed_at']}, first send {rotation['first_send_at'] or 'none'}"
    )
    if resolves:
        lines.append(
            f"This board tells models apart that differ by about {resolves / 100:.0f} points."
        )
    return lines


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    private, public, gap = row["private"], row["public"], row["gap"]
    sign = {"": "", "at_least": "≥ ", "at_most": "≤ "}[private["bound"]]
    cost = row["cost_per_task_micro_usd"]
    return (
        str(row["tier"]),
        f"{row['rank_best']}-{row['rank_worst']}",
        row["model"]["slug"],
        f"{sign}{private['score_e4'] / 100:.1f}",
        f"[{private['low_e4'] / 100:.1f}, {private['high_e4'] / 100:.1f}]",
        f"{public['score_e4'] / 100:.1f}" if public else "-",
        f"{gap['diff_e4'] / 100:+.1f}" if gap else "-",
        f"{row['faults']['endpoint']}+{row['faults']['platform']}",
        f"{cost / 1e6:.6f}" if cost is not None else "-",
    )
