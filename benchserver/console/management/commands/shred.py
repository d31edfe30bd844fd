"""``shred task|endpoint-key|reply|provider NAME``: destroy content for good, and account for it."""

from __future__ import annotations

import dataclasses
from typing import Any
from uuid import UUID

from django.core.management.base import CommandParser
from django.db import transaction

from benchserver.audit.keys import scrub
from benchserver.console.report import OPERATOR, Answer, ReportingCommand
from benchserver.core.errors import BadInput
from benchserver.evaluations import shred

KINDS = ("task", "endpoint-key", "reply", "provider")
SCRUB_SECONDS = 10.0


class Command(ReportingCommand):
    help = (
        "Destroy sealed content for good by deleting its data keys. Without --yes it only says "
        "what would be lost. Example: ./bench shred task ta_7k3m9qpx2v4d --yes"
    )

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("kind", choices=KINDS)
        parser.add_argument(
            "name", help="id of the task, endpoint or attempt; name of the provider (its slug)"
        )
        parser.add_argument("--number", type=int, help="version of a task; default the newest")
        parser.add_argument("--yes", action="store_true", help="really destroy it")

    def answer(self, **options: Any) -> Answer:
        with transaction.atomic():
            target = _target(options["kind"], options["name"], options["number"])
            document: dict[str, Any] = {
                "kind": options["kind"],
                "target": target.name,
                "kept": [dataclasses.asdict(kept) for kept in target.kept],
            }
            lines = [f"{options['kind']} {target.name}"]
            if options["yes"]:
                done = shred.shred(target, by=OPERATOR)
                document |= {"destroyed": done.destroyed, "already_gone": done.already}
                lines += [f"destroyed: {n} x {what}" for what, n in done.destroyed.items() if n]
            else:
                document["would_destroy"] = _counts(target)
                lines += [f"would destroy: {n} x {w}" for w, n in _counts(target).items()]
                lines.append("nothing was destroyed: add --yes")
        if options["yes"]:
            document["files_scrubbed"] = scrub(seconds=SCRUB_SECONDS)
            lines.append(_about_files(document["files_scrubbed"]))
        lines += [f"stays: {kept.what}: {kept.why}" for kept in target.kept]
        return Answer(document, lines)


def _target(kind: str, name: str, number: int | None) -> shred.Target:
    if kind == "task":
        return shred.task_version(name, number)
    if kind == "endpoint-key":
        return shred.endpoint_key(name)
    if kind == "provider":
        return shred.provider(name)
    try:
        return shred.reply(UUID(name))
    except ValueError:
        mend = "Give the attempt's UUID, as /admin/ shows it"
        raise BadInput("no id of an attempt", place="name", mend=mend) from None


def _counts(target: shred.Target) -> dict[str, int]:
    kinds = [kind for kind, _ in target.keys]
    return {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}


def _about_files(scrubbed: bool) -> str:
    if scrubbed:
        return "the key table's files were written anew; dumps and archived WAL keep old rows"
    return "the key table was busy: run VACUUM FULL audit_datakey when it is not"
