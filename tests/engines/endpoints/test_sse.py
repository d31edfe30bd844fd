"""Event streams, in whatever pieces they come."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchserver.engines.endpoints.pinned import Stopped, TransportLimits
from benchserver.engines.endpoints.sse import Event, EventReader
from tests.engines.endpoints.played import cut

LIMITS = TransportLimits(event_bytes=100, events=20)
STREAM = (
    b"\xef\xbb\xbf: a comment\r\n"
    b"event: first\r\ndata: one\r\n\r\n"
    b"data:two\ndata: more\nid: 7\nretry: 5\nunknown: x\n\n"
    b"event: nothing\n\n"
    b"data\r\rdata: \xc3\xbc\r\r"
    b"data: never ended\n"
)
EVENTS = [Event("first", b"one"), Event("", b"two\nmore"), Event("", b""), Event("", b"\xc3\xbc")]


def read(raw: bytes, at: list[int] | None = None, limits: TransportLimits = LIMITS) -> list[Event]:
    reader = EventReader(limits)
    return [event for piece in cut(raw, at or []).pieces for event in reader.feed(piece)]


@given(st.lists(st.integers(0, len(STREAM)), max_size=30))
def test_any_cuts_give_the_same_events_and_an_open_one_is_none(at: list[int]) -> None:
    assert read(STREAM, at) == EVENTS


def test_byte_by_byte_is_the_same_too() -> None:
    assert read(STREAM, list(range(len(STREAM)))) == EVENTS


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=10))
def test_any_bytes_give_the_same_in_any_cuts(raw: bytes, at: list[int]) -> None:
    def outcome(places: list[int]) -> list[Event] | str:
        try:
            return read(raw, places)
        except Stopped as stopped:
            return stopped.code

    assert outcome(at) == outcome([])


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"data: " + b"x" * 200, "event_too_large"),
        (b"data: xxxxxxxxx\n" * 20, "event_too_large"),
        (b"x" * 200, "event_too_large"),
        (b"data: 1\n\n" * 21, "too_many_events"),
        (b"\n" * 100, "too_many_events"),
        (b": still here\n" * 100, "too_many_events"),
    ],
)
def test_a_stream_that_will_not_end_is_left(raw: bytes, code: str) -> None:
    with pytest.raises(Stopped) as stopped:
        read(raw)
    assert stopped.value.code == code


def test_nothing_of_an_event_shows_in_its_repr() -> None:
    assert "secret" not in repr(Event("secret", b"secret"))
