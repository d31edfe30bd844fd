"""A task as plain data: the payload that is committed to gives exactly the task back."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchserver.core.errors import BadInput
from benchserver.core.payload import from_payload, to_payload
from benchserver.core.task import (
    Blanks,
    CallCase,
    CallCases,
    CheckScript,
    Letters,
    Limits,
    ProgramCase,
    ProgramCases,
    Shape,
    Split,
    State,
    Subtask,
    TaskSpec,
    Tool,
    UnitTests,
)
from benchserver.transparency.canonical import canonical

SECRET = "mark-7f3a"
FUNCTION = TaskSpec(
    source_id="t/1",
    shape=Shape.FUNCTION,
    statement=SECRET,
    tests=CallCases(cases=(CallCase(args=(1, 2), expected=3),), tolerance="1e-6"),
    reference=f"# {SECRET}",
    prompt_code="import math",
    entry_point="add",
    limits=Limits(cpu_milliseconds=5),
    split=Split.PUBLIC,
    sources=("a", "b"),
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(min_size=1, max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)


@pytest.mark.parametrize(
    "tests",
    [
        FUNCTION.tests,
        CheckScript(setup="import os", script="assert f(1)", proxies=("f", "g")),
        ProgramCases(cases=(ProgramCase(stdin="1\n", expected="2\n"),), comparator="float"),
        ProgramCases(
            cases=(ProgramCase(stdin="", expected="", name="1-a"),),
            checker=Tool(language="cpp", files=(("check.cpp", "int main(){}"),), arguments=("-x",)),
            interactor=Tool(language="python", files=(("talk.py", "print()"),)),
            subtasks=(Subtask(name="small", points=30, cases=(0,)),),
        ),
        ProgramCases(
            cases=(ProgramCase(stdin="", expected="Yes"),),
            comparator="float",
            tolerance="0",
            relative_tolerance="1e-9",
            letters=Letters.ANY_CASE,
            blanks=Blanks.KEPT,
        ),
        CallCases(cases=(), state=State.FRESH, signature="int f(int n)"),
        UnitTests(
            framework="pytest",
            files=(("a_test.py", "assert 1"),),
            solution_files=("a.py", "b.py"),
        ),
    ],
)
def test_each_kind_of_tests_survives_payload_and_json(tests):
    task = replace(FUNCTION, tests=tests)
    assert from_payload(json.loads(json.dumps(to_payload(task)))) == task


@given(st.lists(VALUES, max_size=3), VALUES)
def test_any_case_survives_the_canonical_bytes_that_are_committed_to(args, expected):
    case = CallCase(args=tuple(args), expected=expected)
    task = replace(FUNCTION, tests=CallCases(cases=(case,)))
    raw = canonical(to_payload(task))  # refuses floats and huge integers
    (back,) = from_payload(json.loads(raw)).tests.cases
    assert _told(back) == _told(case)


@pytest.mark.parametrize(
    "tagged",
    [{"$int": "0x1fffffffffffffffffffff"}, {"$float": "inf"}, {"$tuple": [1, {"$int": "-0xff"}]}],
)
def test_what_the_wire_tagged_itself_comes_back_as_it_was(tagged):
    case = CallCase(args=(tagged,), expected=[tagged])
    (back,) = from_payload(
        to_payload(replace(FUNCTION, tests=CallCases(cases=(case,))))
    ).tests.cases
    assert back == case


def _told(case):
    """JSON text tells -0.0 from 0.0 and 1 from 1.0; keys of a table have no order."""
    return json.dumps([list(case.args), case.expected], sort_keys=True)


def test_a_task_without_a_split_comes_back_without_one():
    assert from_payload(to_payload(replace(FUNCTION, split=None))).split is None


def test_unknown_tests_are_refused_by_name():
    payload = to_payload(FUNCTION)
    payload["tests"] = {**payload["tests"], "kind": "oracle"}
    with pytest.raises(BadInput, match=r"tests\.kind.*'oracle'"):
        from_payload(payload)
