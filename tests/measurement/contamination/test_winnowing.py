"""Copied code is found under other names; alike code that the task forces is not a copy."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from benchserver.measurement.contamination.winnowing import (
    K,
    Overlap,
    W,
    flagged,
    hashes,
    leaked_literals,
    longest_run,
    overlap,
    winnow,
)

LINE = [77, 72, 42, 17, 98, 50, 17, 98, 8, 88, 67, 39, 77, 72, 42, 17, 98]
CODE = """
def rolling(values, width):
    total, out = 0, []
    for place, value in enumerate(values):
        total += value
        if place >= width:
            total -= values[place - width]
        out.append(total / min(place + 1, width))
    return out
"""
OTHER = """
def rolling(values, width):
    return [sum(values[max(0, i - width + 1) : i + 1]) for i in range(len(values))]
"""
NUMBERS = st.lists(st.integers(0, 50), max_size=60)
TOKENS = st.lists(st.sampled_from("abcde"), max_size=40)


def renamed(code: str) -> str:
    for old, new in (("rolling", "f"), ("values", "xs"), ("width", "n"), ("total", "acc")):
        code = code.replace(old, new)
    return code.replace("place", "k").replace("value", "one")


def test_the_hash_line_of_the_paper_keeps_the_known_places() -> None:
    assert winnow(LINE, 4) == [(17, 3), (17, 6), (8, 8), (39, 11), (17, 15)]


@given(NUMBERS, st.integers(1, 8))
def test_every_window_has_one_of_its_smallest_kept(values: list[int], window: int) -> None:
    kept = dict((place, value) for value, place in winnow(values, window))
    for start in range(len(values) - window + 1):
        inside = [kept[p] for p in range(start, start + window) if p in kept]
        assert min(values[start : start + window]) in inside


@given(TOKENS, TOKENS, st.lists(st.sampled_from("abcde"), min_size=W + K - 1, max_size=20))
def test_a_shared_run_of_w_plus_k_less_1_is_always_caught(before, after, run) -> None:
    one = {h for h, _ in winnow(hashes([*before, *run]))}
    other = {h for h, _ in winnow(hashes([*run, *after]))}
    assert one & other


@given(TOKENS, TOKENS)
def test_equal_runs_have_equal_hashes_wherever_they_stand(before: list, run: list) -> None:
    alone = hashes(run)
    moved = hashes([*before, *run])
    assert moved[len(moved) - len(alone) :] == alone


@given(TOKENS, TOKENS)
def test_the_longest_run_is_the_one_found_by_trying_all(first: list, second: list) -> None:
    text = "".join(second)
    tried = max(
        (
            j - i
            for i in range(len(first))
            for j in range(i, len(first) + 1)
            if "".join(first[i:j]) in text
        ),
        default=0,
    )
    assert longest_run(first, second) == tried


def test_a_renamed_copy_contains_everything_and_another_algorithm_little() -> None:
    copy = overlap(renamed(CODE), CODE)
    assert copy.containment == 1.0
    assert copy.run >= 30
    own = overlap(OTHER, CODE)
    assert own.containment < 0.3
    assert own.run < 30


def test_a_copy_inside_a_long_reply_is_still_a_copy() -> None:
    padded = OTHER.replace("rolling", "unused") + renamed(CODE) + "\nprint(1)\n"
    assert overlap(padded, CODE).containment > 0.9


def test_code_that_is_no_python_is_compared_too() -> None:
    code = "func add(a int, b int) int { total := a; for b > 0 { total++; b-- }; return total }"
    assert overlap(code.replace("total", "x"), code).containment == 1.0


def test_a_flag_needs_much_a_long_run_and_more_than_the_panel() -> None:
    much = Overlap(containment=0.8, run=40)
    assert flagged(much, [0.1] * 20)
    assert not flagged(much, [0.1] * 19 + [0.9])
    assert not flagged(much, [])
    assert not flagged(Overlap(containment=0.8, run=29), [0.1])
    assert not flagged(Overlap(containment=0.59, run=40), [0.1])


def test_a_hidden_literal_in_a_reply_counts_unless_the_statement_shows_it() -> None:
    tests = "assert f('zanzibar-7741') == 90210443 and f('shown-literal') == 12"
    reply = "TABLE = {'zanzibar-7741': 90210443, 'shown-literal': 12}"
    assert leaked_literals(reply, tests=tests, shown="Try shown-literal.") == 2
    assert leaked_literals("def f(x): return 12", tests=tests, shown="") == 0
