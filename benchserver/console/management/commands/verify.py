"""``verify PATH-or-URL``: check a published bundle; the same code as the stand-alone verifier."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from benchserver.console.report import Answer, ReportingCommand
from benchserver.core.errors import BadInput
from benchserver.transparency import verify


class Command(ReportingCommand):
    help = (
        "Verify signatures, proofs, order and snapshots of a bundle. Example: "
        "./bench verify http://127.0.0.1:8000/api/v1/transparency/bundle.json"
    )

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("place", help="a file or an http(s) URL")
        parser.add_argument("--key", default="", help="the log's key you got from elsewhere")

    def answer(self, **options: Any) -> Answer:
        place = options["place"]
        try:
            checks = verify.verify_bundle(verify.load(place), key=options["key"])
        except (OSError, ValueError, verify.Bad) as problem:
            raise BadInput(
                f"cannot be read: {problem}", place=place, mend="Give a bundle file or its URL."
            ) from None
        good = all(check.ok for check in checks)
        lines = [f"{'ok ' if c.ok else 'BAD'}  {c.what}: {c.detail}".rstrip(": ") for c in checks]
        lines.append("everything holds" if good else "SOMETHING DOES NOT HOLD")
        document = {"ok": good, "checks": [check._asdict() for check in checks]}
        return Answer(document, lines, good=good)
