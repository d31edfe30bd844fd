"""``health --pool NAME``: what tasks ask for, which boards are full, which results surprise."""

from __future__ import annotations

import dataclasses
from typing import Any

from django.core.management.base import CommandParser

from benchserver import wiring
from benchserver.console.healthsheet import Board, Line, Sheet, sheet
from benchserver.console.report import OPERATOR, Answer, ReportingCommand
from benchserver.evaluations import health, judge, references
from benchserver.leaderboard.exposure import usual_policy
from benchserver.pools.ingest import pool_named
from benchserver.pools.models import Pool


class Command(ReportingCommand):
    help = (
        "Task health: which tasks are worn, wrong or leaked, and which board is full. Figures of "
        "single tasks are private. Example: ./bench health --pool example"
    )

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--pool", required=True)
        parser.add_argument("--all", action="store_true", help="tasks that ask for nothing, too")
        parser.add_argument(
            "--run-references",
            type=int,
            default=0,
            metavar="N",
            help="first run every reference N times more; each run lowers the bound on flips",
        )

    def answer(self, **options: Any) -> Answer:
        pool = pool_named(options["pool"])
        if options["run_references"]:
            self._run_references(pool, options["run_references"])
        found = sheet(pool, health.pool_health(pool, usual_policy()))
        shown = found.lines if options["all"] else found.asking
        document = {**dataclasses.asdict(found), "lines": [dataclasses.asdict(x) for x in shown]}
        return Answer(document, [*_lines(found, shown)], good=not found.asking)

    def _run_references(self, pool: Pool, runs: int) -> None:
        engines = judge.Engines(
            judging=wiring.judging(), opener=wiring.opener(), policy=wiring.engine_policy()
        )
        done = references.run_references(pool=pool, runs=runs, worker=OPERATOR, engines=engines)
        for number, _ in enumerate(done, 1):
            self.stderr.write(f"\r{number} references run", ending="")
        self.stderr.write("")


def _lines(found: Sheet, shown: tuple[Line, ...]) -> list[str]:
    words = [f"{line.task}  {what}" for line in shown for what in line.asks or ("nothing",)]
    words += [line for board in found.boards for line in _board(board)]
    words += [found.again] if found.again else []
    words.append(found.summary)
    return words


def _board(board: Board) -> list[str]:
    head = f"board {board.track}, rotation {board.rotation}: {board.models} models"
    says = board.says or ("nothing to say",)
    return [f"{head}; {words}" for words in (*says, *board.tells)]
