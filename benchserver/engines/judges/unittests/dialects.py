"""How tests of each language say what they expect: data for ``mirror.py``, one entry a language.

Only what is compared for equality counts: a bound (``toBeGreaterThan``) or a tolerance that is
changed might still be met by another right solution. Example: in Java the arguments of
``.isEqualTo(`` are expected values, a local whose name begins with ``expected`` is one, and
``.isTrue()`` turned into ``.isFalse()`` is an opposite.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """From the end of ``opens`` to the closing bracket, or to one of ``stops`` outside brackets."""

    opens: re.Pattern[str]
    stops: str = ""
    last_argument: bool = False


@dataclass(frozen=True, slots=True)
class Swap:
    """``new`` is a format over the texts of the groups of ``old``."""

    old: re.Pattern[str]
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """``starts``: where a test, or a table of tests, begins."""

    language: str
    endings: tuple[str, ...]
    starts: re.Pattern[str]
    places: tuple[Place, ...]
    swaps: tuple[Swap, ...] = ()

    def is_test(self, path: str) -> bool:
        return path.endswith(self.endings)


def _place(opens: str, *, stops: str = "", last_argument: bool = False) -> Place:
    return Place(opens=re.compile(opens, re.M), stops=stops, last_argument=last_argument)


def _swaps(*pairs: tuple[str, str]) -> tuple[Swap, ...]:
    return tuple(Swap(re.compile(old), new) for old, new in pairs)


_PYTHON = Dialect(
    language="python",
    endings=(".py",),
    starts=re.compile(r"^ *def test", re.M),
    places=(
        _place(
            r"\bassert(?:Equal|(?:List|Dict|Set|Tuple|Count|MultiLine)Equal|Is)\(",
            last_argument=True,
        ),
        _place(r"\bassert\b[^\n]*?==", stops="\n,"),
        _place(r"^ *expected\w* = ", stops="\n"),
    ),
    swaps=_swaps(
        (r"\bassertTrue\(", "assertFalse("),
        (r"\bassertFalse\(", "assertTrue("),
        (r"\bassertEqual\(", "assertNotEqual("),
        (r"\bassert (?!not\b)(\w)", "assert not {0}"),
    ),
)
_JAVASCRIPT = Dialect(
    language="javascript",
    endings=(".js", ".mjs"),
    starts=re.compile(r"\b(?:x?test|x?it|fit)(?:\.\w+)*\("),
    places=(
        _place(r"\.(?:toBe|toEqual|toStrictEqual|toHaveLength|toThrow|toThrowError)\("),
        _place(r"\b(?:const|let|var) expected\w* = ", stops=";"),
    ),
    swaps=_swaps((r"\)\.not\.(to[A-Z])", ").{0}"), (r"\)\.(to[A-Z])", ").not.{0}")),
)
_EXPECTING = r"(?:\w*(?:[eE]xpect|[wW]ant|[vV]alid|[oO]utput|[rR]esult)\w*|ok|score|err)"
_GO = Dialect(
    language="go",
    endings=("_test.go",),
    starts=re.compile(r"^(?:func Test|var |const |\)\n)", re.M),
    places=(
        _place(rf"(?<![\w.]){_EXPECTING}:", stops=",\n"),
        _place(
            r"(?<=[\[\]\w}),])\{(?=[^{}\n:]*\}\,?\n)|^\t+\{(?=[^{}\n:]*\},?\n)", last_argument=True
        ),
        _place(r"^\s*(?:expected|want)\w*\s*:?= ", stops="\n"),
    ),
    swaps=_swaps((r"\bif (\w+) != (\w+) \{", "if {0} == {1} {{")),
)
_RUST = Dialect(
    language="rust",
    endings=(".rs",),
    starts=re.compile(r"#\[test\]"),
    places=(
        _place(r"\bassert_eq!\(", last_argument=True),
        _place(r"\blet expected\w*(?:: [^=;]+)? = ", stops=";"),
    ),
    swaps=_swaps(
        (r"\bassert_eq!\(", "assert_ne!("),
        (r"\bassert_ne!\(", "assert_eq!("),
        (r"\bassert!\(!", "assert!("),
        (r"\bassert!\((?!!)", "assert!(!"),
    ),
)
_JAVA = Dialect(
    language="java",
    endings=(".java",),
    starts=re.compile(r"@(?:Test|ParameterizedTest|RepeatedTest)\b"),
    places=(
        _place(r"\.(?:isEqualTo|withMessage\w*|hasMessage\w*|containsExactly|hasSize)\("),
        _place(r"\b(?:String|int|long|double|boolean|char) expected\w* = ", stops=";"),
        _place(r"\bassertEquals\(", stops=","),
    ),
    swaps=_swaps(
        (r"\.isTrue\(\)", ".isFalse()"),
        (r"\.isFalse\(\)", ".isTrue()"),
        (r"\.isZero\(\)", ".isNotZero()"),
        (r"\.isEmpty\(\)", ".isNotEmpty()"),
        (r"\.isNull\(\)", ".isNotNull()"),
        (r"\.isEqualTo\(", ".isNotEqualTo("),
        (r"\bassertTrue\(", "assertFalse("),
        (r"\bassertFalse\(", "assertTrue("),
    ),
)
_CPP = Dialect(
    language="cpp",
    endings=("_test.cpp",),
    starts=re.compile(r"\bTEST_CASE\("),
    places=(
        _place(r"\b(?:REQUIRE|CHECK)\((?=\s*(?:\d|-\d|\"|true|false))", stops="="),
        _place(r"\b(?:REQUIRE|CHECK)\([^;\n]*?== ?", stops="&|"),
        _place(r"\bWithin\w+\(", stops=","),
        _place(r"\bEquals\("),
        _place(r"\bexpected\w*\s*(?:\{|= |\()", stops=";"),
    ),
    swaps=_swaps(
        (r"\bREQUIRE_FALSE\(", "REQUIRE("),
        (r"\bREQUIRE\(", "REQUIRE_FALSE("),
        (r"\bCHECK_FALSE\(", "CHECK("),
        (r"\bCHECK\(", "CHECK_FALSE("),
        (r"\bREQUIRE_THROWS_AS\(([^;]*), *\n? *[\w:]+\)(?=;)", "REQUIRE_NOTHROW({0})"),
        (r"\bREQUIRE_THROWS\(", "REQUIRE_NOTHROW("),
        (r"\bREQUIRE_NOTHROW\(", "REQUIRE_THROWS("),
    ),
)
DIALECTS = {one.language: one for one in (_PYTHON, _JAVASCRIPT, _GO, _RUST, _JAVA, _CPP)}
