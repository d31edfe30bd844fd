"""A protocol is immutable and its digest names the conditions, not the spelling (D18)."""

import dataclasses
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchserver.core.errors import BadInput
from benchserver.core.protocol import Protocol, from_payload
from benchserver.transparency.canonical import canonical

CHANGES = {
    "samples": 7,
    "temperature": "0",
    "top_p": "1",
    "max_tokens": 99,
    "deadline_seconds": 1,
    "template": "another",
    "extraction": "another",
}


def test_every_condition_changes_the_digest():
    assert CHANGES.keys() == {field.name for field in dataclasses.fields(Protocol)}
    digests = {Protocol(**{name: value}).digest for name, value in CHANGES.items()}
    assert len(digests | {Protocol().digest}) == len(CHANGES) + 1


def test_a_protocol_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Protocol().samples = 6  # type: ignore[misc]


@given(st.integers(1, 100), st.from_regex(r"[01]\.[0-9]{1,3}", fullmatch=True))
def test_the_payload_gives_the_protocol_back_and_holds_no_float(samples, temperature):
    protocol = Protocol(samples=samples, temperature=temperature)
    assert from_payload(protocol.to_payload()) == protocol
    # the log's canonical form, which refuses floats, hashes to the same digest
    assert hashlib.sha256(canonical(protocol.to_payload())).hexdigest() == protocol.digest


@pytest.mark.parametrize(
    "wrong",
    [
        {"samples": 0},
        {"samples": "5"},
        {"samples": True},
        {"max_tokens": 0},
        {"deadline_seconds": 86_400},
        {"temperature": 0.8},
        {"temperature": "warm"},
        {"temperature": "2.5"},
        {"top_p": "1.1"},
        {"template": "2"},
        {"extraction": "0"},
    ],
)
def test_a_protocol_no_run_could_honour_makes_no_board(wrong):
    with pytest.raises(BadInput) as refusal:
        from_payload({**Protocol().to_payload(), **wrong}).require_runnable()
    assert refusal.value.place in wrong


def test_the_default_and_a_protocol_that_leaves_sampling_to_the_model_can_run():
    Protocol().require_runnable()
    from_payload({"temperature": "", "top_p": ""}).require_runnable()
    assert Protocol().samples >= 1
