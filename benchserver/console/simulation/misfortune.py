"""A store that dies at the worst moment: before a commit, right after it, or with a full disk.

It wraps any store of the engine, so memory and Postgres suffer alike. Example: ``Died`` raised
after the commit leaves the change in the store and a worker that never hears of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

from benchserver.console.simulation.scenario import Luck
from benchserver.core.engine.facts import Claim
from benchserver.core.engine.store import Store, Transaction


class Died(Exception):
    """The process is gone."""


class DiskFull(Exception):
    """The database refused to write; the process lives."""


class UnluckyStore:
    """``Store`` with ``luck`` that may be changed while it is used."""

    def __init__(self, inner: Store, dice: Random, luck: Luck) -> None:
        self.inner = inner
        self.luck = luck
        self.full = False  # the disk is full for a while
        self._dice = dice

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        fate = self._dice.random()
        luck = self.luck
        with self.inner.transaction() as tx:
            yield tx
            if self.full or fate < luck.disk_full:
                raise DiskFull
            if fate > 1 - luck.dies_before_commit:
                raise Died
        if self._dice.random() < luck.dies_after_commit:
            raise Died

    claiming = at_once = transaction

    def mine(self, claim: Claim) -> bool:
        return self.inner.mine(claim)
