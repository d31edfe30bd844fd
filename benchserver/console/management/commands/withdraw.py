"""``withdraw --pool P --rotation R --task T --why W``: faulty tasks go, boards are issued anew."""

from __future__ import annotations

import argparse
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser
from django.db import transaction

from benchserver import wiring
from benchserver.console.report import OPERATOR, Answer, ReportingCommand
from benchserver.core.errors import BadInput
from benchserver.evaluations.withdraw import Withdrawn, withdraw
from benchserver.leaderboard.publish import publish
from benchserver.leaderboard.reissue import boards_to_reissue
from benchserver.pools.ingest import pool_named
from benchserver.pools.models import Rotation, Task
from benchserver.pools.withdraw import REASONS, faulty_tasks, retire_faulty


class Command(ReportingCommand):
    help = (
        "Withdraw faulty tasks from an open or closed rotation: they count no longer, and boards "
        "that showed them are published anew. Without --yes it only says what would happen. "
        "Example: ./bench withdraw --pool example --rotation ro-1 --task ta_7k3m9qpx2v4d "
        "--why wrong_tests --companions --yes"
    )

    def arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        parser.add_argument("--pool", required=True)
        parser.add_argument("--rotation", required=True)
        parser.add_argument("--task", action="append", default=[], help="id; may be repeated")
        parser.add_argument("--why", required=True, choices=tuple(REASONS))
        how = parser.add_mutually_exclusive_group()
        how.add_argument(
            "--companions",
            action="store_true",
            help="where totals were told: withdraw sound tasks too, drawn by lot, so that the old "
            "total less the new one is not one task's result",
        )
        how.add_argument(
            "--later",
            action="store_true",
            help="leave this rotation as it is; only the next ones do without the tasks",
        )
        parser.add_argument("--yes", action="store_true", help="really do it")

    def answer(self, **options: Any) -> Answer:
        pool = pool_named(options["pool"])
        rotation = Rotation.objects.filter(pool=pool, slug=options["rotation"]).first()
        if rotation is None:
            raise BadInput(f"no rotation {options['rotation']!r}", place="--rotation")
        tasks = faulty_tasks(pool, options["task"])
        if options["later"]:
            return _later(tasks, options)
        with transaction.atomic():
            done = withdraw(
                rotation=rotation,
                tasks=tasks,
                reason=options["why"],
                by=OPERATOR,
                companions=options["companions"],
                min_cell=settings.MIN_CELL,
            )
            boards = boards_to_reissue(rotation)
            if not options["yes"]:
                transaction.set_rollback(True)
        lines = [_line(each) for each in done]
        document: dict[str, Any] = {
            "withdrawn": [_document(each) for each in done],
            "retired": [task.slug for task in tasks],
            "boards": [track.slug for track in boards],
            "done": options["yes"],
        }
        if not options["yes"]:
            again = ", ".join(document["boards"]) or "none"
            lines += [f"boards to publish anew: {again}", "nothing was changed: add --yes"]
            return Answer(document, lines)
        for track in boards:
            snapshot = publish(
                track=track,
                rotation=rotation,
                signer=wiring.signer(),
                sealer=wiring.sealer(),
                by=OPERATOR,
                min_cell=settings.MIN_CELL,
            )
            lines.append(f"{track.slug} was published anew as snapshot {snapshot.sequence}")
        return Answer(document, lines)


def _later(tasks: list[Task], options: dict[str, Any]) -> Answer:
    if options["yes"]:
        retire_faulty(tasks, reason=options["why"], by=OPERATOR)
    slugs = [task.slug for task in tasks]
    lines = [f"no later rotation takes {', '.join(slugs)}; this one stays as it is"]
    if not options["yes"]:
        lines.append("nothing was changed: add --yes")
    document = {"withdrawn": [], "retired": slugs, "boards": [], "done": options["yes"]}
    return Answer(document, lines)


def _document(each: Withdrawn) -> dict[str, Any]:
    return {
        "track": each.form.track.slug,
        "faulty": each.faulty,
        "companions": each.companions,
        "standing": each.standing,
        "told": each.told,
    }


def _line(each: Withdrawn) -> str:
    along = f" and {each.companions} companions drawn by lot" if each.companions else ""
    told = "totals were told before" if each.told else "nothing was told of it before"
    return (
        f"{each.form.track.slug}: {each.faulty} faulty{along} withdrawn, {each.standing} private "
        f"tasks stand; {told}"
    )
