"""``soak``: the slow scenarios and large seed counts that ``./bench test`` leaves out."""

from __future__ import annotations

import os
import subprocess
import sys
from argparse import REMAINDER
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

_ROOT = Path(__file__).parents[4]
_OURS = ("DJANGO_SETTINGS_MODULE", "BENCHSERVER_HOME")


class Command(BaseCommand):
    help = "Run what is too slow for every day. Example: ./bench soak tests/console/simulation"
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "tests", nargs=REMAINDER, help="paths, then pytest's options (default: all)"
        )

    def handle(self, **options: Any) -> None:
        command = [sys.executable, "-m", "pytest", "-m", "soak", "-q", *options["tests"]]
        # The tests' own settings start their own services; ours must not be in their way.
        environ = {k: v for k, v in os.environ.items() if k not in _OURS}
        raise SystemExit(subprocess.call(command, cwd=_ROOT, env=environ))
