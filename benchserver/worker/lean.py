"""A client that holds no database connection while it waits for an endpoint.

A hundred calls may wait for minutes, and the database should not keep a hundred connections for
them. Example: ``lean(client).send(...)`` gives the connection back before the call, takes one for
the last look before the first byte, and gives it back again.
"""

from __future__ import annotations

from collections.abc import Callable

from django.db import connection

from benchserver.engines.endpoints.base import EndpointClient, Generation, Reply, Target


class Lean:
    """Implements ``EndpointClient``; raises what the client within raises."""

    def __init__(self, client: EndpointClient):
        self.name = client.name
        self._client = client

    def send(
        self,
        target: Target,
        generation: Generation,
        *,
        before_first_byte: Callable[[], bool] | None = None,
    ) -> Reply:
        _let_go()
        asked = None if before_first_byte is None else _then_let_go(before_first_byte)
        return self._client.send(target, generation, before_first_byte=asked)


def lean(client: EndpointClient) -> EndpointClient:
    return Lean(client)


def _then_let_go(ask: Callable[[], bool]) -> Callable[[], bool]:
    def asked() -> bool:
        try:
            return ask()
        finally:
            _let_go()

    return asked


def _let_go() -> None:
    if not connection.in_atomic_block:  # never in the middle of somebody's transaction
        connection.close()
