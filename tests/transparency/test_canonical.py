"""Equal values have equal bytes, and what cannot have one spelling is refused."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchserver.core.errors import BadInput
from benchserver.transparency.canonical import canonical, parse, parse_canonical
from tests.transparency.vectors import vectors

texts = st.text(st.characters(exclude_categories=["Cs"]))
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


def test_the_known_answers() -> None:
    for case in vectors()["canonical_json"]:
        assert canonical(json.loads(case["value_json"])).hex() == case["jcs_hex"]


def test_the_key_order_and_escapes_of_the_rfc() -> None:
    # RFC 8785 section 3.2.3: keys sort by UTF-16 code units, not by code points.
    keys = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    assert list(json.loads(canonical(dict.fromkeys(keys, 0)))) == [
        "\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33",
    ]  # fmt: skip
    text = "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/\b\f\t\x7f"
    expected = '"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/\\b\\f\\t\x7f"'
    assert canonical(text) == expected.encode()


@given(values)
def test_writing_and_reading_are_inverse(value: object) -> None:
    assert parse_canonical(canonical(value)) == value
    assert json.loads(canonical(value)) == value


@given(st.dictionaries(texts, st.integers(0, 9)), st.randoms())
def test_the_order_of_keys_is_irrelevant(value, random) -> None:  # type: ignore[no-untyped-def]
    shuffled = dict(random.sample(list(value.items()), len(value)))
    assert canonical(shuffled) == canonical(value)


@pytest.mark.parametrize(
    "value",
    [1.0, 2**53, -(2**53), "\ud800", {"\udfff": 1}, {1: "a"}, b"x", {1}, [[float("nan")]]],
)
def test_values_without_one_spelling_are_refused(value: object) -> None:
    with pytest.raises(BadInput):
        canonical(value)


def test_a_refusal_never_shows_the_value() -> None:
    with pytest.raises(BadInput) as refused:
        canonical({"prompt": ["secret words", 1.5]})
    assert "secret" not in str(refused.value)


def test_endless_nesting_is_refused() -> None:
    value: list[object] = []
    for _ in range(5000):
        value = [value]
    with pytest.raises(BadInput, match="too deeply"):
        canonical(value)
    with pytest.raises(BadInput):
        parse(b"[" * 100_000 + b"]" * 100_000)


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1,"a":1}',
        b"1.0",
        b"1e3",
        b"NaN",
        b"Infinity",
        b"9007199254740992",
        b'"\\ud800"',
        b'"\xff"',
        b"\xef\xbb\xbf1",
        b"[1] 2",
        b"",
        b"1" * 5000,
        b'{"x":{"b":1,"b":2}}',
    ],
)
def test_json_two_readers_could_take_differently_is_refused(data: bytes) -> None:
    with pytest.raises(BadInput):
        parse(data)


@pytest.mark.parametrize("data", [b'{"b":1,"a":2}', b"[1, 2]", b'"\\u0041"', b"-0", b" 1"])
def test_another_spelling_is_readable_but_not_canonical(data: bytes) -> None:
    parse(data)
    with pytest.raises(BadInput, match="canonical form"):
        parse_canonical(data)
