"""Which files of submissions/ are programs that can be judged."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchserver.engines.taskformats.icpc.submissions import language_of
from tests.engines.taskformats.icpc.packages import package, task_of


@pytest.mark.parametrize(
    ("name", "code", "language"),
    [
        ("a.cc", "", "cpp"),
        ("a.C", "", "cpp"),
        ("a.c", "", "c"),
        ("a.py", "#!/usr/bin/env python3\n", "python"),
        ("a.py", "#!/usr/bin/env python2\n", ""),
        ("check", "#!/usr/bin/python3\n", "python"),
        ("a.hs", "", ""),
        ("a.h", "", ""),
    ],
)
def test_the_language_is_told_by_the_name_or_the_first_line(
    name: str, code: str, language: str
) -> None:
    assert language_of(name, code) == language


def test_the_reference_is_the_first_submission_of_the_most_preferred_language(
    tmp_path: Path,
) -> None:
    files: dict[str, str | None] = {
        "submissions/accepted/a.py": None,
        "submissions/accepted/a.hs": "main = print 1\n",
        "submissions/accepted/b/main.go": "package main\n",
        "submissions/accepted/c/one.java": "class A {}\n",
        "submissions/accepted/c/two.java": "class B {}\n",
        "submissions/accepted/z.cpp": "int main() {}\n",
    }
    path = package(tmp_path, files)
    assert task_of(path).language == "cpp"
    assert task_of(path, "go").reference == "package main\n"
