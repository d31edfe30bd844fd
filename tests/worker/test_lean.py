"""A call holds no database connection while it waits, and the last look still has one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from benchserver.providers.models import Provider
from benchserver.worker.lean import lean


class Waiting:
    """A client that notes whether a connection was held at each moment of the call."""

    name = "waiting"

    def __init__(self) -> None:
        self.held: list[bool] = []

    def send(self, target: Any, generation: Any, *, before_first_byte: Callable[[], bool]) -> Any:
        self.held.append(connection.connection is not None)
        allowed = before_first_byte()
        self.held.append(connection.connection is not None)
        return allowed


@pytest.mark.django_db(transaction=True)
def test_nothing_is_held_before_and_after_the_last_look() -> None:
    client = Waiting()
    assert Provider.objects.count() == 0  # a connection is open now
    sent: Any = lean(client).send(
        None, None, before_first_byte=lambda: Provider.objects.count() == 0
    )
    assert (sent, client.held) == (True, [False, False])


@pytest.mark.django_db(transaction=True)
def test_a_callers_transaction_is_left_alone() -> None:
    client = Waiting()
    with transaction.atomic():
        lean(client).send(None, None, before_first_byte=lambda: True)
    assert client.held == [True, True]
