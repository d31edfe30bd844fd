"""JSON from a stranger is read strictly, and refused before it costs memory."""

from __future__ import annotations

import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchserver.engines.endpoints import strict_json
from benchserver.engines.endpoints.strict_json import MAX_DEPTH, NotStrict, loads

JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\x00")),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(alphabet="abc"), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(JSON, st.booleans())
def test_honest_json_comes_back_as_it_was(value: object, ascii_only: bool) -> None:
    assert loads(json.dumps(value, ensure_ascii=ascii_only).encode()) == value


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "bad_json"),
        (b"not json", "bad_json"),
        (b'{"a": 1} trailing', "bad_json"),
        (b"\xef\xbb\xbf{}", "bad_json"),
        (b'"\xff"', "bad_encoding"),
        (b'"\xed\xa0\x80"', "bad_encoding"),
        (b'{"a": NaN}', "not_a_number"),
        (b'{"a": -Infinity}', "not_a_number"),
        (b'{"a": 1e999}', "not_a_number"),
        (b'{"a": 1, "a": 2}', "duplicate_key"),
        (b'{"a": {"b": 1, "b": 1}}', "duplicate_key"),
        (b'{"a": "x\\u0000"}', "forbidden_character"),
        (b'{"a\\u0000": 1}', "forbidden_character"),
        (b'{"a": [["\\ud800"]]}', "forbidden_character"),
        (b'["\\udfff"]', "forbidden_character"),
        (b'"\\ud800"', "forbidden_character"),
        (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), "too_complex"),
        (b"[" * 100_000, "too_complex"),
        (b'{"a":' * 50_000, "too_complex"),
        (b"[" + b"[]," * 120_000 + b"1]", "too_complex"),
        (b"9" * 100_000, "bad_json"),
        (b'"' + b'\\"' * 100_000, "bad_json"),
        (b'"abc\\', "bad_json"),
        (b'"tab\there"', "bad_json"),
        (b'"\\x41"', "bad_json"),
        (b"[1,]", "bad_json"),
        (b'{"a" 1}', "bad_json"),
        (b"{1: 2}", "bad_json"),
        (b"]", "bad_json"),
        (b"01", "bad_json"),
        (b"+1", "bad_json"),
        (b"1.", "bad_json"),
        (b"0." + b"1" * 4_000_000, "bad_json"),
        (b"-" * 4_000_000, "bad_json"),
        (b'{"a": -NaN}', "bad_json"),
        (b'"' + b"a" * 3_000_000 + "\U0001f600".encode() + b'"', "too_complex"),
        (b'"' + b"a" * 3_000_000 + b'\\ud83d\\ude00"', "too_complex"),
    ],
)
def test_a_rule_broken_is_named_and_the_text_is_not(raw: bytes, code: str) -> None:
    with pytest.raises(NotStrict) as refused:
        loads(raw)
    assert refused.value.code == code
    assert str(refused.value) == code


PIECES = st.sampled_from(
    [
        *'[]{},:" \n',
        '"a"',
        '"b"',
        '"\\n"',
        '"\\ud83d',
        '\\ude00"',
        "1",
        "-0.5e3",
        "01",
        "true",
        "null",
        "NaN",
    ]
)


@given(st.lists(PIECES, max_size=14).map("".join))
def test_what_is_read_is_what_the_standard_library_reads(text: str) -> None:
    try:
        ours = loads(text.encode())
    except NotStrict as refused:
        if refused.code == "bad_json":
            with pytest.raises(ValueError):
                json.loads(text)
        return
    assert ours == json.loads(text)
    reader = strict_json._Reader(text.encode())  # the slow way reads small texts the same
    assert (reader.value(0), reader.end()) == (ours, None)


@pytest.mark.parametrize("raw", [b'"secret \xff"', b'"secret \\x"', b'{"secret": 01}'])
def test_no_exception_of_the_chain_holds_the_text(raw: bytes) -> None:
    with pytest.raises(NotStrict) as refused:
        loads(raw)
    assert (refused.value.__context__, refused.value.__cause__) == (None, None)


def test_long_answers_of_every_alphabet_are_fine() -> None:
    for letter, count in (("a", 4_000_000), ("\u00e9", 2_000_000), ("\u4e2d", 550_000)):
        assert loads(f'{{"text": "{letter * count}"}}'.encode())["text"] == letter * count
    assert len(loads(b'"' + b"line\\n" * 600_000 + b'"')) == 3_000_000
    assert len(loads(f'"{chr(0x1F600) * 250_000}"'.encode())) == 250_000


def test_depth_32_and_a_surrogate_pair_are_fine() -> None:
    assert loads(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)
    assert loads(b'"\\ud83d\\ude00 [{[{"') == "\U0001f600 [{[{"


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_or_read_as_the_library_reads_them(raw: bytes) -> None:
    try:
        value = loads(raw)
    except NotStrict:
        return
    assert value == json.loads(raw.decode())


def test_four_megabytes_of_brackets_are_refused_before_they_are_built() -> None:
    raw = b"[" + b"{}," * (4 * 2**20 // 3) + b"1]"
    tracemalloc.start()
    with pytest.raises(NotStrict):
        loads(raw)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * 2**20  # the text itself; the built lists would be 90 MiB
    assert strict_json.MAX_NODES <= 20_000
