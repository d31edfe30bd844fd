"""Right is right, by kind and by number; nothing the candidate says can bend the comparison."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchserver.core.errors import PlatformFault
from benchserver.core.task import Blanks, Letters, ProgramCases
from benchserver.engines.judges.compare import right_output, same, same_text


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


def rule(**fields: Any) -> ProgramCases:
    return ProgramCases(cases=(), **fields)


ABSOLUTE = rule(comparator="float", tolerance="0.01", relative_tolerance="0")
RELATIVE = rule(comparator="float", tolerance="0", relative_tolerance="0.01")


@pytest.mark.parametrize(
    ("answer", "expected", "tests", "right"),
    [
        ("YES no", "yes NO", rule(letters=Letters.ANY_CASE), True),
        ("YES no", "yes NO", rule(), False),
        ("yes no", "yes  no", rule(blanks=Blanks.KEPT), False),
        ("yes no", "yes no\n", rule(blanks=Blanks.KEPT), False),
        (" yes", "yes", rule(blanks=Blanks.KEPT), False),
        (" yes", "yes ", rule(blanks=Blanks.KEPT), False),
        ("yes no\n", "yes no\n", rule(blanks=Blanks.KEPT), True),
        ("a b", "a bb", rule(blanks=Blanks.KEPT), False),
        ("1000.005", "1000", ABSOLUTE, True),
        ("1005", "1000", ABSOLUTE, False),
        ("1005", "1000", RELATIVE, True),
        ("0.005", "0", RELATIVE, False),
        ("-1005", "-1000", RELATIVE, True),
        ("NaN", "nan", ABSOLUTE, False),
        ("NAN", "nan", rule(comparator="float", letters=Letters.ANY_CASE), True),
        ("-inf", "inf", ABSOLUTE, False),
        ("1E+2", "1e2", rule(comparator="float", letters=Letters.ANY_CASE), True),
    ],
)
def test_each_part_of_a_rule_decides_for_itself(
    answer: str, expected: str, tests: ProgramCases, right: bool
) -> None:
    assert right_output(answer, tests, expected) is right


NUMBERS = st.floats(min_value=-1e12, max_value=1e12, allow_nan=False)


@given(NUMBERS, NUMBERS, st.sampled_from(["0", "1e-9", "0.5", "1e3"]))
def test_close_is_exactly_what_the_tolerances_say(a: float, b: float, eps: str) -> None:
    absolute = rule(comparator="float", tolerance=eps, relative_tolerance="0")
    relative = rule(comparator="float", tolerance="0", relative_tolerance=eps)
    assert right_output(repr(a), absolute, repr(b)) is (abs(a - b) <= float(eps))
    assert right_output(repr(a), relative, repr(b)) is (abs(a - b) <= float(eps) * abs(b))


@given(st.text(max_size=20), st.sampled_from(["tokens", "exact", "float"]))
def test_every_text_is_as_good_as_itself_under_every_rule(text: str, comparator: str) -> None:
    for letters in Letters:
        for blanks in Blanks:
            tests = rule(comparator=comparator, letters=letters, blanks=blanks)
            assert right_output(text, tests, text)


@given(st.text(max_size=12), st.text(max_size=12))
def test_a_stricter_rule_never_lets_more_through(answer: str, expected: str) -> None:
    for comparator in ("tokens", "float"):
        free = rule(comparator=comparator, letters=Letters.ANY_CASE)
        for letters, blanks in ((Letters.EXACT, Blanks.FREE), (Letters.ANY_CASE, Blanks.KEPT)):
            strict = rule(comparator=comparator, letters=letters, blanks=blanks)
            if right_output(answer, strict, expected):
                assert right_output(answer, free, expected)


@pytest.mark.parametrize("odd", ["nan", "inf", "-inf", "1e999", "9" * 401, "0x1p3", "1_000", "Ⅷ"])
def test_odd_numbers_are_close_to_nothing(odd: str) -> None:
    for tests in (ABSOLUTE, RELATIVE, rule(comparator="float", tolerance="1e300")):
        assert not right_output(odd, tests, "1")
        assert not right_output("1", tests, odd)
