"""Frames arrive whole however they are cut, and writing never blocks or loses an end-of-file."""

from __future__ import annotations

import os
import socket

from hypothesis import given
from hypothesis import strategies as st

from benchserver.engines.sandbox.docker.streams import DOCKER, KEEPER, Frames, Outlet, receive

WORDS = st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=300)), max_size=8)


@given(words=WORDS, cuts=st.lists(st.integers(1, 40), max_size=40))
def test_frames_come_out_as_they_went_in_however_the_stream_is_cut(
    words: list[tuple[int, bytes]], cuts: list[int]
) -> None:
    for head in (DOCKER, KEEPER):
        stream = b"".join(head.pack(kind, len(data)) + data for kind, data in words)
        frames, found = Frames(head), []
        for size in cuts:
            found += frames.feed(stream[:size])
            stream = stream[size:]
        assert found + frames.feed(stream) == words


def test_a_slow_reader_gets_all_and_then_the_end() -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    outlet = Outlet(writing)
    outlet.give(b"x" * 300_000)
    outlet.finish()
    got = 0
    while data := _pumped(outlet, reading):
        got += len(data)
    assert got == 300_000
    assert outlet.closed
    os.close(reading)


def _pumped(outlet: Outlet, reading: int) -> bytes:
    if outlet.waiting:
        outlet.pump()
    return os.read(reading, 50_000)


def test_what_a_gone_reader_did_not_take_is_dropped() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    outlet = Outlet(writing)
    outlet.give(b"unheard")
    outlet.pump()
    assert outlet.closed
    assert not outlet.waiting
    outlet.give(b"more")
    assert not outlet.waiting


def test_of_a_socket_only_our_half_is_closed() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        outlet = Outlet(ours)
        outlet.finish()
        assert theirs.recv(1) == b""
        assert receive(ours) is None
        theirs.sendall(b"answer")
        assert receive(ours) == b"answer"
        theirs.close()
        assert receive(ours) == b""
