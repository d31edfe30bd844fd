"""What a compile in a box costs beside the same compile outside, in one run and interleaved.

Outside means: the line that a person would type, in a folder on this machine, with whatever cache
that compiler keeps by itself already warm. Example: ``measure_compiling(sandbox)["cpp"]`` ->
``{"box_seconds": 0.41, "outside_seconds": 1.02, "ratio": 0.40, ...}``.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from statistics import median

from benchserver.core.errors import PlatformFault
from benchserver.engines.judges.build import build
from benchserver.engines.languages.registry import LANGUAGES
from benchserver.engines.sandbox.base import Sandbox

# The file's name, then the line; {source} and {folder} are filled in.
_OUTSIDE: Mapping[str, tuple[str, str]] = {
    "c": ("main.c", "gcc -std=c17 -O2 -o main {source} -lm"),
    "cpp": ("main.cpp", "g++ -std=c++20 -O2 -o main {source}"),
    "go": ("main.go", "go build -o main {source}"),
    "rust": ("main.rs", "rustc --edition 2021 -O -C linker=gcc -o main {source}"),
    "java": (
        "Hello.java",
        "javac -d classes {source} && jar --create --file main.jar -C classes .",
    ),
    "typescript": (
        "main.ts",
        "printf 'declare var require: any' >node.d.ts && "
        "tsc --target es2022 --module commonjs --outDir out node.d.ts {source}",
    ),
}

_NOT_HERE = (PlatformFault, subprocess.CalledProcessError)


def measure_compiling(sandbox: Sandbox, *, rounds: int = 7) -> dict[str, dict[str, float]]:
    """Medians over ``rounds`` of wall seconds by language, and how many times the box takes.

    One unmeasured round goes first; a language that does not build here both ways is left out.
    """
    found = {}
    for name in _OUTSIDE:
        with tempfile.TemporaryDirectory() as home, suppress(*_NOT_HERE):
            pairs = [_once(name, number, Path(home), sandbox) for number in range(rounds + 1)]
            found[name] = _summary(pairs[1:])
    return found


def _once(name: str, number: int, home: Path, sandbox: Sandbox) -> tuple[float, float]:
    """Seconds in a box and outside, of a source that was never compiled before."""
    code = f"{LANGUAGES[name].hello}// round {number}\n"
    return _in_a_box(name, code, sandbox), _outside(name, code, home)


def _in_a_box(name: str, code: str, sandbox: Sandbox) -> float:
    files = {LANGUAGES[name].source: code.encode()}
    begun = time.monotonic()
    build(language=name, files=files, sandbox=sandbox)
    return time.monotonic() - begun


def _outside(name: str, code: str, home: Path) -> float:
    file, line = _OUTSIDE[name]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(home), "GO111MODULE": "off"}
    with tempfile.TemporaryDirectory(dir=home) as folder:
        (Path(folder) / file).write_text(code, encoding="utf-8")
        begun = time.monotonic()
        subprocess.run(
            ["/bin/sh", "-c", line.format(source=file)],
            cwd=folder,
            env=environment,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        return time.monotonic() - begun


def _summary(pairs: list[tuple[float, float]]) -> dict[str, float]:
    box, outside = (median(column) for column in zip(*pairs, strict=True))
    return {
        "box_seconds": round(box, 4),
        "outside_seconds": round(outside, 4),
        "ratio": round(box / outside, 3),
        "rounds": len(pairs),
        "cpus": os.cpu_count() or 1,
    }
