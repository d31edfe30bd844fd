"""What crosses the wall in each language: values as they are, or a clear refusal."""

from __future__ import annotations

from typing import Any

import pytest

from benchserver.core.task import State
from benchserver.core.verdict import Judgement, Verdict
from benchserver.engines.judges.registry import judge
from benchserver.engines.sandbox.base import Sandbox
from tests.engines.judges.shims.sources import SOURCES
from tests.engines.judges.shims.tasks import cases
from tests.engines.languages.needed import require

PARTS: list[Any] = [-7, 2.5, 'é\n"\\\U0001f600', True, None, ["a", ""], {"b": 1}, [3, 1]]
EXTREME: list[Any] = [2**53 - 1, -1e300, "", False, 5, [], {}, []]


@pytest.fixture(params=SOURCES)
def language(request: pytest.FixtureRequest, sandbox: Sandbox) -> str:
    name = str(request.param)
    require(name, sandbox)
    return name


def given(language: str, how: str, parts: list[Any]) -> list[Any]:
    """The arguments of ``f`` for the parts, in the types that the language has."""
    *first, mapped, members = parts
    if language == "rust":
        return [how, {"$tuple": first}, mapped, {"$set": members}]
    if language in ("cpp", "java"):
        return [how, {"$tuple": [*first, mapped, {"$set": members}]}]
    return [how, [*first, mapped, members]]


def back(language: str, parts: list[Any]) -> Any:
    """The answer that holds the same parts."""
    *first, mapped, members = parts
    if language == "rust":
        return {"$tuple": [{"$tuple": first}, mapped, {"$set": members}]}
    return given(language, "", parts)[1]


def asked(
    language: str,
    *calls: tuple[str, list[Any], list[Any]],
    sandbox: Sandbox,
    state: State = State.SHARED,
) -> Judgement:
    pairs = [(given(language, how, sent), back(language, want)) for how, sent, want in calls]
    return judge(task=cases(language, *pairs, state=state), code=SOURCES[language], sandbox=sandbox)


def test_values_come_back_as_they_went(language: str, sandbox: Sandbox) -> None:
    found = asked(language, ("honest", PARTS, PARTS), ("honest", EXTREME, EXTREME), sandbox=sandbox)
    assert (found.verdict, found.detail) == (Verdict.PASSED, "")


@pytest.mark.parametrize("place", range(8))
def test_another_value_in_any_place_is_wrong(place: int, language: str, sandbox: Sandbox) -> None:
    others: list[Any] = [-8, 2.25, "x", False, 0, ["a"], {"b": 2}, [1, 2]]
    wanted = [*PARTS[:place], others[place], *PARTS[place + 1 :]]
    assert asked(language, ("honest", PARTS, wanted), sandbox=sandbox).detail == "case 0"


@pytest.mark.parametrize("place", [0, 2, 3])
def test_equal_in_another_type_is_wrong(place: int, language: str, sandbox: Sandbox) -> None:
    sent: list[Any] = [1, 2.5, "1", True, None, [], {}, []]
    wanted: list[Any] = [True, 2.5, 1, 1, None, [], {}, []]
    mixed = [*sent[:place], wanted[place], *sent[place + 1 :]]
    assert asked(language, ("honest", sent, mixed), sandbox=sandbox).detail == "case 0"


def test_nan_and_infinity_cross_but_nan_equals_nothing(language: str, sandbox: Sandbox) -> None:
    for text, verdict in (("inf", Verdict.PASSED), ("nan", Verdict.WRONG_ANSWER)):
        parts = [1, {"$float": text}, *PARTS[2:]]
        assert asked(language, ("honest", parts, parts), sandbox=sandbox).verdict is verdict


@pytest.mark.parametrize("language", ["cpp", "rust", "java"])
def test_what_does_not_fit_the_types_is_an_error_of_the_call(
    language: str, sandbox: Sandbox
) -> None:
    require(language, sandbox)
    for place, value in ((0, 2**63), (0, 1.5), (0, "1"), (1, "x"), (2, 1), (3, 1), (5, "a")):
        parts = [*PARTS[:place], value, *PARTS[place + 1 :]]
        found = asked(language, ("honest", parts, parts), sandbox=sandbox)
        assert (found.verdict, found.detail) == (Verdict.RUNTIME_ERROR, "TypeError case 0")


def test_fresh_state_gives_every_case_a_process_of_its_own(language: str, sandbox: Sandbox) -> None:
    ones = [("count", PARTS, [1, *PARTS[1:]])] * 2
    assert asked(language, *ones, sandbox=sandbox, state=State.FRESH).passed
    assert not asked(language, *ones, sandbox=sandbox, state=State.SHARED).passed


def test_fresh_state_holds_in_python_too(sandbox: Sandbox) -> None:
    code = "calls = 0\ndef f(n):\n    global calls\n    calls += 1\n    return calls\n"
    for state, passed in ((State.FRESH, True), (State.SHARED, False)):
        task = cases("python", ([1], 1), ([2], 1), state=state)
        assert judge(task=task, code=code, sandbox=sandbox).passed is passed


def test_big_integers_cross_where_the_language_has_them(sandbox: Sandbox) -> None:
    big = {"$int": hex(3**90)}
    code = "function f(n) { return [typeof n, n * 1n]; }"
    task = cases("javascript", ([big], ["bigint", big]))
    assert judge(task=task, code=code, sandbox=sandbox).passed
    require("java", sandbox)
    code = "class P { static java.math.BigInteger f(java.math.BigInteger n) { return n; } }"
    assert judge(task=cases("java", ([big], big)), code=code, sandbox=sandbox).passed
