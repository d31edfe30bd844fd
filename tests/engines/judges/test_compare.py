"""Right is right, by kind and by number; nothing the candidate says can bend the comparison."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchserver.core.errors import PlatformFault
from benchserver.engines.judges.compare import same, same_text


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (1, 1),
        (1.0, 1),
        ([1, (2, "a")], [1, (2, "a")]),
        ({"a": [1]}, {"a": [1]}),
        ({1, 2}, {2, 1}),
        (None, None),
        (True, True),
        (10**400, 10**400),
        (math.inf, math.inf),
    ],
)
def test_equal_plain_data_is_the_same(answer: Any, expected: Any) -> None:
    assert same(answer, expected)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (True, 1),
        (1, True),
        (0, False),
        ([1, 2], (1, 2)),
        ((1, 2), [1, 2]),
        ([True], [1]),
        ({"a": True}, {"a": 1}),
        ({"a": 1}, {"b": 1}),
        ([1], [1, 2]),
        ("1", 1),
        (None, 0),
        (b"a", "a"),
        ({1}, frozenset({1})),
        (math.nan, math.nan),
        (0.1 + 0.2, 0.3),
        (10**400, 1.0),
    ],
)
def test_other_kinds_and_other_values_are_not(answer: Any, expected: Any) -> None:
    assert not same(answer, expected)


def test_tolerance_reaches_into_containers_but_never_lets_nan_pass() -> None:
    assert same([0.1 + 0.2, {"x": 1.0000001}], [0.3, {"x": 1}], tolerance="1e-6")
    assert not same(1.1, 1.0, tolerance="1e-6")
    assert not same(math.nan, 1.0, tolerance="1e9")
    assert not same(math.inf, 1.0, tolerance="1e9")
    assert not same(10**400, 1.0, tolerance="1e9")
    assert not same(2, 1, tolerance="5"), "integers are exact"


@given(st.lists(st.text(st.sampled_from("ab1 ")), max_size=5))
def test_tokens_do_not_care_about_white_space(words: list[str]) -> None:
    assert same_text(" \n".join(words), "\t".join(words), comparator="tokens")


@pytest.mark.parametrize(
    ("answer", "expected", "comparator", "right"),
    [
        ("1 2\n", "1 2", "tokens", True),
        ("1 2 3", "1 2", "tokens", False),
        ("12", "1 2", "tokens", False),
        ("1 2\n", "1 2", "exact", False),
        ("1 2\n", "1 2\n", "exact", True),
        ("0.3000000001 yes", "0.3 yes", "float", True),
        ("3e-1", "0.3", "float", True),
        ("1000000.5", "1000000.0", "float", True),
        ("0.4", "0.3", "float", False),
        ("nan", "0.3", "float", False),
        ("inf", "0.3", "float", False),
        ("1e9999", "1e9999x", "float", False),
        ("1e9999", "1", "float", False),
        ("1_0", "10", "float", False),
        ("0x10", "16", "float", False),
        ("1" * 500, "1", "float", False),
        ("yes", "no", "float", False),
        ("", "0.3", "float", False),
    ],
)
def test_outputs_are_compared_by_the_tasks_rule(
    answer: str, expected: str, comparator: str, right: bool
) -> None:
    assert same_text(answer, expected, comparator=comparator) is right


def test_an_unknown_rule_is_our_fault() -> None:
    with pytest.raises(PlatformFault):
        same_text("a", "a", comparator="contains")
