"""What each task asks of the admin: set it aside, retire it, or have a look; most ask for nothing.

The thresholds are fixed here before anybody's results are known, and what a look finds is never
decided by which model gains. Example: twelve models, 98 % passes: retire, it tells nobody from
anybody; a correlation of -.7 over the panel: a look, since it may be a canary or a true reversal.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from benchserver.measurement.compromise import ALARM

TOO_EASY = 0.95
TOO_HARD = 0.02
MODELS_TO_RETIRE = 10
PANEL_TO_REVIEW = 6  # models of the panel behind an item-rest correlation that decides
DRIFT = 3.0
CHANCE = 0.01  # a pooled alarm must be rarer than this by luck


class Ask(StrEnum):
    """Most pressing first."""

    QUARANTINE = "quarantine"
    RETIRE = "retire"
    REVIEW = "review"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    what: Ask
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """All that speaks for or against one task.

    ``runs``, ``flips``: of the reference. ``unlike``: programs that two machines judged unlike.
    ``share``: passed by ``models`` (panel and entrants), None without any. ``item_rest``,
    ``critical``: over ``panel`` models only. ``drift``: robust z. ``surprise``: highest CUSUM.
    """

    runs: int = 0
    flips: int = 0
    unlike: int = 0
    leaked: bool = False
    worn: str = ""
    models: int = 0
    share: float | None = None
    panel: int = 0
    item_rest: float | None = None
    critical: float | None = None
    drift: float | None = None
    surprise: float = 0.0


def asks(signs: Signs) -> tuple[Asked, ...]:
    """Everything a task asks for, most pressing first (the rules of docs/statistics.md, 2026)."""
    return (*_quarantine(signs), *_retire(signs), *_review(signs))


def unfit(signs: Signs) -> str:
    """Why a rotation should leave the task out, without figures; empty when it need not.

    Wear is left to the rotation's own rule.
    """
    for asked in asks(signs):
        if asked.what is not Ask.REVIEW and asked.why != signs.worn:
            return asked.why.partition(":")[0]
    return ""


def _quarantine(signs: Signs) -> list[Asked]:
    if not signs.flips:
        return []
    why = f"its reference does not always pass: {signs.flips} of {signs.runs} runs"
    return [Asked(what=Ask.QUARANTINE, why=why)]


def _retire(signs: Signs) -> list[Asked]:
    share, many = signs.share, signs.models >= MODELS_TO_RETIRE
    drift = 0.0 if signs.drift is None else signs.drift
    found = (
        (signs.leaked, "marked as leaked"),
        (bool(signs.worn), signs.worn),
        (
            many and share is not None and share > TOO_EASY,
            f"nearly every model passes it: {share or 0:.1%} over {signs.models} models",
        ),
        (
            many and share is not None and share < TOO_HARD,
            f"nearly no model passes it: {share or 0:.1%} over {signs.models} models",
        ),
        (abs(drift) > DRIFT, f"its difficulty moved between rotations: robust z {drift:+.1f}"),
    )
    return [Asked(what=Ask.RETIRE, why=why) for held, why in found if held]


def _review(signs: Signs) -> list[Asked]:
    found = []
    rest, critical = signs.item_rest or 0.0, signs.critical or 1.0
    if signs.panel >= PANEL_TO_REVIEW and rest < -critical:
        found.append(
            f"able models fail what weak ones pass: item-rest {rest:.2f}, "
            f"critical -{critical:.2f} over {signs.panel} panel models"
        )
    if signs.surprise >= ALARM:
        found.append(f"passed more often than its models explain: S {signs.surprise:.1f}")
    if signs.unlike:
        found.append(f"machines judged the same program unlike: {signs.unlike} times")
    return [Asked(what=Ask.REVIEW, why=why) for why in found]
