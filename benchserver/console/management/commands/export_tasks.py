"""``export_tasks --pool NAME --split public --out DIR``: public tasks in their own format."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from benchserver import wiring
from benchserver.console.report import OPERATOR, Answer, ReportingCommand
from benchserver.engines.taskformats.registry import FORMATS
from benchserver.pools.disclose import public_tasks_of_pool
from benchserver.pools.ingest import pool_named


class Command(ReportingCommand):
    help = "Write a pool's public tasks. Example: ./bench export_tasks --pool example --out DIR"

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--pool", required=True)
        parser.add_argument("--split", default="public", choices=("public",))
        parser.add_argument("--format", default="native", choices=sorted(FORMATS))
        parser.add_argument("--out", type=Path, required=True)

    def answer(self, **options: Any) -> Answer:
        pool = pool_named(options["pool"])
        tasks = list(public_tasks_of_pool(pool=pool, opener=wiring.opener(), by=OPERATOR))
        FORMATS[options["format"]].write(tasks, options["out"])
        document = {"tasks": len(tasks), "out": str(options["out"])}
        return Answer(document, [f"{len(tasks)} public tasks written to {options['out']}"])
