"""``import_tasks PATH --pool NAME``: examine, seal and store; a bad task changes nothing."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from benchserver import wiring
from benchserver.console import sources
from benchserver.console.report import OPERATOR, Answer, ReportingCommand
from benchserver.core.task import TaskSpec
from benchserver.engines.vault.base import CannotOpen
from benchserver.measurement.similarity import Document
from benchserver.pools.ingest import Ingested, already_stored, ingest, stored_documents
from benchserver.pools.intake import Effort
from benchserver.pools.models import Pool
from benchserver.pools.tracks import ensure_pool


class Command(ReportingCommand):
    help = (
        "Intake: check, seal, store. "
        "Example: ./bench import_tasks tasks_private/example --pool example"
    )

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path, help="a task file or folder")
        parser.add_argument("--pool", required=True, help="created when it does not exist")
        parser.add_argument("--format", default="auto")
        parser.add_argument("--language", default="", help="of problem packages, instead of theirs")
        sources.add_effort(parser)
        parser.add_argument(
            "--split", default="auto", choices=("auto", "public", "private", "canary")
        )

    def answer(self, **options: Any) -> Answer:
        path, format = options["path"], options["format"]
        chosen = {key: options[key] for key in ("split", "language")}
        tasks = sources.read(path, format=format, **chosen)
        wiring.sandbox()  # a machine that cannot judge refuses before a pool is made
        pool = ensure_pool(slug=options["pool"], name=options["pool"], by=OPERATOR)
        done = self._ingest(pool, tasks, path, format, sources.effort(options))
        counts = {r: sum(d.result == r for d in done) for r in ("stored", "unchanged", "refused")}
        lines = [_line(d) for d in done if d.result != "unchanged"]
        lines.append(", ".join(f"{n} {result}" for result, n in counts.items()))
        document = {"counts": counts, "tasks": [dataclasses.asdict(d) for d in done]}
        return Answer(document, lines, good=not counts["refused"])

    def _ingest(
        self, pool: Pool, tasks: Any, path: Path, format: str, effort: Effort
    ) -> list[Ingested]:
        key = wiring.mac_key()
        known = [t for t in tasks if already_stored(pool=pool, task=t, mac_key=key)]
        fresh = sorted((t for t in tasks if t not in known), key=lambda t: bool(t.twin_of))
        done = [Ingested(source_id=t.source_id, result="unchanged") for t in known]
        stored = self._stored(pool, tasks) if fresh else []
        reports = sources.examined(
            fresh, path, format=format, effort=effort, among=tasks, stored=stored
        )
        for number, pair in enumerate(reports, 1):
            done += ingest(
                pool=pool, tasks=[pair], sealer=wiring.sealer(), mac_key=key, by=OPERATOR
            )
            self.stderr.write(f"\r{number} of {len(fresh)} tasks examined", ending="")
        if fresh:
            self.stderr.write("")
        return done

    def _stored(self, pool: Pool, tasks: Sequence[TaskSpec]) -> list[Document]:
        """The pool's other tasks, to see whether a new one is nearly one of them."""
        try:
            return stored_documents(
                pool=pool,
                besides=tasks,
                mac_key=wiring.mac_key(),
                opener=wiring.opener(),
                by=OPERATOR,
            )
        except CannotOpen:
            self.stderr.write("the pool's own tasks are not compared: no execute key is here")
            return []


def _line(done: Ingested) -> str:
    return f"{done.result:9} {done.source_id}  {done.slug or done.reason}{_advised(done)}"


def _advised(done: Ingested) -> str:
    return "".join(f"\n          {advice}" for advice in done.advice)
