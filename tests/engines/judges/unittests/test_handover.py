"""The supervisor believes the returned nonce and nothing else that a box says."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchserver.engines.judges.unittests.handover import Word, hand_over, read_list

Box = Callable[[int, int], None]


def talk(box: Box, ours: Callable[[int, int], object] = hand_over) -> object:
    """``ours`` against ``box``, a function with (reading, writing) ends of its own."""
    (there, we_write), (we_read, back) = os.pipe(), os.pipe()

    def run() -> None:
        box(there, back)
        os.close(back)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        return ours(we_read, we_write)
    finally:
        thread.join()
        for end in (there, we_write, we_read):
            os.close(end)


def honest(reading: int, writing: int) -> None:
    os.write(writing, b"done\n")
    os.write(writing, os.read(reading, 32))


def test_the_nonce_is_handed_over_after_the_word_and_has_to_come_back() -> None:
    assert talk(honest) is Word.RETURNED


@pytest.mark.parametrize(
    ("said", "word"),
    [
        (b"", Word.NOTHING),
        (b"done\n", Word.NOTHING),
        (b"done\n" + b"0" * 32, Word.NOTHING),
        (b"failed\n", Word.FAILED),
        (b"passed\n", Word.NOTHING),
        (b"ok 1\nok 2\n", Word.NOTHING),
        (b"x" * 100, Word.NOTHING),
    ],
)
def test_other_words_are_no_pass(said: bytes, word: Word) -> None:
    assert talk(lambda reading, writing: _say(writing, said)) is word


def _say(writing: int, said: bytes) -> None:
    os.write(writing, said)


def test_a_word_more_than_the_nonce_is_no_pass() -> None:
    def chatty(reading: int, writing: int) -> None:
        honest(reading, writing)
        os.write(writing, b"!")

    assert talk(chatty) is Word.NOTHING


def test_an_old_nonce_is_no_pass() -> None:
    seen: list[bytes] = []

    def keep(reading: int, writing: int) -> None:
        os.write(writing, b"done\n")
        seen.append(os.read(reading, 32))
        os.write(writing, seen[0])

    assert (talk(keep), talk(keep)) == (Word.RETURNED, Word.NOTHING)


@given(st.binary(max_size=60))
def test_no_bytes_break_the_list(said: bytes) -> None:
    names = talk(lambda reading, writing: _say(writing, said), read_list)
    assert isinstance(names, tuple)


def test_a_list_is_a_list_of_names() -> None:
    assert talk(lambda r, w: _say(w, b'["a", "b", "a"]'), read_list) == ("a", "b")
    assert talk(lambda r, w: _say(w, b'["a", 1]'), read_list) == ()
