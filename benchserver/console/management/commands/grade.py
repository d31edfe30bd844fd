"""``grade``: the judge on its own. Example: ``./bench grade --tasks HumanEval.jsonl.gz --samples
samples.jsonl --out results.jsonl`` writes one result line per sample and prints pass@k."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from django.core.management.base import BaseCommand, CommandParser

from benchserver.core.errors import BadInput
from benchserver.engines.sandbox.base import Sandbox
from benchserver.engines.sandbox.registry import open_sandbox

if TYPE_CHECKING:
    from benchserver.console.grading import Tally
    from benchserver.core.task import TaskSpec

_SANDBOXES = "bubblewrap, docker, docker+runsc (gVisor), or auto: the first that works (default)"
_WORKERS_PER_CPU = 2  # the two boxes of a pair mostly wait for each other


class Command(BaseCommand):
    help = (
        "Grade samples against tasks in a sandbox, without a database. Example: ./bench grade "
        "--tasks HumanEval.jsonl.gz --samples samples.jsonl --out results.jsonl"
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        add = parser.add_argument
        add("--tasks", type=Path, required=True, help="a task file or folder")
        add("--samples", type=Path, required=True, help="JSON lines (.jsonl or .jsonl.gz)")
        add("--out", type=Path, required=True, help="result lines, written when all is done")
        add("--format", default="auto", help="format of the tasks (default: recognise it)")
        add("--sandbox", default="auto", help=_SANDBOXES)
        add("--workers", type=int, default=0, help="programs side by side (default: 2 per CPU)")
        add("--cpu-seconds", type=float, help="time limit instead of the task's own")
        add("--memory-mb", type=int, help="memory limit instead of the task's own")
        add("--show-tests", action="store_true", help="name the failing test in the results")
        add("--json", action="store_true", help="the summary as one JSON document on stdout")

    def handle(self, *, tasks: Path, samples: Path, out: Path, **options: Any) -> None:
        workers = _workers(options["workers"])
        with _opened(options["sandbox"]) as opened:
            # All else is loaded meanwhile: it takes about as long.
            from benchserver.console.grading import grade, read_samples, result_line, summary
            from benchserver.engines.taskformats.registry import read

            specs = [_limited(task, options) for task in read(tasks, format=options["format"])]
            for _ in read_samples(samples, specs):  # refuse bad input before anything runs
                pass
            with _written_at_the_end(out) as file:
                sandbox = opened()
                show = bool(options["show_tests"])
                tally = grade(
                    read_samples(samples, specs),
                    sandbox=sandbox,
                    workers=workers,
                    write=lambda sample, outcome: _write(
                        file, result_line(sample, outcome, show_tests=show)
                    ),
                )
            document = summary(tally, sandbox=sandbox, workers=workers, limits=_limits_of(specs))
        self._print(document, as_json=options["json"])
        _exit_with(tally)

    def _print(self, document: dict[str, Any], *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(document))
            return
        from benchserver.console.grading import summary_lines

        for line in summary_lines(document):
            self.stderr.write(line, style_func=str)


@contextmanager
def _opened(name: str) -> Iterator[Callable[[], Sandbox]]:
    """The sandbox, which proves itself while the caller reads its input; closed at the end."""
    with ThreadPoolExecutor(1) as opener:
        opening = opener.submit(open_sandbox, name)
        try:
            yield opening.result
        finally:
            if opening.exception() is None:
                opening.result().close()


def _exit_with(tally: Tally) -> None:
    if tally.faults:
        raise SystemExit(1)


def _write(file: TextIO, line: dict[str, Any]) -> None:
    file.write(json.dumps(line) + "\n")


def _workers(asked: int) -> int:
    if asked < 0 or asked > 256:
        raise BadInput(f"{asked} workers", place="--workers", mend="Use 1 to 256.")
    return asked or _WORKERS_PER_CPU * (os.cpu_count() or 1)


def _limited(task: TaskSpec, options: dict[str, Any]) -> TaskSpec:
    """The task under the limits of the command line. Raises ``BadInput`` on absurd ones."""
    cpu, memory = options["cpu_seconds"], options["memory_mb"]
    limits = task.limits
    if cpu is not None:
        if not 0.1 <= cpu <= 3600:
            raise BadInput(f"{cpu} s", place="--cpu-seconds", mend="Use 0.1 to 3600.")
        limits = replace(limits, cpu_milliseconds=int(cpu * 1000))
    if memory is not None:
        if not 32 <= memory <= 65536:
            raise BadInput(f"{memory} MiB", place="--memory-mb", mend="Use 32 to 65536.")
        limits = replace(limits, memory_bytes=memory * 2**20)
    return replace(task, limits=limits)


def _limits_of(tasks: list[TaskSpec]) -> dict[str, Any]:
    """The limits as a range over the tasks, or one number when they agree."""
    return {
        "cpu_seconds": _span([task.limits.cpu_milliseconds / 1000 for task in tasks]),
        "memory_mb": _span([task.limits.memory_bytes / 2**20 for task in tasks]),
        "output_mb": _span([task.limits.output_bytes / 2**20 for task in tasks]),
    }


def _span(values: list[float]) -> str:
    low, high = min(values), max(values)
    return f"{low:g}" if low == high else f"{low:g}-{high:g}"


@contextmanager
def _written_at_the_end(out: Path) -> Iterator[TextIO]:
    """A file that takes ``out``'s place only when everything went well."""
    if out.is_dir() or not out.parent.is_dir():
        raise BadInput("cannot be written", place=str(out), mend="Name a file in a folder.")
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{out.name}.", dir=out.parent)
    except OSError as error:
        raise BadInput(
            error.strerror or "cannot be written", place=str(out), mend="Use another folder."
        ) from None
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            yield file
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(name, 0o666 & ~umask)
        os.replace(name, out)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
