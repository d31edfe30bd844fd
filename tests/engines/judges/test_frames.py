"""Frames arrive whole, in order and alone, or not at all."""

from __future__ import annotations

import os

import pytest

from benchserver.engines.judges import frames
from benchserver.engines.judges.wire import WireError


def _frame(text: bytes) -> bytes:
    return b"%08x" % len(text) + text


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"0000",
        b"0000000g{}",
        b"-0000002{}",
        b"00000003{}",
        b"ffffffff{}",
        _frame(b"{} {}"),
        _frame(b"NaN"),
        _frame(b"[Infinity]"),
        _frame(b"\xff"),
        _frame(b"'a'"),
        _frame(b"[" * 100_000),
        _frame(b"1" * 5_000),
    ],
)
def test_a_malformed_frame_is_refused(data: bytes) -> None:
    with pytest.raises(WireError):
        frames.unframe(data)


def test_frames_travel_through_a_pipe_and_its_end_is_told() -> None:
    reading, writing = os.pipe()
    frames.send(writing, {"id": 1})
    frames.send(writing, [2])
    os.close(writing)
    assert [frames.receive(reading), frames.receive(reading)] == [{"id": 1}, [2]]
    with pytest.raises(EOFError):
        frames.receive(reading)
    os.close(reading)


def test_a_frame_above_the_readers_limit_is_not_read() -> None:
    reading, writing = os.pipe()
    frames.send(writing, "x" * 100)
    with pytest.raises(WireError, match="large"):
        frames.receive(reading, 50)
    os.close(reading)
    os.close(writing)
