"""The gate's misbehaviour is what the scenarios take it for."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator

import pytest

from benchserver.engines.endpoints.reference_server import Behaviour, ReferenceEndpoint
from tests.faults.gate import Gate
from tests.faults.stage import PERSONA, book, right

PROMPT = "Write add_7(x): x plus 7."


@pytest.fixture
def gate() -> Iterator[Gate]:
    with ReferenceEndpoint(book(), Behaviour(persona=PERSONA)) as reference:
        made = Gate(reference.port, right=right)
        yield made
        made.close()


def ask(gate: Gate, *, key: str) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", gate.port, timeout=1)
    body = {"model": "m", "messages": [{"role": "user", "content": PROMPT}]}
    connection.request("POST", "/v1/chat/completions", json.dumps(body), {"Idempotency-Key": key})
    return connection.getresponse().read()


def test_each_request_is_written_down_with_its_bill(gate: Gate):
    usage = json.loads(ask(gate, key="k1"))["usage"]
    (seen,) = gate.log
    assert (seen.key, seen.right) == ("k1", right(PROMPT))
    assert seen.tokens == (usage["prompt_tokens"], usage["completion_tokens"])
    assert seen.ended


def test_a_cut_answer_ends_in_the_middle_and_the_next_is_whole(gate: Gate):
    gate.cut = 1
    with pytest.raises(http.client.IncompleteRead):
        ask(gate, key="k1")
    ask(gate, key="k2")
    assert [seen.ended is None for seen in gate.log] == [True, False]


def test_a_shut_gate_lets_no_connection_in_until_it_is_opened(gate: Gate):
    gate.shut()
    with pytest.raises(TimeoutError):
        socket.create_connection(("127.0.0.1", gate.port), 0.5)
    gate.open()
    ask(gate, key="k1")
    assert [seen.key for seen in gate.log] == ["k1"]
