"""Protocols by name."""

from __future__ import annotations

import pytest

from benchserver.core.errors import BadInput
from benchserver.engines.endpoints.address import AddressPolicy
from benchserver.engines.endpoints.registry import PROTOCOLS, client
from benchserver.engines.endpoints.transport import Transport


def test_every_known_protocol_makes_a_client() -> None:
    transport = Transport(policy=AddressPolicy())
    assert {"openai_chat", "openai_chat_completion_tokens"} <= set(PROTOCOLS)
    for name in PROTOCOLS:
        assert callable(client(name, transport).send)


def test_an_unknown_protocol_lists_the_known_ones() -> None:
    with pytest.raises(BadInput, match="openai_chat") as refused:
        client("telepathy", Transport(policy=AddressPolicy()))
    assert refused.value.place == "protocol"
