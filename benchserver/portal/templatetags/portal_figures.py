"""Integers as people read them: micro-USD as dollars, ten-thousandths as points.

Example: ``{{ 2500000|dollars }}`` is ``$2.50`` and ``{{ 7083|points }}`` is ``70.8``.
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
