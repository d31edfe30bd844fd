"""Python tests for pytest or unittest that could not be converted to the examiner's form.

``TestCase`` classes need the standard library only; tests that use pytest need it in the box.
Example: ``@pytest.mark.skip`` and ``@unittest.skip`` tests are run.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from dataclasses import replace

from benchserver.engines.judges.unittests.framework import Framework, Sentinels, laid, runner
from benchserver.engines.languages.python import PYTHON

_ENDINGS = ("py",)


def _arrange(solution: Mapping[str, str], tests: Mapping[str, str]) -> dict[str, bytes]:
    files = laid(solution, tests)
    names = [path for path in tests if path.endswith(".py")]
    files["tests.json"] = json.dumps(names).encode()
    files["pytest.ini"] = b"[pytest]\npython_files = *.py\n"
    files["run.py"] = runner("pytest.py").encode()
    return files


def _with_sentinels(tests: Mapping[str, str], names: tuple[str, str]) -> Sentinels:
    path = next(path for path in tests if path.endswith(".py"))
    passing, failing = (f"test_{name}" for name in names)
    if _has_classes(tests[path]):
        text = (
            f"{tests[path]}\nclass TestMore(__import__('unittest').TestCase):\n"
            f"    def {passing}(self):\n        self.assertEqual(2, 2)\n"
            f"    def {failing}(self):\n        self.assertEqual(2, 3)\n"
        )
        passing, failing = (f"TestMore::{name}" for name in (passing, failing))
    else:
        text = (
            f"{tests[path]}\ndef {passing}():\n    assert int('2') == 2\n"
            f"def {failing}():\n    assert int('2') == 3\n"
        )
    return Sentinels(
        tests={**tests, path: text}, passing=f"{path}::{passing}", failing=f"{path}::{failing}"
    )


def _has_classes(text: str) -> bool:
    return any(isinstance(node, ast.ClassDef) and node.bases for node in ast.parse(text).body)


PYTEST = Framework(
    name="pytest",
    language=replace(
        PYTHON,
        support={},
        run=replace(PYTHON.run, argv=("python3", "-I", "-B", "/box/run.py")),
        install="apt install python3 python3-pytest",
    ),
    mirrors=6,
    endings=_ENDINGS,
    arrange=_arrange,
    with_sentinels=_with_sentinels,
)
