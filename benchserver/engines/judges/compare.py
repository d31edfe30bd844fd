"""Is the answer right? Plain data against plain data, with our own code only.

Equality is Python's on plain data, but kinds must agree: ``True`` is not ``1`` and ``(1, 2)`` is
not ``[1, 2]``. Floats may differ by an absolute tolerance, written as ``abs(a - b) <= eps`` so
that a NaN never passes. For stdout: tokens, exact text, or tokens with numbers.
Example: ``same_text("1.0000001 yes", "1 yes", comparator="float", tolerance="1e-6")``.
"""

from __future__ import annotations

import math
import re
from collections import deque
from typing import Any

from benchserver.core.errors import PlatformFault
from benchserver.core.task import Blanks, Letters, ProgramCases

_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,400}\.?[0-9]{0,400}|\.[0-9]{1,400})(?:[eE][+-]?[0-9]{1,4})?")
_WORD = re.compile(r"\S+")
_DEFAULT_TOLERANCE = 1e-6
_SEQUENCES = (list, tuple, deque)


def same(answer: Any, expected: Any, *, tolerance: str = "") -> bool:
    """Whether decoded ``answer`` equals decoded ``expected``; floats within ``tolerance``."""
    return _same(answer, expected, float(tolerance) if tolerance else 0.0)


def _same(a: Any, b: Any, eps: float) -> bool:
    if isinstance(b, bool) or isinstance(a, bool):
        return type(a) is type(b) and bool(a == b)
    if isinstance(b, (int, float)):
        return isinstance(a, (int, float)) and _same_number(a, b, eps)
    if isinstance(b, complex):
        return isinstance(a, complex) and _same_complex(a, b, eps)
    if isinstance(b, dict):
        return isinstance(a, dict) and _same_dict(a, b, eps)
    if type(a) is not type(b):
        return False
    if isinstance(b, _SEQUENCES):
        return len(a) == len(b) and all(_same(x, y, eps) for x, y in zip(a, b, strict=True))
    return bool(a == b)


def _same_number(a: float, b: float, eps: float) -> bool:
    if isinstance(a, int) and isinstance(b, int):
        return a == b
    if a == b:
        return True
    try:
        return eps > 0 and math.isfinite(a) and math.isfinite(b) and abs(a - b) <= eps
    except OverflowError:
        return False


def _same_complex(a: complex, b: complex, eps: float) -> bool:
    try:
        return abs(a - b) <= eps
    except OverflowError:  # of a difference beyond every float
        return False


def _same_dict(a: dict[Any, Any], b: dict[Any, Any], eps: float) -> bool:
    return len(a) == len(b) and all(key in a and _same(a[key], b[key], eps) for key in b)


def right_output(answer: str, tests: ProgramCases, expected: str) -> bool:
    """Whether a program's output is right by the task's rule; see ``core/task.ProgramCases``."""
    if tests.blanks is Blanks.KEPT and _WORD.split(answer) != _WORD.split(expected):
        return False
    if tests.letters is Letters.ANY_CASE:
        answer, expected = answer.lower(), expected.lower()
    return same_text(
        answer,
        expected,
        comparator=tests.comparator,
        tolerance=tests.tolerance,
        relative_tolerance=tests.relative_tolerance,
    )


def same_text(
    answer: str,
    expected: str,
    *,
    comparator: str,
    tolerance: str = "",
    relative_tolerance: str = "",
) -> bool:
    """Whether one text is as good as another. Raises ``PlatformFault`` on an unknown comparator.

    ``tolerance`` is absolute (empty: 1e-6), ``relative_tolerance`` a share of the expected number
    (empty: the same figure); within either of them is close enough.
    """
    if comparator == "exact":
        return answer == expected
    got, wanted = answer.split(), expected.split()
    if comparator not in ("tokens", "float"):
        raise PlatformFault("comparator", f"unknown comparator {comparator!r}")
    if len(got) != len(wanted):
        return False
    if comparator == "tokens":
        return got == wanted
    absolute = float(tolerance) if tolerance else _DEFAULT_TOLERANCE
    relative = float(relative_tolerance) if relative_tolerance else absolute
    pairs = zip(got, wanted, strict=True)
    return all(_same_token(a, b, absolute=absolute, relative=relative) for a, b in pairs)


def _same_token(got: str, wanted: str, *, absolute: float, relative: float) -> bool:
    """Equal as text, or two finite numbers close to each other; their digits are capped."""
    if got == wanted:
        return True
    if not (_NUMBER.fullmatch(wanted) and _NUMBER.fullmatch(got)):
        return False
    a, b = float(got), float(wanted)
    if not (math.isfinite(a) and math.isfinite(b)):
        return False
    return abs(a - b) <= absolute or abs(a - b) <= relative * abs(b)
