"""Inside the box: run one test of a pytest or unittest file; a late nonce for the supervisor.

Skip marks are switched on. Uses pytest when the box has it, else the standard library's unittest.
"""

from __future__ import annotations

import json
import os
import sys
import unittest
from collections.abc import Iterator
from typing import Any

PROJECT = "/box/project"
say = os.write
leave = os._exit
hear = os.read


def main(command: str, wanted: str) -> None:
    sys.path.insert(0, PROJECT)
    sys.dont_write_bytecode = True
    with open("/box/tests.json", encoding="utf-8") as file:
        files = json.load(file)
    switch_on(unittest)
    tests = Pytest(files) if needs_pytest(files) else Unittest(files)
    if command == "list":
        say(4, json.dumps(tests.names()).encode())
        leave(0)
    good = tests.run(wanted)
    if not good:
        say(4, b"failed\n")
        leave(1)
    say(4, b"done\n")
    nonce = b""
    while len(nonce) < 32:
        part = hear(3, 32 - len(nonce))
        if not part:
            leave(1)
        nonce += part
    say(4, nonce)
    leave(0)


def needs_pytest(files: list[str]) -> bool:
    """Plain functions or a use of pytest; TestCase classes alone need only unittest."""
    import ast

    for name in files:
        with open(os.path.join(PROJECT, name), encoding="utf-8") as file:
            tree = ast.parse(file.read())
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test"):
                return True
            if isinstance(node, ast.ClassDef) and not node.bases and node.name.startswith("Test"):
                return True
        for inner in ast.walk(tree):
            names = [a.name for a in inner.names] if isinstance(inner, ast.Import) else []
            if isinstance(inner, ast.ImportFrom):
                names = [inner.module or ""]
            if "pytest" in names:
                return True
    return False


def switch_on(module: Any) -> None:
    def always(*args: Any, **kwargs: Any) -> Any:
        return lambda test: test

    module.skip = module.skipIf = module.skipUnless = always
    module.TestCase.skipTest = lambda self, reason: None


class Unittest:
    """The TestCase classes of the files, by ``file::Class::method``."""

    def __init__(self, files: list[str]) -> None:
        import importlib

        self.tests: dict[str, Any] = {}
        loader = unittest.TestLoader()
        for name in files:
            module = importlib.import_module(name.removesuffix(".py").replace("/", "."))
            for test in flat(loader.loadTestsFromModule(module)):
                kind = type(test)
                self.tests[f"{name}::{kind.__name__}::{test._testMethodName}"] = test

    def names(self) -> list[str]:
        return list(self.tests)

    def run(self, wanted: str) -> bool:
        result = unittest.TestResult()
        unittest.TestSuite([self.tests[wanted]]).run(result)
        clean = not (result.failures or result.errors or result.unexpectedSuccesses)
        return clean and result.testsRun == 1 and not result.skipped


def flat(suite: Any) -> Iterator[Any]:
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from flat(item)
        else:
            yield item


class Pytest:
    """The files as pytest collects them, by node id; no plugins, no conftest, no cache."""

    OPTIONS = (
        *("-c", "/box/pytest.ini", "--rootdir", PROJECT, "--noconftest"),
        *("--import-mode=importlib", "-p", "no:cacheprovider", "-p", "no:terminal"),
        *("-p", "no:skipping", "-p", "no:faulthandler", "--capture=no"),
    )

    def __init__(self, files: list[str]) -> None:
        os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        self.files = [os.path.join(PROJECT, name) for name in files]

    def names(self) -> list[str]:
        seen = Seen()
        self.call(["--collect-only", *self.files], seen)
        return seen.collected

    def run(self, wanted: str) -> bool:
        seen = Seen()
        path, _, rest = wanted.partition("::")
        code = self.call([f"{PROJECT}/{path}::{rest}"], seen)
        return code == 0 and seen.outcomes == ["passed"]

    def call(self, words: list[str], seen: Seen) -> int:
        import pytest

        for name in ("skip", "importorskip"):
            setattr(pytest, name, lambda *args, **kwargs: None)
        return int(pytest.main([*self.OPTIONS, *words], plugins=[seen]))


class Seen:
    def __init__(self) -> None:
        self.collected: list[str] = []
        self.outcomes: list[str] = []

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        self.collected += [item.nodeid for item in items]

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.when == "call" or report.outcome != "passed":
            self.outcomes.append(report.outcome)


if __name__ == "__main__":
    try:
        main(sys.argv[1], sys.argv[-1])
    except BaseException:
        say(4, b"raised\n")
        leave(1)
