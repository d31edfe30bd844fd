"""Small pools for the tests of the native format."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchserver.core.errors import BadInput
from benchserver.core.task import TaskSpec
from benchserver.engines.taskformats.base import SourceFaults
from benchserver.engines.taskformats.native import Native

FUNCTION = {
    "task.toml": 'id = "snail"\nshape = "function"\nentry_point = "snail"\n',
    "statement.md": "A snail climbs.\n",
    "reference.py": "def snail(n):\n    return n + 1\n",
    "tests/cases.jsonl": '{"args": [1], "expected": 2}\n',
}
PROGRAM = {
    "task.toml": 'id = "heron"\nshape = "program"\n',
    "statement.md": "A heron waits.\n",
    "reference.py": "print(input())\n",
    "tests/01.in": "a\n",
    "tests/01.out": "a\n",
}


def place(folder: Path, files: dict[str, str]) -> Path:
    for inner, text in files.items():
        target = folder / inner
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode())
    return folder


def read_one(folder: Path, files: dict[str, str]) -> TaskSpec:
    (task,) = Native().read(place(folder, files))
    return task


def faults_of(path: Path) -> list[BadInput]:
    with pytest.raises(SourceFaults) as caught:
        Native().read(path)
    assert all(fault.mend and fault.place for fault in caught.value.faults)
    return caught.value.faults


def only_fault(folder: Path, files: dict[str, str]) -> BadInput:
    (fault,) = faults_of(place(folder, files))
    return fault
