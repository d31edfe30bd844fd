"""Until when does the pool last, with this intake and these providers?

Every rotation that anybody uses spends a form; intake brings new tasks. Example: 300 fresh tasks,
150 per form, a rotation every 91 days and no intake fill two rotations: the pool lasts half a year.
With two good tasks a day it lasts for ever, and then the forecast says so instead of a date.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from benchserver.core.errors import BadInput
from benchserver.measurement.exposure.budget import Caps

HORIZON = timedelta(days=3653)  # ten years: nobody plans further
DAYS_PER_QUARTER = 365.25 / 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """``fresh``: private tasks that may still be put into a form; ``intake``: good ones a day."""

    fresh: int
    intake: float = 0.0

    def __post_init__(self) -> None:
        if self.fresh < 0 or not 0 <= self.intake < math.inf:
            raise BadInput("a stock is not negative", place="stock")


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """``form_tasks`` per rotation, one rotation every ``every_days``, met by ``groups``."""

    form_tasks: int
    every_days: float
    groups: int

    def __post_init__(self) -> None:
        if self.form_tasks < 1 or not 0 < self.every_days < math.inf or self.groups < 0:
            raise BadInput("a form has tasks and rotations take time", place="use")


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """``until``: when the last full form will have been used, None when later than the horizon.

    ``rotations``: full rotations until then (those before the horizon). ``turned_away``: groups
    beyond C, which a form cannot take. ``keeps_up``: intake brings what the rotations use.
    """

    until: datetime | None
    rotations: int
    turned_away: int
    keeps_up: bool


def lasts(stock: Stock, use: Use, caps: Caps, *, start: datetime) -> Forecast:
    """Rotations one after the other from ``start`` until no full form is left.

    The rule of rotations and caps in docs/statistics.md, 2026. Known answer: 300 fresh, 150 per
    form, every 91 days, no intake: 2 rotations, until 182 days after ``start``. Nobody who
    evaluates uses nothing up: then ``until`` is None.
    """
    lives = rotations_per_form(use, caps)
    gained = stock.intake * use.every_days * lives
    keeps_up = not use.groups or gained >= use.form_tasks
    forms, most = 0, math.ceil(HORIZON.days / (use.every_days * lives))
    while forms < most and stock.fresh + forms * gained >= (forms + 1) * use.form_tasks:
        forms += 1
    rotations = forms * lives
    ends = start + timedelta(days=min(rotations * use.every_days, HORIZON.days))
    far = not use.groups or forms == most
    return Forecast(
        until=None if far else ends,
        rotations=rotations,
        turned_away=max(0, use.groups - caps.per_task),
        keeps_up=keeps_up,
    )


def rotations_per_form(use: Use, caps: Caps) -> int:
    """For how many rotations a form may be kept: c, and no longer than A days of age.

    Known answers (2026): c = 1: 1; c = 3, A = 120, every 91 days: 2.
    """
    return min(caps.per_group, math.floor(caps.max_age_days / use.every_days) + 1)


def per_quarter(rate_per_day: float) -> int:
    """A daily rate as whole tasks a quarter. Known answer: 2 a day are 183 (2026)."""
    return round(rate_per_day * DAYS_PER_QUARTER)
