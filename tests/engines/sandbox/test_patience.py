"""Waiting by choice ends as a hang, a starved host as nobody's verdict, on every engine alike."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchserver.engines.sandbox.base import BoxRequest, Ending
from benchserver.engines.sandbox.patience import may_end, stop_group, verdict_of_waiting


def request(*, cpu: float = 10.0, wall: float = 60.0) -> BoxRequest:
    return BoxRequest(argv=("x",), cpu_seconds=cpu, wall_seconds=wall)


@pytest.mark.parametrize(
    ("elapsed", "wanted", "verdict"),
    [
        (6.9, 0.0, None),
        (7.1, 0.0, Ending.IDLE_LIMIT),
        (30.0, 29.0, None),
        (61.0, 3.0, Ending.IDLE_LIMIT),
        (61.0, 58.0, Ending.STARVED),
    ],
)
def test_a_limit_of_ten_seconds_is_seven_of_waiting(
    elapsed: float, wanted: float, verdict: Ending | None
) -> None:
    assert verdict_of_waiting([request()], elapsed=elapsed, wanted=wanted) is verdict


seconds = st.floats(0, 300)


@given(elapsed=seconds, share=st.floats(0, 1), cpu=st.floats(0.1, 60), wall=st.floats(1, 200))
def test_a_verdict_is_never_given_before_it_may_be(
    elapsed: float, share: float, cpu: float, wall: float
) -> None:
    requests = [request(cpu=cpu, wall=wall)]
    if verdict_of_waiting(requests, elapsed=elapsed, wanted=share * elapsed):
        assert may_end(requests, elapsed=elapsed)


@given(elapsed=seconds, wanted=seconds, more=seconds)
def test_who_wanted_more_is_never_blamed_more(elapsed: float, wanted: float, more: float) -> None:
    calm, busy = (
        verdict_of_waiting([request()], elapsed=elapsed, wanted=each)
        for each in (wanted, wanted + more)
    )
    if busy is Ending.IDLE_LIMIT:
        assert calm is Ending.IDLE_LIMIT


class Box:
    def __init__(self) -> None:
        self.request, self.verdict = request(), None

    def stop(self, verdict: Ending | None) -> None:
        self.verdict = verdict  # type: ignore[assignment]


def test_of_a_pair_the_last_is_the_idle_one_and_both_were_starved() -> None:
    pair = [Box(), Box()]
    stop_group(pair, Ending.IDLE_LIMIT)
    assert [box.verdict for box in pair] == [Ending.SIGNALLED, Ending.IDLE_LIMIT]
    stop_group(pair, Ending.STARVED)
    assert [box.verdict for box in pair] == [Ending.STARVED, Ending.STARVED]
