"""A form: the frozen list of tasks that every model of a rotation meets.

Public control tasks and private ones are mixed in one random order, so that an endpoint cannot
tell them apart by place (D17), and each evaluation walks the same form in an order of its own.
Example: two evaluations of one rotation have equal sets and nearly always unequal orders; asking
again with the same seed gives the same order, on any Python.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass

from benchserver.core.errors import BadInput
from benchserver.core.task import Split


@dataclass(frozen=True, slots=True, kw_only=True)
class FormEntry:
    """``position``: 0-based place in the form, for good; an evaluation's order leaves it alone."""

    position: int
    version_id: str
    split: Split


@dataclass(frozen=True, slots=True)
class Form:
    entries: tuple[FormEntry, ...]

    def of_split(self, split: Split) -> tuple[FormEntry, ...]:
        return tuple(entry for entry in self.entries if entry.split is split)


def freeze(chosen: Mapping[str, Split], *, seed: str) -> Form:
    """The form of these versions; the order depends on ids and seed only, not on the mapping's.

    Raises ``BadInput`` when nothing is chosen or the seed is empty (an order anyone can guess).
    """
    if not chosen:
        raise BadInput("a form needs at least one task", place="form")
    _check_seed(seed)
    order = sorted(chosen, key=lambda version: _lot(seed, "form", version))
    return Form(
        tuple(
            FormEntry(position=position, version_id=version, split=chosen[version])
            for position, version in enumerate(order)
        )
    )


def order_for(form: Form, *, evaluation_seed: str) -> tuple[FormEntry, ...]:
    """The entries in the order one evaluation sends them. Raises ``BadInput`` on an empty seed."""
    _check_seed(evaluation_seed)
    lots = {e: _lot(evaluation_seed, "evaluation", e.version_id) for e in form.entries}
    return tuple(sorted(form.entries, key=lots.__getitem__))


def _lot(seed: str, purpose: str, version_id: str) -> bytes:
    """A keyed hash as lot: the same everywhere, unlike the draws of a library's generator."""
    message = f"{purpose}\n{version_id}".encode()
    return hmac.new(seed.encode(), message, hashlib.sha256).digest()


def _check_seed(seed: str) -> None:
    if not seed:
        raise BadInput("an empty seed gives an order anyone can compute", place="seed")
