"""Python tests -> the examiner's form, where that changes nothing: then a pass is provable.

The test file stays as it is, character by character; around it stand lines that make the
solution's module a set of stubs, switch skipped tests on and run every test. Example: tests that
do ``from bowling import BowlingGame`` and assert on what its methods return.

Not converted (they stay mitigated): tests that compare objects of the solution with operators
that the solution itself defines, that derive from or check against its classes, expect its own
exceptions, patch modules, start processes or open files.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Mapping

from benchserver.core.task import CheckScript
from benchserver.engines.taskformats import pythonsource

_MARK = "# --- the exercise's own tests ---\n"
_END = "# --- all of them, in any order ---\n"
_PRELUDE = """\
# {file}
import random, sys, types, unittest
sys.modules["{module}"] = types.SimpleNamespace({stubs})
def _always(*args, **kwargs):
    return lambda test: test
unittest.skip = unittest.skipIf = unittest.skipUnless = _always
unittest.TestCase.skipTest = lambda self, reason: None
unittest.TestCase.maxDiff = 0
"""
_RUN = """\
def _run(names):
    loader = unittest.TestLoader()
    cases = [
        case for case in names.values()
        if isinstance(case, type) and issubclass(case, unittest.TestCase)
        and case.__module__ == __name__
    ]
    for case in random.sample(cases, len(cases)):
        tests = list(loader.loadTestsFromTestCase(case))
        unittest.TestSuite(random.sample(tests, len(tests))).debug()
_run(dict(globals()))
"""
# Operators of an object that a stub passes on; with any other, objects would have to cross.
_PASSED_ON = frozenset(
    (
        *("__init__", "__len__", "__bool__", "__getitem__", "__setitem__", "__iter__", "__next__"),
        *("__str__", "__repr__", "__post_init__", "__new__", "__slots__", "__doc__", "__call__"),
    )
)
_NOT_IN_AN_EXAMINER = frozenset(("open", "exec", "eval", "isinstance", "issubclass", "__import__"))
_UNITTEST = frozenset(("TestCase", "main", "skip", "skipIf", "skipUnless"))
_REFUSED_MODULES = frozenset(("os", "sys", "subprocess", "importlib", "io", "pathlib", "builtins"))
_REFUSED_MODULES |= {"tempfile", "inspect", "threading", "asyncio", "doctest", "gc"}


def converted(
    *, stubs: Mapping[str, str], tests: Mapping[str, str], reference: Mapping[str, str]
) -> CheckScript | None:
    """The tests as the examiner runs them, or None when they have to stay beside the solution."""
    if len(stubs) != 1 or list(tests)[1:] or list(reference) != list(stubs):
        return None
    (path,), (file,) = stubs, tests
    module = path.removesuffix(".py")
    if not path.endswith(".py") or not module.isidentifier() or not file.endswith(".py"):
        return None
    tree = pythonsource.parsed(tests[file])
    names = _used(tree, module) if tree else None
    if tree is None or not names or not _plain(tree, names, module):
        return None
    if not _crosses(reference[path], names):
        return None
    return _script(file, tests[file], module=module, names=names)


def original(tests: CheckScript) -> tuple[str, str] | None:
    """File name and text of the tests that ``converted`` wrapped, or None: not its work."""
    head, mark, rest = tests.script.partition(_MARK)
    text, end, _ = rest.rpartition(_END)
    if not mark or not end or not head.startswith("# "):
        return None
    return head.split("\n", 1)[0].removeprefix("# "), text


def _script(file: str, text: str, *, module: str, names: tuple[str, ...]) -> CheckScript:
    stubs = ", ".join(f"{name}={name}" for name in names)
    prelude = _PRELUDE.format(file=file, module=module, stubs=stubs)
    end = "" if text.endswith("\n") else "\n"
    script = f"{prelude}{_MARK}{text}{end}{_END}{_RUN}"
    return CheckScript(setup="", script=script, proxies=names)


def _used(tree: ast.Module, module: str) -> tuple[str, ...] | None:
    """What the tests take from the solution's module, in order; None when that is not told."""
    names: list[str] = []
    modules: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == module and not node.level:
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.Import):
            modules |= {a.asname or a.name for a in node.names if a.name == module}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            names += [node.attr] if node.value.id in modules else []
    clean = all(name.isidentifier() and not name.startswith("__") for name in names)
    return tuple(dict.fromkeys(names)) if clean and "*" not in names else None


def _plain(tree: ast.Module, names: tuple[str, ...], module: str) -> bool:
    """unittest only, the standard library only, and the solution's names are only called."""
    for node in ast.walk(tree):
        if not all(_allowed(name, module) for name in _imported(node)):
            return False
        if isinstance(node, ast.Name) and node.id in _NOT_IN_AN_EXAMINER:
            return False
    called = {
        id(node.func) if isinstance(node, ast.Call) else id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Call, ast.Attribute))
    }
    loose = (n for n in ast.walk(tree) if isinstance(n, ast.Name) and n.id in names)
    return all(id(node) in called for node in loose) and _has_tests(tree)


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    if node.module == "unittest":  # unittest.mock patches modules that are not here
        return [f"unittest.{a.name}" for a in node.names if a.name not in _UNITTEST] or ["unittest"]
    return [node.module or "."] if not node.level else ["."]


def _allowed(name: str, module: str) -> bool:
    top = name.split(".")[0]
    if top in _REFUSED_MODULES or name.startswith("unittest."):
        return False
    return name == module or (top in sys.stdlib_module_names and top != "__future__")


def _has_tests(tree: ast.Module) -> bool:
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    methods = (item for node in classes for item in node.body)
    loose = any(isinstance(n, ast.FunctionDef) and n.name.startswith("test") for n in tree.body)
    return not loose and any(
        isinstance(item, ast.FunctionDef) and item.name.startswith("test") for item in methods
    )


def _crosses(reference: str, names: tuple[str, ...]) -> bool:
    """Whether the reference shows that calls alone exercise the solution."""
    tree = pythonsource.parsed(reference)
    if tree is None:
        return False
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    if any(not _operators(node) <= _PASSED_ON for node in classes):
        return False
    made = {node.name: node for node in tree.body if isinstance(node, (ast.ClassDef, _FUNCTION))}
    if any(name not in made for name in names):  # constants and the like are not called
        return False
    return not any(
        isinstance(made[name], ast.ClassDef) and _is_exception(made[name]) for name in names
    )


_FUNCTION = ast.FunctionDef


def _operators(node: ast.ClassDef) -> set[str]:
    """Special methods of the class; a dataclass or an enum compares by itself."""
    found = {item.name for item in node.body if isinstance(item, ast.FunctionDef)}
    decorated = {"__eq__"} if node.decorator_list else set()
    bases = (
        {"__eq__"} if any(_base(b) not in ("object", "Exception") for b in node.bases) else set()
    )
    return {name for name in found if name[:2] == name[-2:] == "__"} | decorated | bases


def _base(node: ast.expr) -> str:
    name = node.id if isinstance(node, ast.Name) else ""
    return "Exception" if name.endswith(("Error", "Exception")) else name


def _is_exception(node: ast.stmt) -> bool:
    return isinstance(node, ast.ClassDef) and any(_base(b) == "Exception" for b in node.bases)
