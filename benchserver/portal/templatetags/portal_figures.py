"""Integers as people read them: micro-USD as dollars, ten-thousandths as points.

Example: ``{{ 2500000|dollars }}`` is ``$2.50``, ``{{ 7083|points }}`` is ``70.8`` and
``{{ -850|signed_points }}`` is ``−8.5`` with a true minus.
"""

from __future__ import annotations

from decimal import Decimal

from django import template

register = template.Library()

MICRO = Decimal(10**6)


@register.filter
def dollars(micro: int | None) -> str:
    """Two decimals, more only for amounts that would otherwise vanish; a dash for none."""
    if micro is None:
        return "–"
    amount = Decimal(micro) / MICRO
    if amount and abs(amount) < Decimal("0.01"):
        return f"${amount.normalize():f}"
    return f"${amount:,.2f}"


@register.filter
def points(e4: int | None) -> str:
    """Ten-thousandths as percentage points with one decimal; a dash for none."""
    return "–" if e4 is None else f"{Decimal(e4) / 100:.1f}"


@register.filter
def signed_points(e4: int | None) -> str:
    """As ``points``, with its sign always written."""
    if e4 is None:
        return "–"
    return ("−" if e4 < 0 else "+") + points(abs(e4))


@register.filter
def bound_sign(bound: str) -> str:
    """``≥`` or ``≤`` before what is only a bound, as on the board; nothing before others."""
    return {"at_least": "≥ ", "at_most": "≤ "}.get(bound, "")


@register.filter
def grouped(number: int | None) -> str:
    """``21320`` as ``21,320``."""
    return "–" if number is None else f"{number:,}"


@register.filter
def fact(value: object) -> str:
    """A fact of the audit trail: a list as its words, anything else as it is."""
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
