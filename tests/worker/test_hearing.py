"""A worker is taken for deaf only while messages wait, it is free, and nothing reaches it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchserver.worker.hearing import Suspicion


def deaf_at(looks: list[tuple[float, int, int, bool]], *, patience: float = 180) -> float | None:
    """When the looks (time, waiting, heard, free) end the worker, if they do."""
    suspicion = Suspicion(patience)
    for now, waiting, heard, free in looks:
        if suspicion.look(now, waiting=waiting, heard=heard, free=free):
            return now
    return None


def test_silence_beside_a_full_queue_ends_a_worker_after_its_patience() -> None:
    assert deaf_at([(t, 3, 7, True) for t in range(0, 300, 15)]) == 195


@pytest.mark.parametrize("cure", [(90, 0, 7, True), (90, 3, 8, True), (90, 3, 7, False)])
def test_an_empty_queue_a_message_or_busy_hands_begin_anew(
    cure: tuple[float, int, int, bool],
) -> None:
    looks = [(float(t), 3, 7, True) for t in range(0, 255, 15)]
    heard = cure[2]
    looks = [cure if t == 90 else (t, w, heard if t > 90 else h, f) for t, w, h, f in looks]
    assert deaf_at(looks) is None


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.booleans()), max_size=60))
def test_whoever_hears_something_within_its_patience_lives(
    looks: list[tuple[int, bool, bool]],
) -> None:
    heard, told = 0, []
    for number, (waiting, hears, free) in enumerate(looks):
        heard += hears or number % 12 == 0
        told.append((number * 15.0, waiting, heard, free))
    assert deaf_at(told) is None
