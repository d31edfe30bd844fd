"""One real service for many faults: twenty-four small tasks, a gate before a reference endpoint.

``stage.start()`` begins an evaluation, the scenario does its worst to the processes, and
``stage.settle()`` waits for quiescence, asks the offline checker and the recount, and says the
figures: sends, sends of unknown outcome, seconds. Nothing in the service knows that it is tested:
a worker is held at a point by a lock on a table that this point writes to.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psycopg

from benchserver.console.simulation.checker import check
from benchserver.core.protocol import Protocol
from benchserver.engines.endpoints.reference_answers import Answer, AnswerBook, Persona
from benchserver.engines.endpoints.reference_server import Behaviour, ReferenceEndpoint
from benchserver.engines.taskformats.native import Native
from benchserver.runtime.postgres import Postgres
from benchserver.runtime.supervisor import Part, Restart
from tests.faults.gate import Gate
from tests.faults.history import FAULTS, SENDS, history
from tests.flows.adders import adding, track_script
from tests.flows.live import Api, LiveService, endpoint, patiently, provider
from tests.recount import recount

TASKS = 24
LIMIT = 4  # calls at once
WORKERS = ("generate", "execute", "control")
TRACK = track_script("faults", Protocol(samples=1, max_tokens=512, deadline_seconds=30))
STATES = (
    "SELECT a.state, count(*) FROM evaluations_attempt a JOIN evaluations_evaluation e"
    " ON e.id = a.evaluation_id WHERE e.slug = %s GROUP BY 1"
)


def book(*, pause: float = 0.0) -> AnswerBook:
    """Right and wrong programs; ``pause``: seconds each sleeps when it is loaded."""
    head = f"import time\ntime.sleep({pause})\n" if pause else ""
    return AnswerBook(
        Answer(
            statement=f"Write add_{n}(x): x plus {n}.",
            solution=f"{head}def add_{n}(x):\n    return x + {n}\n",
            wrong=(f"{head}def add_{n}(x):\n    return x - {n}\n",),
            difficulty="medium",
        )
        for n in range(1, TASKS + 1)
    )


PERSONA = Persona(skill=0.7, seed=3)


def right(prompt: str) -> bool:
    answer = book().find(prompt)
    return answer is not None and PERSONA.is_right(answer)


@dataclass
class Run:
    """One evaluation under fault. ``notes``: what the scenario itself wants to be read."""

    slug: str
    began: float = field(default_factory=time.monotonic)
    notes: list[str] = field(default_factory=list)
    cancelled: float | None = None
    worker_lost: int = 0
    again: int = 0
    sends: int = 0
    unknown: int = 0
    faults: dict[str, int] = field(default_factory=dict)


class Stage:
    """The service, its gate, and the hands that break things."""

    def __init__(self, folder: Path, say: Callable[[str], None]) -> None:
        self.say = say
        behaviour = Behaviour(persona=PERSONA)
        self.quick = ReferenceEndpoint(book(), behaviour).start()
        self.sleepy = ReferenceEndpoint(book(pause=1.5), behaviour).start()
        self.gate = Gate(self.quick.port, right=right)
        self.service = LiveService(endpoints=[self.gate.port])
        for part in ("web", "beat", "database", "broker", *WORKERS):
            self.service.service.change(part, _soon_again)
        self.folder = folder

    def __enter__(self) -> Stage:
        self.service.__enter__()
        Native().write([adding(n) for n in range(1, TASKS + 1)], self.folder / "pool")
        self.service.command("import_tasks", str(self.folder / "pool"), "--pool", "faults")
        self.service.python(TRACK)
        self.service.command("rotation", "open", "--pool", "faults", "--name", "faults-1")
        self.api: Api = provider(self.service, "Faulty")
        self.endpoint = endpoint(
            self.api, self.gate.url, model="faulty", concurrency=LIMIT, wait=True
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.service.__exit__()
        self.gate.close()
        self.quick.close()
        self.sleepy.close()

    def start(self, *, delay: float = 0.0, wait_for_sends: int = 0) -> Run:
        """Begin an evaluation; with ``wait_for_sends`` return once so many tasks were sent."""
        self._clear()
        self.gate.delay = delay
        asked = {"endpoint": self.endpoint, "track": "faults"}
        run = Run(str(self.api("POST", "evaluations/", asked)["id"]))
        if wait_for_sends:
            self.until(lambda: len(self.service.sql(SENDS, run.slug)) >= wait_for_sends)
        return run

    def _clear(self) -> None:
        """A scenario that failed leaves its evaluation running: not in the next one's way."""
        running = "SELECT slug FROM evaluations_evaluation WHERE state = 'running'"
        for (slug,) in self.service.sql(running):
            self.api("POST", f"evaluations/{slug}/cancel/")
        self.until(lambda: not self.sql(running))

    def states(self, run: Run) -> dict[str, int]:
        rows = patiently(lambda: self.sql(STATES, run.slug))
        return dict(rows)

    def sql(self, text: str, *values: Any) -> list[tuple[Any, ...]]:
        """As the service's, but a database that is away is an ``OSError`` to wait for."""
        try:
            return self.service.sql(text, *values)
        except psycopg.Error as problem:
            raise OSError(str(problem)) from None

    def until(self, true: Callable[[], Any], *, seconds: float = 150.0, step: float = 0.1) -> Any:
        end = time.monotonic() + seconds
        while True:
            with contextlib.suppress(OSError):
                found = true()
                if found:
                    return found
            if time.monotonic() > end:
                raise AssertionError(f"not so after {seconds} s" + self.service.explain())
            time.sleep(step)

    def await_state(self, run: Run, state: str, *, count: int = 1) -> None:
        self.until(lambda: self.states(run).get(state, 0) >= count, step=0.03)

    def kill(self, part: str) -> None:
        """The part's whole process group, as a machine that loses power; it is started again."""
        pids = self.until(lambda: self.service.pids(part))
        self.gate.abandon()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pids[0], signal.SIGKILL)
        self.await_restart(part, pids[0])

    def await_restart(self, part: str, before: int) -> None:
        self.until(lambda: self.service.pids(part)[:1] not in ([], [before]))

    @contextlib.contextmanager
    def held(self, table: str) -> Iterator[None]:
        """Nobody writes to ``table`` meanwhile: whoever wants to waits there, to be killed."""
        with psycopg.connect(Postgres(self.service.home).url()) as connection:
            connection.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE")  # type: ignore[arg-type]
            yield
            connection.rollback()

    @contextlib.contextmanager
    def stopped(self, *pids: int) -> Iterator[None]:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    def ended(self, run: Run, *, seconds: float = 240.0) -> Any:
        """The evaluation's own account once no attempt moves any more."""

        def look() -> Any:
            status = patiently(lambda: self.api("GET", f"evaluations/{run.slug}/"))
            return status if status["state"] != "running" else None

        return self.until(look, seconds=seconds, step=0.3)

    def settle(self, run: Run, name: str, *, complete: bool = True) -> Any:
        """Wait for quiescence, then demand all promises; prints the scenario's line."""
        status = self.ended(run)
        took = time.monotonic() - run.began
        pending = "SELECT 1 FROM evaluations_send WHERE outcome = 'pending'"
        self.until(lambda: not self.sql(pending), seconds=60)
        self.gate.delay = 0.0
        sends = self.service.sql(SENDS, run.slug)
        run.sends, run.unknown = len(sends), sum(row[4] == "unknown" for row in sends)
        run.again = sum(row[2] > 1 for row in sends)
        run.worker_lost = sum(row[3] == "worker_lost" for row in sends)
        for _, code in self.service.sql(FAULTS, run.slug):
            run.faults[code] = run.faults.get(code, 0) + 1
        notes = "; ".join(run.notes)
        faulted = f", faulted {run.faults}" if run.faults else ""
        self.say(
            f"{name}: {run.sends} sends, {run.unknown} unknown, {took:.1f} s to quiescence"
            f"{faulted}{'; ' if notes else ''}{notes}"
        )
        assert self.problems(run, status) == []
        if complete:
            assert status["state"] == "complete", status["reason"]
        return status

    def problems(self, run: Run, status: Any) -> list[str]:
        """What the offline checker and the recount of the published board object to."""
        result = status.get("result") or {}
        events = history(
            list(self.gate.log),
            self.service.sql,
            evaluation=run.slug,
            limit=LIMIT,
            passed=result.get("private", {}).get("passed") if result else None,
            cancelled=run.cancelled,
        )
        found = check(events)
        if status["state"] == "complete":
            self.service.command("publish", "--track", "faults")
            with psycopg.connect(Postgres(self.service.home).url()) as connection:
                found += recount(connection)
        return found


def _soon_again(part: Part) -> Part:
    """Many deaths in a row are the plan here: no growing pauses between restarts."""
    return replace(part, restart=Restart(ceiling=1.0))
