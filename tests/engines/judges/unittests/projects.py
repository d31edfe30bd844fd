"""One small exercise in every framework: ``double`` and ``greet``; the last tests are skipped ones.

``HONEST`` solves it, ``LAST_WRONG`` fails only a test that is skipped in its source.
"""

from __future__ import annotations

from benchserver.core import solution
from benchserver.core.task import JudgingClass, Limits, Shape, TaskSpec, UnitTests

JEST = """\
import { double, greet } from './work';

describe('work', () => {
  test('doubles two', () => {
    const expected = 4;
    expect(double(2)).toBe(expected);
  });
  xtest('doubles more', () => {
    const expected = 14;
    expect(double(7)).toBe(expected);
  });
  test.skip('greets', () => {
    expect(greet('Ann')).toEqual({ text: 'hello Ann' });
  });
});
"""
GO = """\
package work

import "testing"

func TestDouble(t *testing.T) {
	expected := 4
	if got := Double(2); got != expected {
		t.Fatalf("got %d", got)
	}
}

func TestGreet(t *testing.T) {
	t.Skip("later")
	expected := "hello Ann"
	if got := Greet("Ann"); got != expected {
		t.Fatalf("got %q", got)
	}
}
"""
RUST = """\
use work::*;

#[test]
fn doubles_two() {
    assert_eq!(double(2), 4);
}

#[test]
#[ignore]
fn greets() {
    let expected = "hello Ann";
    assert_eq!(greet("Ann"), expected);
}

#[test]
#[ignore = "later"]
#[should_panic(expected = "too large")]
fn refuses_large() {
    double(1000);
}
"""
JAVA = """\
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Disabled;
import org.junit.jupiter.api.Test;

public class WorkTest {
    @Test
    public void doublesTwo() {
        int expected = 4;
        assertThat(Work.twice(2)).isEqualTo(expected);
    }

    @Disabled("later")
    @Test
    public void greets() {
        assertThat(Work.greet("Ann")).isEqualTo("hello Ann");
    }
}
"""
CPP = """\
#include "work.h"
#include "test/catch.hpp"

TEST_CASE("doubles two") { REQUIRE(work::twice(2) == 4); }

#if defined(EXERCISM_RUN_ALL_TESTS)
TEST_CASE("greets, by name") { REQUIRE("hello Ann" == work::greet("Ann")); }
#endif
"""
PYTHON = """\
import unittest

import work


class WorkTest(unittest.TestCase):
    def test_double(self):
        expected = 4
        self.assertEqual(work.double(2), expected)

    @unittest.skip("later")
    def test_greet(self):
        self.assertEqual(work.greet("Ann"), "hello Ann")

    @unittest.skipIf(True, "later")
    def test_module(self):
        self.assertTrue(isinstance(work.double(1), int))
"""

_FILES = {
    "jest": {"work.spec.js": JEST},
    "gotest": {"work_test.go": GO, "go.mod": "module work\n\ngo 1.18\n"},
    "cargo": {"tests/work.rs": RUST, "Cargo.toml": '[package]\nname = "work"\nedition = "2021"\n'},
    "junit": {"src/test/java/WorkTest.java": JAVA},
    "catch2": {"work_test.cpp": CPP},
    "pytest": {"work_test.py": PYTHON},
}
LANGUAGES = {
    "jest": "javascript",
    "gotest": "go",
    "cargo": "rust",
    "junit": "java",
    "catch2": "cpp",
    "pytest": "python",
}
PATHS = {
    "jest": ("work.js",),
    "gotest": ("work.go",),
    "cargo": ("src/lib.rs",),
    "junit": ("src/main/java/Work.java",),
    "catch2": ("work.cpp", "work.h"),
    "pytest": ("work.py",),
}
CPP_HEADER = "#pragma once\n#include <string>\nnamespace work {\nint twice(int n);\n"
CPP_HEADER += "std::string greet(std::string name);\n}\n"
HONEST = {
    "jest": "export const double = (n) => 2 * n;\n"
    "export function greet(name) { return { text: `hello ${name}` }; }\n",
    "gotest": "package work\n\nfunc Double(n int) int { return 2 * n }\n\n"
    'func Greet(name string) string { return "hello " + name }\n',
    "cargo": 'pub fn double(n: u32) -> u32 {\n    if n > 100 {\n        panic!("too large");\n'
    "    }\n    2 * n\n}\n\n"
    'pub fn greet(name: &str) -> String {\n    format!("hello {}", name)\n}\n',
    "junit": "class Work {\n    static int twice(int n) { return 2 * n; }\n\n"
    '    static String greet(String name) { return "hello " + name; }\n}\n',
    "catch2": solution.join(
        {
            "work.h": CPP_HEADER,
            "work.cpp": '#include "work.h"\nint work::twice(int n) { return 2 * n; }\n'
            'std::string work::greet(std::string name) { return "hello " + name; }\n',
        }
    ),
    "pytest": "def double(n):\n    return 2 * n\n\n\n"
    'def greet(name):\n    return "hello " + name\n',
}
LAST_WRONG = {name: code.replace("hello ", "goodbye ") for name, code in HONEST.items()}


def task(framework: str, *, limits: Limits | None = None) -> TaskSpec:
    paths = PATHS[framework]
    return TaskSpec(
        source_id=f"{framework}/work",
        shape=Shape.UNITTESTS,
        statement="Double and greet.",
        language=LANGUAGES[framework],
        reference=HONEST[framework],
        tests=UnitTests(
            framework=framework,
            files=tuple(sorted(_FILES[framework].items())),
            solution_files=paths,
        ),
        limits=limits or Limits(),
        judging_class=JudgingClass.MITIGATED,
        solution_files=paths if len(paths) > 1 else (),
    )
