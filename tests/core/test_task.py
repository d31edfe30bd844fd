"""A task keeps its content to itself, and what is shown of it holds nothing else."""

from benchserver.core.task import CallCase, CallCases, Shape, TaskSpec, Tool, UnitTests, prompt_of

SECRET = "mark-7f3a"
TASK = TaskSpec(
    source_id="t/1",
    shape=Shape.FUNCTION,
    statement=SECRET,
    tests=CallCases(cases=(CallCase(args=(1, 2), expected=3),)),
    reference=f"# {SECRET}",
)


def test_no_repr_shows_content():
    tool = Tool(language="python", files=(("a.py", SECRET),))
    tests = UnitTests(framework="pytest", files=(("a.py", SECRET),), solution_files=("b.py",))
    shown = [repr(one) for one in (TASK, prompt_of(TASK), tool, tests)]
    assert SECRET not in " ".join([*shown, f"{TASK}"])


def test_what_a_model_is_shown_holds_nothing_of_tests_or_reference():
    shown = prompt_of(TASK)
    told = {"shape", "language", "statement", "prompt_code", "entry_point", "solution_files"}
    assert set(shown.__slots__) == told
