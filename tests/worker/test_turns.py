"""Slow endpoints take threads, never so many that another endpoint gets none of its share."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from benchserver.worker.turns import Turns


def taken(turns: Turns, key: str, wished: int) -> int:
    return sum(turns.take(key) for _ in range(wished))


def test_one_endpoint_alone_has_all_threads() -> None:
    assert taken(Turns(128), "a", 200) == 128


def test_thirty_endpoints_that_never_answer_leave_a_good_one_its_share() -> None:
    turns = Turns(128)
    for number in range(30):
        assert taken(turns, f"hostile {number}", 4)
    assert taken(turns, "good", 4) == 4


def test_a_refused_one_is_called_again_when_a_thread_is_free() -> None:
    turns = Turns(8)
    assert taken(turns, "greedy", 6) == 6
    assert turns.take("other")
    assert not turns.take("greedy")
    assert turns.give_back("other") == "greedy"
    assert turns.take("greedy")
    assert turns.give_back("greedy") == ""


ACTS = st.lists(st.tuples(st.booleans(), st.sampled_from("abcdef")), max_size=120)


@given(st.integers(4, 40), ACTS)
def test_whatever_happens_whoever_holds_nothing_gets_a_free_thread(
    threads: int, acts: list[tuple[bool, str]]
) -> None:
    turns, busy = Turns(threads), dict.fromkeys("abcdef", 0)
    for takes, key in acts:
        if takes and sum(busy.values()) < threads:
            allowed = turns.take(key)
            assert allowed or busy[key]
            busy[key] += allowed
        elif not takes and busy[key]:
            turns.give_back(key)
            busy[key] -= 1
    assert sum(busy.values()) <= threads


def test_a_job_goes_on_by_itself_only_while_threads_are_idle_and_the_worker_serves():
    turns = Turns(4)
    assert not turns.may_go_on(), "outside a worker every attempt is a call of its own"
    turns.serving = True
    assert turns.take("a")
    assert turns.may_go_on()
    assert turns.take("b")
    assert not turns.may_go_on(), "half of the threads work: messages of others come first"
    turns.give_back("b")
    assert turns.may_go_on()
    turns.serving = False
    assert not turns.may_go_on(), "a worker that is told to stop begins nothing more"
