"""Plain data survives the wall exactly, kind by kind; everything else is refused."""

from __future__ import annotations

import json
import math
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
from enum import IntEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchserver.engines.judges import frames, wire
from benchserver.engines.judges.wire import WireError, decode, encode

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
hashable = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | text | st.binary(),
    lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3),
    max_leaves=4,
)
values = st.recursive(
    hashable | st.complex_numbers(allow_nan=False) | st.builds(range, st.integers(-9, 9)),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(hashable, inner, max_size=4)
        | st.dictionaries(text, inner, max_size=4)
        | st.sets(hashable, max_size=4)
        | st.lists(inner, max_size=3).map(deque)
        | st.dictionaries(hashable, inner, max_size=3).map(OrderedDict)
    ),
    max_leaves=12,
)


def through(value: Any) -> Any:
    return decode(frames.unframe(frames.frame(encode(value))))


def shape(value: Any) -> Any:
    """The value with its kinds spelled out, so that 1, 1.0 and True differ."""
    if isinstance(value, dict):
        return type(value), [(shape(k), shape(v)) for k, v in value.items()]
    if isinstance(value, (list, tuple, deque)):
        return type(value), [shape(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return type(value), sorted(repr(shape(item)) for item in value)
    return type(value), repr(value)


@given(values)
def test_every_plain_value_comes_through_with_its_kind(value: Any) -> None:
    assert shape(through(value)) == shape(value)


@given(values)
def test_the_json_of_a_value_is_json(value: Any) -> None:
    assert json.loads(frames.frame(encode(value))[8:]) == encode(value)


@pytest.mark.parametrize(
    ("data", "value"),
    [
        ({"$tuple": [1, 2]}, (1, 2)),
        ({"$set": [1]}, {1}),
        ({"$dict": [[{"$tuple": [1]}, 2]]}, {(1,): 2}),
        ({"$bytes": "aGk="}, b"hi"),
        ({"$float": "0.1"}, 0.1),
        ({"$float": "-inf"}, -math.inf),
        ({"$int": "0x10"}, 16),
        ({"$int": "-123456789012345678901234567890"}, -123456789012345678901234567890),
        ({"$complex": [1.0, -2.0]}, 1 - 2j),
        ({"$range": [0, 9, 2]}, range(0, 9, 2)),
        ({"$counter": [["a", 2]]}, Counter("aa")),
        ({"a": [1, None, True]}, {"a": [1, None, True]}),
        ({"$dict": [["$set", 1]]}, {"$set": 1}),
    ],
)
def test_the_documented_tags_mean_what_they_say(data: Any, value: Any) -> None:
    assert shape(decode(data)) == shape(value)
    assert shape(through(value)) == shape(value)


def test_floats_keep_their_odd_values() -> None:
    assert math.isnan(through(math.nan))
    assert math.copysign(1, through(-0.0)) == -1
    assert through([math.inf, -math.inf]) == [math.inf, -math.inf]


def test_huge_integers_pass_without_decimal_digits() -> None:
    assert through(7**20_000) == 7**20_000
    assert through(-(2**70)) == -(2**70)


def test_what_only_looks_plain_becomes_its_plain_base() -> None:
    class Liar(int):
        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = int.__hash__

    class Shouting(str):
        def __str__(self) -> str:
            return "lie"

    class Colour(IntEnum):
        RED = 3

    Point = namedtuple("Point", "x y")
    received = through([Liar(5), Colour.RED, Point(1, 2), Shouting("true")])
    assert shape(received) == shape([5, 3, (1, 2), "true"])


def test_iterators_arrive_as_iterators_and_endless_ones_are_cut() -> None:
    assert list(through(x * x for x in range(4))) == [0, 1, 4, 9]
    assert list(through(map(str, [1, 2]))) == ["1", "2"]
    assert next(through(iter([7, 8]))) == 7
    endless = through(1 for _ in iter(int, 1))
    with pytest.raises(wire.IteratorTooLong):
        list(endless)


def test_views_and_default_dicts_keep_their_ways() -> None:
    assert through({"a": 1}.keys()) == {"a"}
    assert list(through({"a": 1}.values())) == [1]
    assert through({"a": 1}.items()) == {("a", 1)}
    counts = through(defaultdict(int, a=1))
    assert counts["missing"] == 0


class _Strange:
    pass


@pytest.mark.parametrize("value", [_Strange(), len, _Strange, [object()], "\ud800", {"\ud800": 1}])
def test_what_has_no_plain_form_is_refused(value: Any) -> None:
    with pytest.raises(WireError):
        encode(value)


def test_a_cycle_is_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(WireError, match="deep"):
        encode(loop)


@pytest.mark.parametrize(
    "data",
    [
        {"$unknown": 1},
        {"$tuple": 1},
        {"$tuple": [1], "more": 2},
        {"$set": [1, 1]},
        {"$set": [[1]]},
        {"$dict": [[1]]},
        {"$dict": [[[1], 2]]},
        {"$bytes": "not base64!"},
        {"$float": "1_0"},
        {"$float": 1},
        {"$int": "1.5"},
        {"$int": 5},
        {"$range": [0, 1]},
        {"$range": [0, 1, True]},
        {"$complex": ["1", 2]},
        {"$iter": [[1], "yes"]},
        {"$default": "int"},
        {"$handle": 1},
        "\ud800",
    ],
)
def test_what_is_not_exactly_the_format_is_refused(data: Any) -> None:
    with pytest.raises(WireError):
        decode(data)
