"""Literals of seven languages are read exactly, and nothing that computes is."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchserver.engines.taskformats.multipl_e import bash, cpp, go, java, javascript, rust
from benchserver.engines.taskformats.multipl_e.literals import Case, Unreadable

READERS: dict[str, tuple[Callable[[str], list[Case]], str]] = {
    "javascript": (javascript.cases, "assert.deepEqual(candidate({0}),{0});"),
    "cpp": (cpp.cases, "assert(candidate({0}) == ({0}));"),
    "java": (java.cases, "assert(f({0}).equals({0}));"),
    "go": (go.cases, "{{ actual: candidate({0}), expected: {0} }},"),
    "rust": (rust.cases, "assert_eq!(candidate({0}), {0});"),
    "bash": (bash.cases, "[[ $(candidate {0}) = {0} ]]"),
}
NEAREST = 0.30000001192092896  # to 0.3 in 32 bits


def read(language: str, literal: str) -> Any:
    """The value of the literal, which stands both as argument and as expected answer."""
    cases, frame = READERS[language]
    ((args, expected),) = cases(frame.format(literal))
    assert args == [expected]
    return expected


@pytest.mark.parametrize(
    ("language", "literal", "value"),
    [
        (
            "javascript",
            '[1, -2.5, "a\\n\\u00e9", true, null, undefined]',
            [1, -2.5, "a\né", True, None, None],
        ),
        ("javascript", "{\"a\": [1], b: 'x'}", {"a": [1], "b": "x"}),
        ("javascript", "12345678901234567890", 12345678901234567168.0),
        ("cpp", "(std::vector<long>({(long)1, (long)-2}))", [1, -2]),
        ("cpp", "(std::vector<std::string>())", []),
        ("cpp", '(std::make_tuple((std::string)"a, b)", false))', {"$tuple": ["a, b)", False]}),
        ("cpp", "0.3f", NEAREST),
        ("cpp", '(std::map<std::string,long>({{"a", 1}}))', {"$dict": [["a", 1]]}),
        (
            "cpp",
            "std::make_tuple(std::optional<long>(std::nullopt), std::optional<long>(1))",
            {"$tuple": [None, 1]},
        ),
        (
            "cpp",
            "(std::vector<std::vector<long>>({(std::vector<long>)std::vector<long>({(long)1})}))",
            [[1]],
        ),
        ("java", "(new ArrayList<Long>(Arrays.asList((long)1l, (long)-2l)))", [1, -2]),
        ("java", "(new ArrayList<String>(Arrays.asList()))", []),
        ("java", '(Pair.with("a", false))', {"$tuple": ["a", False]}),
        (
            "java",
            "Optional.of(Pair.with(Optional.of(Optional.empty()), 1l))",
            {"$tuple": [None, 1]},
        ),
        ("java", '(new HashMap<String,Long>(Map.of("a", 1l)))', {"$dict": [["a", 1]]}),
        ("java", "(0.3f)", NEAREST),
        ("go", "[][]int{[]int{1}, {2, 3}, []int{}}", [[1], [2, 3], []]),
        ("go", 'map[string][]float64{"a": {1.5}}', {"$dict": [["a", [1.5]]]}),
        ("go", "[]interface{}{nil, 1, `x\\`, float64(2)}", [None, 1, "x\\", 2]),
        ("rust", "vec![vec![1], Vec::<isize>::new()]", [[1], []]),
        ("rust", '(String::from("a"), None, Some(1.5))', {"$tuple": ["a", None, 1.5]}),
        (
            "rust",
            'HashMap::from([(String::from("a"), 1), ("b".to_string(), 2)])',
            {"$dict": [["a", 1], ["b", 2]]},
        ),
        ("rust", "HashMap::<String, Vec<isize>>::from([])", {"$dict": []}),
        ("bash", '"a \\"b\\" \\$1 \'"', 'a "b" $1 \''),
        ("bash", "'$(not run)'", "$(not run)"),
    ],
)
def test_a_literal_is_its_value(language: str, literal: str, value: Any) -> None:
    assert read(language, literal) == value


@pytest.mark.parametrize(
    ("language", "literal"),
    [
        ("javascript", "1 + 1"),
        ("javascript", "Math.PI"),
        ("javascript", "f(1)"),
        ("javascript", "`x${1}`"),
        ("javascript", '{"$tuple": [1]}'),
        ("javascript", '"\\ud800"'),
        ("cpp", "std::pow(10, 2)"),
        ("cpp", "10 * 2"),
        ("cpp", "INT_MAX"),
        ("java", "Long.MAX_VALUE"),
        ("java", "new Problem()"),
        ("java", "(1l + 2l)"),
        ("go", "1 << 3"),
        ("go", "math.Pi"),
        ("rust", "i64::MAX"),
        ("rust", 'format!("x")'),
        ("rust", "1 + 2"),
        ("bash", '"$(date)"'),
        ("bash", '"`date`"'),
        ("bash", "bare"),
        *[(language, "[" * 5000) for language in ("javascript", "rust")],
        *[(language, '"open') for language in READERS],
    ],
)
def test_what_computes_or_is_broken_is_unreadable(language: str, literal: str) -> None:
    with pytest.raises(Unreadable):
        read(language, literal)


@given(
    st.recursive(
        st.integers(-(2**53), 2**53)
        | st.booleans()
        | st.none()
        | st.text(st.characters(exclude_categories=["Cs", "Cc"])),
        lambda inner: st.lists(inner, max_size=4),
    )
)
def test_whatever_json_says_javascript_says(value: Any) -> None:
    assert read("javascript", json.dumps(value)) == value


@given(
    st.sampled_from(sorted(READERS)),
    st.text(st.sampled_from("(){}[]<>\"'\\,:;-=.1aLf$`! \n"), max_size=30),
)
def test_a_text_is_refused_or_gives_plain_values_and_nothing_else(language: str, text: str) -> None:
    with contextlib.suppress(Unreadable):
        for arguments, expected in READERS[language][0](text):
            json.dumps([arguments, expected])
