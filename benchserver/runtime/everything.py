"""``./bench test``: everything that must be green, in order, each step with its time.

All steps run even when an early one fails. The tests come last, so that their own summary closes
the output; the exit status is 0 only when every step was good.
Example: ``./bench test --require docker,gvisor tests/engines`` fails where Docker is missing.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from benchserver.core.errors import BadInput

MOST_AT_ONCE = 4  # each process has its own Postgres, and sandboxes of its own
ENGINES = ("docker", "gvisor", "browser", "languages")


def run(root: Path, python: Path, arguments: list[str]) -> int:
    """Run all steps in ``root``; returns 0, or 1 when any failed."""
    required, rest = split_required(arguments)
    if required:
        os.environ["BENCH_REQUIRE"] = ",".join(required)
    bad = [name for name, argv in steps(python) if not _step(root, name, argv)]
    if whole_suite(root, rest):
        rest = [*spread(os.cpu_count() or 1), *rest]
    print(f"==> pytest {' '.join(rest)}", flush=True)
    if bad:
        print(f"    (already bad: {', '.join(bad)})", flush=True)
    tests = subprocess.run([str(python), "-m", "pytest", *rest], cwd=root).returncode
    return 1 if bad or tests else 0


def steps(python: Path) -> list[tuple[str, list[str]]]:
    """Every step before the tests, by name."""
    interpreter, tools = str(python), python.parent
    return [
        ("ruff format", [str(tools / "ruff"), "format", "--check", "--quiet", "."]),
        ("ruff check", [str(tools / "ruff"), "check", "--quiet", "."]),
        ("mypy", [interpreter, "-m", "mypy", "--no-error-summary", "benchserver"]),
        ("import contracts", [str(tools / "lint-imports")]),
        (
            "migrations",
            # without a running database Django warns that it cannot compare with it
            [interpreter, "-W", "ignore::RuntimeWarning", "manage.py", "makemigrations", "--check"],
        ),
        ("toolchains", [interpreter, "manage.py", "prepare_toolchains"]),
    ]


def whole_suite(root: Path, arguments: list[str]) -> bool:
    """No file or folder is named, nor how many processes, nor a debugger, which needs just one."""
    named = any((root / word.partition("::")[0]).exists() for word in arguments)
    return not named and not {"-n", "--pdb"} & set(arguments)


def spread(cores: int) -> list[str]:
    """What has pytest run the whole suite on ``cores``: file by file, in the order of collection.

    A database or broker named in the environment is one for all, so nothing is spread then.
    """
    if cores == 1 or not os.environ.keys().isdisjoint({"DATABASE_URL", "BROKER_URL"}):
        return []
    return ["-n", str(min(cores, MOST_AT_ONCE)), "--dist", "loadfile", "--no-loadscope-reorder"]


def split_required(arguments: list[str]) -> tuple[list[str], list[str]]:
    """``--require a,b`` taken out of pytest's arguments. Raises ``BadInput`` for unknown names."""
    required: list[str] = []
    rest: list[str] = []
    words = iter(arguments)
    for word in words:
        if word == "--require":
            required += next(words, "").split(",")
        elif word.startswith("--require="):
            required += word.partition("=")[2].split(",")
        else:
            rest.append(word)
    unknown = [name for name in required if name not in ENGINES]
    if unknown:
        mend = f"Name some of {', '.join(ENGINES)}"
        raise BadInput(f"no engine {unknown[0]!r}", place="--require", mend=mend)
    return required, rest


def _step(root: Path, name: str, argv: list[str]) -> bool:
    """One step: a line with its time, and its output when it is bad."""
    begun = time.monotonic()
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    answer = subprocess.run(
        argv, cwd=root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    good = answer.returncode == 0
    print(
        f"==> {name:16}  {'ok ' if good else 'BAD'}  {time.monotonic() - begun:.1f} s", flush=True
    )
    if not good:
        sys.stdout.write(answer.stdout)
        sys.stdout.flush()
    return good
