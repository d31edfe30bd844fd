"""``draw_states``: write docs/states.md from the lifecycle tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from benchserver.console.report import Answer, ReportingCommand
from benchserver.core.lifecycle import LIFECYCLES, draw

HEAD = """# States

Drawn from `benchserver/core/lifecycle.py` by `./bench draw_states`; a test keeps it true, and
Postgres triggers refuse every other step.
"""


def text() -> str:
    parts = [f"## {lc.name.capitalize()}\n\n{draw(lc)}\n" for lc in LIFECYCLES]
    return "\n".join([HEAD, *parts])


class Command(ReportingCommand):
    help = "Draw docs/states.md from the lifecycle tables. Example: ./bench draw_states"

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--out", type=Path, default=settings.BASE_DIR / "docs" / "states.md")

    def answer(self, **options: Any) -> Answer:
        options["out"].write_text(text())
        return Answer({"out": str(options["out"])}, [f"wrote {options['out']}"])
