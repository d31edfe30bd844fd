"""``manage.py reference_endpoint``: a local endpoint of chosen skill, until Ctrl-C.

Needs no database. Prints one line of JSON with the URL once it listens. Example:
``manage.py reference_endpoint --answers answers.jsonl --skill 0.7 --latency 0.2 --port 0``
"""

from __future__ import annotations

import json
import signal
from argparse import RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from benchserver.core.errors import BadInput
from benchserver.engines.endpoints.headers import is_printable
from benchserver.engines.endpoints.reference_answers import AnswerBook, Persona, read_answers
from benchserver.engines.endpoints.reference_server import (
    FAULTS,
    SPEAKERS,
    Behaviour,
    ReferenceEndpoint,
    fail_rates,
    fault_rates,
)
from benchserver.runtime.bell import Bell

MAX_THINKING = 100_000


class Command(BaseCommand):
    help = (
        "Serve a local endpoint of known skill that speaks a real protocol.\n\n"
        "Example: manage.py reference_endpoint --answers answers.jsonl --skill 0.7 "
        "--latency 0.2 --fail-rate 429=0.05,500=0.05 --port 8009"
    )
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        kwargs.setdefault("formatter_class", RawDescriptionHelpFormatter)
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        add = parser.add_argument
        add("--protocol", choices=list(SPEAKERS), default="openai_chat")
        add("--answers", type=Path, required=True, metavar="FILE.jsonl")
        add("--skill", type=float, required=True, help="chance of a right answer, 0 to 1")
        add("--latency", type=float, default=0.0, help="mean seconds per answer")
        add("--sigma", type=float, default=0.0, help="spread of the latency (log-normal)")
        add("--fail-rate", default="", metavar="429=0.05,500=0.05")
        add("--drop-rate", type=float, default=0.0, help="share of connections cut")
        faults = "; ".join(f"{name}: {what}" for name, what in FAULTS.items())
        add("--fault", default="", metavar="cut=0.1,refusal=0.05", help=faults)
        add("--retry-after", default="1", help="sent with 429 and 503; empty: not sent")
        add("--thinking", type=int, default=0, help="tokens of thoughts before each answer")
        add("--known-split", choices=["public", "all"], default="", help="known by heart")
        add("--verbatim", action="store_true", help="the program alone is the reply, unfenced")
        add("--seed", type=int, default=0)
        add("--api-key", default="", help="answer 401 without it")
        add("--port", type=int, default=8009, help="0: any free port")
        add("--log", type=Path, metavar="FILE", help="append one line per request")
        add("--json", action="store_true", help="accepted for symmetry: output is JSON anyway")

    def handle(self, *args: Any, **options: Any) -> None:
        stop = Bell()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, stop.on_signal)
        try:
            endpoint = _endpoint(options)
        except BadInput as problem:
            raise CommandError(str(problem), returncode=2) from None
        except OSError as problem:
            raise CommandError(
                f"--port: {problem.strerror}. Choose another", returncode=2
            ) from None
        with endpoint:
            start = {"url": endpoint.url, "port": endpoint.port, "protocol": options["protocol"]}
            self.stdout.write(json.dumps(start))
            self.stdout.flush()
            stop.wait()


def _endpoint(options: dict[str, Any]) -> ReferenceEndpoint:
    """Raises ``BadInput`` for values out of range and ``OSError`` for a port in use."""
    for name in ("skill", "drop_rate"):
        if not 0 <= options[name] <= 1:
            place = "--" + name.replace("_", "-")
            raise BadInput("not between 0 and 1", place=place, mend="Give a share such as 0.7")
    if options["latency"] < 0 or options["sigma"] < 0:
        raise BadInput("negative", place="--latency", mend="Give seconds of 0 or more")
    if not 0 <= options["thinking"] <= MAX_THINKING:
        mend = f"Give 0 to {MAX_THINKING} tokens"
        raise BadInput("out of range", place="--thinking", mend=mend)
    if options["retry_after"] and not is_printable(options["retry_after"]):
        raise BadInput("no header value", place="--retry-after", mend="Give seconds or a date")
    persona = Persona(
        skill=options["skill"],
        seed=options["seed"],
        known_split=options["known_split"],
        verbatim=options["verbatim"],
    )
    behaviour = Behaviour(
        persona=persona,
        latency=options["latency"],
        sigma=options["sigma"],
        fail_rates=fail_rates(options["fail_rate"]),
        drop_rate=options["drop_rate"],
        faults=fault_rates(options["fault"]),
        retry_after=options["retry_after"],
        thinking=options["thinking"],
        api_key=options["api_key"],
        log=options["log"],
    )
    book = AnswerBook(read_answers(options["answers"]))
    return ReferenceEndpoint(book, behaviour, port=options["port"], protocol=options["protocol"])
