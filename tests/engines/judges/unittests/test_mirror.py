"""A mirror changes what a test expects and nothing else, in every language, for any text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchserver.engines.judges.unittests.dialects import DIALECTS
from benchserver.engines.judges.unittests.mirror import mirrored
from benchserver.engines.judges.unittests.tokens import blanked, closing, tokens_of

CASES = [
    ("javascript", "a.spec.js", "test('two is 2', () => {{ expect(f(2)).toBe({}); }});", "4"),
    ("javascript", "a.spec.js", "test('t', () => {{ expect(f(')')).toEqual({}); }});", "'a(b'"),
    ("python", "a_test.py", "def test_a():\n    assert f(2) == {}\n", "4"),
    ("python", "a_test.py", "    def test_a(self):\n        self.assertEqual(f(2), {})\n", '"ab"'),
    (
        "go",
        "a_test.go",
        "var tests = []T{{\n\t{{\n\t\tinput: 2,\n\t\texpected: {},\n\t}},\n}}\n",
        "4",
    ),
    ("go", "a_test.go", "var tests = []T{{\n\t{{2, {}}},\n}}\n", "4"),
    ("rust", "tests/a.rs", "#[test]\nfn a() {{ assert_eq!(f(2), {}); }}\n", "4"),
    ("rust", "tests/a.rs", "#[test]\nfn a() {{ let expected = {}; f(2, expected) }}\n", '"ab"'),
    ("java", "A.java", "@Test\nvoid a() {{ assertThat(f(2)).isEqualTo({}); }}\n", "4"),
    ("cpp", "a_test.cpp", 'TEST_CASE("a 2") {{ REQUIRE(f(2) == {}); }}\n', "4"),
]
OPPOSITES = [
    ("javascript", "a.js", "test('t', () => { expect(f).toThrow(); });", ").not.toThrow("),
    ("rust", "a.rs", "#[test]\nfn a() { assert!(f()); }", "assert!(!f())"),
    ("java", "A.java", "@Test void a() { assertThat(f()).isTrue(); }", ".isFalse()"),
    ("cpp", "a_test.cpp", 'TEST_CASE("a") { REQUIRE(f("(")); }', 'REQUIRE_FALSE(f("("))'),
    (
        "cpp",
        "a_test.cpp",
        'TEST_CASE("a") { REQUIRE_THROWS_AS(f("b"),\n   std::domain_error); }',
        'REQUIRE_NOTHROW(f("b"))',
    ),
]


@pytest.mark.parametrize(("language", "path", "text", "expected"), CASES)
def test_only_the_expected_value_changes(
    language: str, path: str, text: str, expected: str
) -> None:
    changed = mirrored({path: text.format(expected)}, language=language)[path]
    before, after = text.format("\0").split("\0")
    assert changed.startswith(before)
    assert changed.endswith(after)
    assert changed != text.format(expected)


@pytest.mark.parametrize(("language", "path", "text", "opposite"), OPPOSITES)
def test_without_an_expected_value_the_assertion_is_turned_round(
    language: str, path: str, text: str, opposite: str
) -> None:
    assert opposite in mirrored({path: text}, language=language)[path]


@pytest.mark.parametrize(
    ("language", "path", "text"),
    [
        ("javascript", "a.js", "test('t', () => { expect(f()).toBeGreaterThan(4); });"),
        ("python", "a.py", "def test_a(self):\n    self.assertAlmostEqual(f(), 4, places=2)\n"),
        ("java", "A.java", "@Test void a() { assertThat(f()).isCloseTo(4.0, within(0.1)); }"),
    ],
)
def test_bounds_and_tolerances_are_never_changed(language: str, path: str, text: str) -> None:
    changed = mirrored({path: text}, language=language).get(path, text)
    assert re.findall(r"\d", changed) == re.findall(r"\d", text)


def test_every_test_of_a_file_gets_a_change_of_its_own() -> None:
    tests = "".join(f"#[test]\nfn t{n}() {{ assert_eq!(f({n}), {n + 10}); }}\n" for n in range(5))
    changed = mirrored({"a.rs": tests}, language="rust")["a.rs"]
    assert re.findall(r"f\((\d)\)", changed) == list("01234")
    assert all(str(n + 10) != found for n, found in enumerate(re.findall(r", (\d+)\)", changed)))


def test_other_files_and_tests_that_expect_nothing_are_left_alone() -> None:
    assert mirrored({"a.rs": "#[test]\nfn a() { run(2); }\n"}, language="rust") == {}
    tests = {"a.rs": "#[test]\nfn a() { assert_eq!(2, 2); }\n", "Cargo.toml": "x = 1"}
    assert mirrored(tests, language="rust")["Cargo.toml"] == "x = 1"
    assert mirrored({"a.x": "anything"}, language="cobol") == {}


@given(st.text(alphabet="()[]{}\"'`\\/*#\n ab01.,=t!", max_size=200), st.sampled_from([*DIALECTS]))
def test_no_text_breaks_it(text: str, language: str) -> None:
    tokens = tokens_of(text, language)
    bare = blanked(text, tokens)
    assert len(bare) == len(text)
    assert 0 <= closing(bare, 0, stops=";") <= len(text)
    path = f"a{DIALECTS[language].endings[0]}"
    mirrored({path: f"test( assert_eq!(\n{text}"}, language=language)
