"""How a number reads on a page: integers of the snapshot become words, once, in Python.

Scores arrive in ten-thousandths of the scale, money in micro-USD, times as RFC 3339 text.
Example: ``points(7083)`` is ``70.8``, ``money(1700)`` is ``$0.0017``, ``signed(-60)`` is ``−0.6``.
"""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime

MINUS = "−"  # the real minus sign: as wide as a digit, never breaks off its number
SYMMETRIC_E4 = 10  # an interval whose sides differ by less than 0.1 point is written with ±


def points(e4: int) -> str:
    """Ten-thousandths to points with one decimal, halves away from zero: 7085 -> ``70.9``."""
    tenths = (abs(e4) + 5) // 10
    sign = MINUS if e4 < 0 and tenths else ""
    return f"{sign}{tenths // 10}.{tenths % 10}"


def signed(e4: int) -> str:
    """Points with their sign always written: ``+1.2``, ``−0.6``, ``0.0``."""
    text = points(e4)
    return text if text.startswith(MINUS) or text == "0.0" else f"+{text}"


def whole_points(e4: int) -> str:
    """Points without decimals, for sentences: 1400 -> ``14``; under one point ``under 1``."""
    return str((e4 + 50) // 100) if e4 >= 50 else "under 1"


def spread(e4: int, *, low: int, high: int) -> str:
    """``±7.1`` when both sides are alike, else the two ends ``51.2–90.5``."""
    below, above = e4 - low, high - e4
    if abs(above - below) < SYMMETRIC_E4:
        return f"±{points(max(above, below))}"
    return ends(low, high)


def ends(low: int, high: int) -> str:
    joint = " to " if low < 0 else "–"
    return f"{points(low)}{joint}{points(high)}"


def percent(e4: int) -> str:
    """A share as whole percent; a trace is never rounded to nothing: 30 -> ``<1%``."""
    if 0 < e4 < 100:
        return "<1%"
    return f"{(e4 + 50) // 100}%"


def money(micro_usd: int) -> str:
    """Two decimals from a dollar up, two significant figures below: ``$3.20``, ``$0.0017``."""
    if micro_usd == 0:
        return "$0"
    if micro_usd >= 995_000:
        return f"${(micro_usd + 5_000) // 10_000 / 100:,.2f}"
    step = 10 ** max(len(str(micro_usd)) - 2, 0)
    rounded = (micro_usd + step // 2) // step * step
    text = f"{rounded:06d}".rstrip("0")
    return f"$0.{text.ljust(2, '0')}"


def seconds(milliseconds: int) -> str:
    """``0.85 s``, ``4.2 s``, ``36 s``, ``2 min``: as many figures as a reader needs."""
    if milliseconds < 1_000:
        return f"{(milliseconds + 5) // 10 / 100:.2f} s"
    if milliseconds < 10_000:
        return f"{(milliseconds + 50) // 100 / 10:g} s"
    if milliseconds < 100_000:
        return f"{(milliseconds + 500) // 1000} s"
    return f"{(milliseconds + 30_000) // 60_000} min"


def count(n: int) -> str:
    return f"{n:,}"


def plural(n: int, noun: str) -> str:
    """``1 task``, ``24 tasks``, ``6 days``, ``2 entries``."""
    if n == 1:
        return f"{n:,} {noun}"
    consonant_y = noun.endswith("y") and noun[-2] not in "aeiou"
    return f"{n:,} {noun[:-1]}ies" if consonant_y else f"{n:,} {noun}s"


def ranks(best: int, worst: int) -> str:
    return str(best) if best == worst else f"{best}–{worst}"


def moment(text: str) -> datetime:
    """RFC 3339 text as a moment in UTC; a bare date is its midnight."""
    parsed = datetime.fromisoformat(text)
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


def day(text: str) -> str:
    """``24 Nov 2026``; ``unknown`` for an empty date."""
    return f"{moment(text):%-d %b %Y}" if text else "unknown"


def clock(text: str) -> str:
    """``24 Nov 2026, 03:00 UTC``."""
    return f"{moment(text):%-d %b %Y, %H:%M} UTC" if text else "unknown"


def elapsed(seconds: int) -> str:
    """The largest unit that fits, rounded down: 7300 -> ``2 hours``, 40 -> ``40 seconds``."""
    for size, noun in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            return plural(seconds // size, noun)
    return plural(max(seconds, 0), "second")


def clean(text: str) -> str:
    """A stranger's text without what could reorder or hide the text around it.

    Drops control and format characters (which include all direction overrides) and folds runs of
    white space. Escaping is the template's task, not this one's.
    """
    spaced = " ".join(text.split())
    kept = "".join(c for c in spaced if unicodedata.category(c) not in ("Cc", "Cf", "Co", "Cs"))
    return kept or "unnamed"


def shortened(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"
