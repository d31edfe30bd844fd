"""``prepare_toolchains``: fill the compilers' caches, so that compiling in a box is fast.

``up``, ``demo`` and ``./bench test`` do it by themselves; run it after compilers were installed or
upgraded. Example: ``./bench prepare_toolchains`` prints one line per language and makes nothing
twice.
"""

from __future__ import annotations

import sys
from typing import Any

from benchserver.console.report import Answer, ReportingCommand
from benchserver.console.toolchains import prepare_toolchains


class Command(ReportingCommand):
    help = "Fill the compilers' caches once. Example: ./bench prepare_toolchains"

    def answer(self, **options: Any) -> Answer:
        made = prepare_toolchains(lambda line: print(line, file=sys.stderr, flush=True))
        bad = {name: problem for name, problem in made.items() if problem}
        lines = [f"{name}: {problem or 'prepared'}" for name, problem in made.items()]
        document = {"prepared": sorted(made.keys() - bad.keys()), "failed": bad}
        return Answer(document, lines or ["every compiler here is prepared"], good=not bad)
