"""Statements that leave together: all of them hold, or none, and whoever waits for the commit hears
of it only when it is true."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import IntegrityError, connection, transaction

from benchserver.audit.prepared import atomically, rows, run, send

pytestmark = pytest.mark.django_db(transaction=True)
ADD = "INSERT INTO kept (id, other) VALUES (%s, %s)"
ALL = "SELECT id FROM kept ORDER BY id"


class Unwell(Exception):
    """Raised in the middle of things."""


@pytest.fixture(autouse=True)
def table() -> Iterator[None]:
    """``other`` must be a row when the transaction ends, not sooner."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE kept (id int PRIMARY KEY,"
            " other int REFERENCES kept DEFERRABLE INITIALLY DEFERRED)"
        )
        yield
        cursor.execute("DROP TABLE kept")


def kept() -> list[int]:
    return [row[0] for row in rows(ALL)]


def test_what_was_left_to_the_end_is_committed_with_what_was_asked_before():
    done: list[list[int]] = []
    with atomically():
        transaction.on_commit(lambda: done.append(kept()))
        run(ADD, [1, None])
        assert kept() == [1]
        run(ADD, [2, 1])
        run(ADD, [3, 4])
        run(ADD, [4, 1])
    assert done == [[1, 2, 3, 4]]
    transaction.set_autocommit(True)
    assert not connection.in_atomic_block
    assert kept() == [1, 2, 3, 4]


def test_the_commit_is_no_message_of_its_own(monkeypatch):
    """Django's own commit finds nothing to do."""
    found: list[int] = []
    commit = connection.connection.commit
    status = connection.connection.info

    def noted() -> None:
        found.append(status.transaction_status)
        commit()

    monkeypatch.setattr(connection.connection, "commit", noted)
    with atomically():
        run(ADD, [1, None])
    assert found == [0]  # idle: it has ended
    assert kept() == [1]


@pytest.mark.parametrize("last", [(1, None), (2, 9)], ids=["refused at once", "at the commit"])
def test_when_one_of_the_last_is_refused_nothing_holds_and_nobody_is_told(last):
    done: list[str] = []

    def keep() -> None:
        with atomically():
            transaction.on_commit(lambda: done.append("committed"))
            run(ADD, [1, None])
            send()
            run(ADD, [5, None])
            run(ADD, last)
            run(ADD, [6, None])

    with pytest.raises(IntegrityError):
        keep()
    assert done == []
    assert kept() == []
    with atomically():
        run(ADD, [7, None])
    assert kept() == [7]


def test_a_block_that_raises_sends_nothing_of_what_waited():
    def keep() -> None:
        with atomically():
            run(ADD, [1, None])
            send()
            run(ADD, [2, None])
            raise Unwell

    with pytest.raises(Unwell):
        keep()
    assert kept() == []


def test_inside_somebody_elses_transaction_it_ends_with_that_one():
    def keep() -> None:
        with transaction.atomic():
            with atomically():
                run(ADD, [1, None])
            assert kept() == [1]
            raise Unwell

    with pytest.raises(Unwell):
        keep()
    assert kept() == []
