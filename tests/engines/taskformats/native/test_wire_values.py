"""The wire format of cases: tags for what JSON lacks, and nothing else."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchserver.engines.taskformats.native import wire_values

PLAIN = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
FLOATS = st.floats().map(lambda number: {"$float": repr(number)})
TAGS = st.sampled_from([{"$int": "-0xff"}, {"$range": [0, 9, 2]}, {"$bytearray": "YQ=="}])
BYTES = st.binary(max_size=5).map(lambda b: {"$bytes": base64.b64encode(b).decode()})
KEYS = st.text(max_size=5).filter(lambda key: not key.startswith("$"))


def grow(inner: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    lists = st.lists(inner, max_size=3)
    tagged = st.builds(
        lambda tag, items: {tag: items},
        st.sampled_from(["$tuple", "$set", "$frozenset", "$deque"]),
        lists,
    )
    pairs = st.lists(st.lists(inner, min_size=2, max_size=2), max_size=3)
    return (
        lists
        | tagged
        | st.builds(lambda tag, p: {tag: p}, st.sampled_from(["$dict", "$ordered"]), pairs)
        | st.dictionaries(KEYS, inner, max_size=3)
    )


VALUES = st.recursive(PLAIN | FLOATS | TAGS | BYTES, grow, max_leaves=12)


@given(VALUES)
def test_every_well_formed_value_is_accepted(value: object) -> None:
    assert wire_values.problem_of(value) == ""


@given(VALUES)
def test_a_bad_tag_is_found_however_deep_it_lies(value: object) -> None:
    hidden = {"$tuple": [value, {"a": [{"$nope": 1}]}]}
    assert "unknown tag" in wire_values.problem_of(hidden)


@pytest.mark.parametrize(
    "value",
    [
        {"$set": 1},
        {"$dict": [[1]]},
        {"$dict": {"a": 1}},
        {"$float": 1.0},
        {"$float": ["nan"]},
        {"$float": "1e"},
        {"$float": "0x1"},
        {"$int": "12"},
        {"$range": [1, True, 1]},
        {"$bytes": 3},
        {"$handle": 3},
        0.5,
        {"$a": 1, "b": 2},
    ],
)
def test_a_tag_with_the_wrong_content_is_told(value: object) -> None:
    assert wire_values.problem_of(value)


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", '{"a": 1, "a": 2}', "[1", ""])
def test_what_is_not_strict_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        wire_values.loads(text)


def test_a_float_keeps_its_digits_behind_its_tag() -> None:
    assert wire_values.loads("[0.10, 1e3, -2]") == [{"$float": "0.10"}, {"$float": "1e3"}, -2]


def test_what_the_judges_would_refuse_as_too_deep_is_told_here() -> None:
    deep: object = 1
    for _ in range(wire_values.MAX_DEPTH):
        deep = {"$tuple": [deep]}
    assert wire_values.problem_of(deep) == ""
    assert wire_values.problem_of([deep]) == "nested too deep"
