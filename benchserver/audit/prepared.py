"""Statements that an attempt needs a dozen times: the server parses and plans each once per
connection, and inside ``atomically`` what only acts waits for the next question and leaves with it.

Example: ``with atomically(): run(INSERT, a); run(UPDATE, b)`` is one message, commit and all; an
error of either is raised at the end of the block, or at the first ``rows`` after it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

Facts = Sequence[Any] | Mapping[str, Any]
Rows = list[tuple[Any, ...]]
_COMMIT: tuple[str, Facts] = ("COMMIT", ())

# At the end of a statement's RETURNING or SELECT: the commit does not wait for the disk. Whoever
# adds it says which later commit, one that does wait, carries it along.
MAY_BE_LOST = ", set_config('synchronous_commit', 'off', true)"


class _Waiting(threading.local):
    """Statements that this thread has not sent yet; None outside of ``atomically``."""

    statements: list[tuple[str, Facts]] | None = None


_waiting = _Waiting()


def rows(sql: str, facts: Facts = ()) -> Rows:
    """What one statement answers. Raises Django's database errors, as all of this module does."""
    return _asked((sql, facts))[0]


def both(first: tuple[str, Facts], second: tuple[str, Facts]) -> tuple[Rows, Rows]:
    """Two questions in one message; the second begins when the first has its answer."""
    one, other = _asked(first, second)
    return one, other


def run(sql: str, facts: Facts = ()) -> None:
    """One statement that nobody asks for an answer."""
    if _waiting.statements is None:
        here = _connected()
        with here.wrap_database_errors:
            _executed(here.connection, sql, facts)
    else:
        _waiting.statements.append((sql, facts))


def send() -> None:
    """Send what waits now: before others look at or change the same rows by their own means."""
    _asked()


@contextmanager
def atomically() -> Iterator[None]:
    """A transaction: what is ``run`` in it is sent with the next question, the rest at its end and
    with its commit. When the block raises, the rest is never sent."""
    nested = connections[DEFAULT_DB_ALIAS].in_atomic_block
    with transaction.atomic():
        outer, _waiting.statements = _waiting.statements, []
        try:
            yield
            if _waiting.statements and not nested:
                # Django then finds no transaction that it would have to commit. Was one of the
                # statements refused, this is, too, and Django rolls back.
                _waiting.statements.append(_COMMIT)
            send()
        finally:
            _waiting.statements = outer


def _asked(*questions: tuple[str, Facts]) -> list[Rows]:
    waiting = [] if _waiting.statements is None else _waiting.statements
    if not waiting and not questions:
        return []
    here = _connected()
    every = [*waiting, *questions]
    waiting.clear()
    with here.wrap_database_errors:
        if len(every) == 1:
            cursors = [_executed(here.connection, *every[0])]
        else:
            with here.connection.pipeline():
                cursors = [_executed(here.connection, *each) for each in every]
        return [cursor.fetchall() for cursor in cursors[len(every) - len(questions) :]]


def _executed(on: Any, sql: str, facts: Facts) -> psycopg.Cursor[tuple[Any, ...]]:
    """A cursor of its own each: answers that are still to come belong to the one that asked."""
    cursor: psycopg.Cursor[tuple[Any, ...]] = psycopg.Cursor(on)
    return cursor.execute(sql.encode(), facts, prepare=True)


def _connected() -> BaseDatabaseWrapper:
    """This thread's connection, looked up once: ``django.db.connection`` does so at each dot."""
    here = connections[DEFAULT_DB_ALIAS]
    here.validate_no_broken_transaction()
    here.close_if_health_check_failed()
    here.ensure_connection()
    return here
