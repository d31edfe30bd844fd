"""How commands answer: one JSON document on stdout with ``--json``, plain lines without.

Example: a command returns ``Answer({"stored": 24}, ["24 tasks stored"], good=True)``; the base
class prints one of the two forms and exits 0, or 1 when what was asked about is bad.
"""

from __future__ import annotations

import json
import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from benchserver.core.errors import NotAllowed

OPERATOR = "operator"  # whom the audit trail names for a command line


@dataclass(frozen=True, slots=True)
class Answer:
    document: Any
    lines: Sequence[str] = field(default_factory=tuple)
    good: bool = True


class ReportingCommand(BaseCommand, ABC):
    """A command with ``--json``. Subclasses implement ``answer`` and ``arguments``."""

    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
        self.arguments(parser)

    def arguments(self, parser: CommandParser) -> None:
        """Add the command's own arguments."""

    @abstractmethod
    def answer(self, **options: Any) -> Answer:
        """Do the work and say what came of it."""

    def handle(self, **options: Any) -> None:
        try:
            answer = self.answer(**options)
        except NotAllowed as refusal:
            print(f"benchserver: refused: {refusal}", file=sys.stderr)
            if options["json"]:
                self.stdout.write(json.dumps({"refused": refusal.code, "reason": str(refusal)}))
            raise SystemExit(1) from None
        if options["json"]:
            self.stdout.write(json.dumps(answer.document, indent=2, default=str))
        else:
            for line in answer.lines:
                self.stdout.write(line)
        if not answer.good:
            raise SystemExit(1)
