"""``.env.example`` lists every variable the code reads, with the default the code has."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from benchserver.config import settings as real_settings
from benchserver.config.env import SEEN
from tests.docs.markdown import ROOT

EXAMPLE = ROOT / ".env.example"
READERS = {"env_str", "env_int", "env_bool", "env_list", "env_path", "env_choice"}
# Of the system, of Django, or told by one process of ours to another: nobody sets them by hand.
NOT_SETTINGS = {
    "PATH",
    "HOME",
    "XDG_RUNTIME_DIR",
    "DJANGO_SETTINGS_MODULE",
    "DJANGO_ALLOW_ASYNC_UNSAFE",
    "BENCH_TEST_SERVICES",
    "PYTEST_XDIST_WORKER",
}


def asked_for() -> dict[str, set[str]]:
    """Name -> the literal defaults it is read with (empty when the default is computed)."""
    found: dict[str, set[str]] = {}
    sources = [*(ROOT / "benchserver").rglob("*.py"), ROOT / "bench", ROOT / "manage.py"]
    sources += [ROOT / "tests" / name for name in ("conftest.py", "services.py", "shared_data.py")]
    for source in sources:
        if source.name != "env.py":
            for name, default in _reads(ast.parse(source.read_text())):
                found.setdefault(name, set()).update({default} - {""})
    return {name: defaults for name, defaults in found.items() if name not in NOT_SETTINGS}


def _reads(tree: ast.Module) -> Iterator[tuple[str, str]]:
    constants = {
        target.id: node.value.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        name = _name_read(node)
        if isinstance(name, ast.Name):
            name = ast.Constant(constants.get(name.id))
        if isinstance(name, ast.Constant) and isinstance(name.value, str):
            yield name.value, _default(node) if isinstance(node, ast.Call) else ""


def _name_read(node: ast.AST) -> ast.expr | None:
    """The expression that names a variable, when this node reads one."""
    if isinstance(node, ast.Subscript) and _is_environ(node.value):
        return node.slice if isinstance(node.ctx, ast.Load) else None
    if not isinstance(node, ast.Call) or not node.args:
        return None
    called = node.func
    if isinstance(called, ast.Name) and called.id in READERS:
        return node.args[0]
    if isinstance(called, ast.Attribute) and called.attr in ("get", "setdefault"):
        return node.args[0] if _is_environ(called.value) else None
    return None


def _is_environ(value: ast.expr) -> bool:
    """``os.environ``, or a parameter or attribute named ``environ``."""
    return (isinstance(value, ast.Attribute) and value.attr == "environ") or (
        isinstance(value, ast.Name) and value.id == "environ"
    )


def _default(call: ast.Call) -> str:
    """A reader's literal default as one would write it in the file."""
    if not isinstance(call.func, ast.Name):
        return ""
    given = [*call.args[1:], *(keyword.value for keyword in call.keywords)]
    try:
        value = ast.literal_eval(given[0]) if given else ""
    except ValueError:
        return ""
    if call.func.id == "env_choice":
        return str(value[0])
    if isinstance(value, bool):
        return str(int(value))
    return ",".join(value) if isinstance(value, tuple) else str(value)


def listed() -> dict[str, str]:
    lines = EXAMPLE.read_text().splitlines()
    found = [re.fullmatch(r"#?([A-Z][A-Z0-9_]*)=(.*)", line) for line in lines]
    names = [match[1] for match in found if match]
    assert len(names) == len(set(names)), "a variable is listed twice"
    return {match[1]: match[2] for match in found if match}


def test_the_file_lists_exactly_what_the_code_reads():
    assert set(listed()) == set(asked_for())


def test_what_the_settings_asked_for_in_this_very_process_is_listed():
    assert real_settings.BASE_DIR == ROOT
    assert SEEN
    assert set(listed()) >= SEEN


def test_each_default_in_the_file_is_the_one_in_the_code():
    defaults = asked_for()
    wrong = {
        name: (value, defaults[name])
        for name, value in listed().items()
        if name in defaults and (value or defaults[name]) and value not in defaults[name]
    }
    assert wrong == {}


def test_each_variable_is_explained_in_the_line_above_it():
    lines = EXAMPLE.read_text().splitlines()
    for before, line in pairwise(lines):
        if re.match(r"#?[A-Z][A-Z0-9_]*=", line):
            assert re.match(r"# [a-z0-9A-Z]", before), line


def test_every_variable_is_explained_in_the_operations_page():
    text = (ROOT / "docs" / "operations.md").read_text()
    assert {name for name in listed() if f"`{name}`" not in text} == set()


def test_a_read_of_the_environment_would_be_found_in_each_way_of_writing_it():
    source = """
K = "C"
env_int("A", 3)
environ.get("B")
os.environ[K]
os.environ["WRITTEN"] = "1"
home.environ.setdefault("D", "x")
other.get("E")
"""
    assert set(_reads(ast.parse(source))) == {("A", "3"), ("B", ""), ("C", ""), ("D", "")}


def test_no_secret_has_a_value_in_the_file():
    assert [n for n, value in listed().items() if n.endswith("_KEY_FILE") and value] == []
    assert Path(EXAMPLE).stat().st_mode & 0o111 == 0
