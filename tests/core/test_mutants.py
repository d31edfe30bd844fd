"""Small faults: each changes what the program does, and the same ones come at every look."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchserver.core.mutants import mutants

MANY = 10**6


def codes(reference: str, **options) -> set[str]:
    return {m.code.strip() for m in mutants(reference, most=MANY, **options)}


def one(line: str) -> set[str]:
    """What a returned expression becomes, apart from ``return`` without a value."""
    found = codes(f"def f(a, b):\n    return {line}\n")
    bodies = {code.splitlines()[-1].strip().removeprefix("return").strip() for code in found}
    return bodies - {""}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("a < b", {"a <= b", "a >= b"}),
        ("a == b", {"a != b"}),
        ("a in b", {"a not in b"}),
        ("a is b", {"a is not b"}),
        ("a < b < 3", {"a <= b < 3", "a >= b < 3", "a < b <= 3", "a < b >= 3", "a < b < 4"}),
        ("a + b", {"a - b"}),
        ("a // b", {"a * b"}),
        ("a and b", {"a or b"}),
        ("not a", {"a"}),
        ("-a", {"a"}),
        ("min(a, b)", {"max(a, b)"}),
        ("b if a else 7", {"b if not a else 7", "b if a else 8"}),
        ("'yes'", {"''"}),
        ("''", {"'x'"}),
        ("True", {"False"}),
        ("2.5", {"3.5"}),
        ("None", set()),
        ("f'{a:>5}'", set()),  # how it is laid out is no constant of ours
    ],
)
def test_each_kind_of_fault_is_put_in_one_at_a_time(line, expected):
    assert one(line) == expected


def test_statements_are_left_out_and_conditions_turned():
    source = "def f(xs):\n    for x in xs:\n        if x:\n            continue\n        xs.pop()\n"
    assert codes(source) == {
        source.replace("continue", "pass").strip(),
        source.replace("xs.pop()", "pass").strip(),
        source.replace("if x", "if not x").strip(),
    }


def test_what_only_documents_or_annotates_is_no_place_for_a_fault():
    assert (
        codes('def f(a: "int" = None) -> "str":\n    """Say 1."""\n    "a note"\n    pass\n')
        == set()
    )


def test_what_compiles_to_the_same_program_is_no_mutant():
    assert codes("def f():\n    return\n    return 1\n") == set()  # never reached, never compiled
    assert codes("while True:\n    pass\n") == {"while False:\n    pass"}


def test_code_that_the_task_shows_is_left_alone():
    shown = "def helper(x):\n    return x + 1\n"
    own = "def f(x):\n    return helper(x) * 2\n"
    found = mutants(shown + own, prompt_code=shown, most=MANY)
    assert found
    assert all(m.code.startswith(shown) and m.line == 4 for m in found)


def test_a_program_that_is_no_python_has_none():
    assert mutants("int main() { return 0; }", most=9) == []


def test_a_mutant_tells_its_author_where_and_what_and_nobody_else_its_code():
    (first, *_) = mutants("def f(secret):\n    return secret + 1\n", most=9)
    assert (first.line, len(first.key)) == (2, 8)
    assert first.change in {"operator", "constant", "returned value"}
    assert "secret" not in repr(first)


PROGRAM = st.lists(
    st.sampled_from(
        ["a = a + 1", "b = a if a > 2 else b", "c = not c", "print(a, 'x')", "a -= b", "b = [1, 2]"]
    ),
    min_size=1,
    max_size=8,
).map("\n".join)


@given(PROGRAM, st.integers(1, 30))
def test_mutants_differ_from_the_reference_and_from_each_other_and_come_in_one_order(text, most):
    found = mutants(text, most=most)
    plain = ast.unparse(ast.parse(text))
    assert len({m.code for m in found} | {plain}) == len(found) + 1
    assert len({m.key for m in found}) == len(found) <= most
    assert mutants(text, most=MANY)[:most] == found
