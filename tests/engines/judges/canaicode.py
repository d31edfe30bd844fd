"""can-ai-code: raw answers of models, and what its own evaluator found, as tasks for our judges.

A recorded check is a Python expression over ``f`` and a value. Those that call the function become
test code in the answer's language; those about names of parameters say nothing about behaviour
and are left out. Example: ``f.call(5, 0)`` with ``eq`` 5 is ``assert gcd(5, 0) == 5``.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from benchserver.core.task import CheckScript, Limits, Shape, TaskSpec
from tests.shared_data import shared

LIMITS = Limits(cpu_milliseconds=3000)
_HEAD = {
    "python": "",
    "javascript": (
        "const assert = require('node:assert');\n"
        "const { isDeepStrictEqual: same } = require('node:util');\n"
    ),
}
_IN_JAVASCRIPT = {"list": "Array.isArray(%s)", "int": "Number.isInteger(%s)"}


@dataclass(frozen=True, slots=True)
class Answer:
    """``passed``: whether every check that calls the function held there. ``own_name``: whether
    the function has the name that was asked for."""

    place: str
    task: TaskSpec
    reply: str
    code: str
    status: str
    passed: bool
    own_name: bool


def answers() -> Iterator[Answer]:
    for path in sorted(shared("can-ai-code/results").glob("*/*.ndjson")):
        for number, line in enumerate(path.read_text().splitlines(), start=1):
            yield _answer(json.loads(line), f"{path.parent.name}/{path.name[:60]}:{number}")


def _answer(row: dict[str, Any], place: str) -> Answer:
    name = row["Signature"].partition("(")[0]
    checks = [check for check in row["checks"] if "f.call" in check["assert"]]
    return Answer(
        place=place,
        task=_task(row, name, checks),
        reply=row["answer"],
        code=row["code"],
        status=row["status"],
        passed=bool(checks) and all(_held(check) for check in checks),
        own_name=all(_held(c) for c in row["checks"] if c["assert"] == "f.name"),
    )


def _held(check: dict[str, Any]) -> bool:
    return check.get("got") in check.get("eq-any", [check.get("eq")])


def _task(row: dict[str, Any], name: str, checks: list[dict[str, Any]]) -> TaskSpec:
    write = _python if row["language"] == "python" else _javascript
    script = _HEAD[row["language"]] + "\n".join(write(check, name) for check in checks) + "\n"
    return TaskSpec(
        source_id=row["name"],
        shape=Shape.FUNCTION,
        statement="",
        tests=CheckScript(setup="", script=script, proxies=(name,)),
        reference="",
        language=row["language"],
        entry_point=name,
        limits=LIMITS,
    )


def _python(check: dict[str, Any], name: str) -> str:
    wanted = check.get("eq-any", [check.get("eq")])
    return f"assert {check['assert'].strip().replace('f.call', name)} in {wanted!r}"


def _javascript(check: dict[str, Any], name: str) -> str:
    """The same expression: calls, an index, ``get`` of a key, or ``isinstance``."""
    tree = ast.parse(check["assert"].strip(), mode="eval").body
    wanted = check.get("eq-any", [check.get("eq")])
    text = _expression(tree, name)
    any_of = " || ".join(f"same({text}, {json.dumps(one)})" for one in wanted)
    return f"assert.ok({any_of});"


def _expression(node: ast.expr, name: str) -> str:
    if isinstance(node, ast.Subscript):
        return f"{_expression(node.value, name)}[{json.dumps(ast.literal_eval(node.slice))}]"
    assert isinstance(node, ast.Call)
    if isinstance(node.func, ast.Name):
        assert isinstance(node.args[1], ast.Name)
        return _IN_JAVASCRIPT[node.args[1].id] % _expression(node.args[0], name)
    assert isinstance(node.func, ast.Attribute)
    if node.func.attr == "get":
        return f"{_expression(node.func.value, name)}[{json.dumps(ast.literal_eval(node.args[0]))}]"
    return f"{name}({', '.join(json.dumps(ast.literal_eval(a)) for a in node.args)})"
