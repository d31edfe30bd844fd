"""``publish --track NAME``: build, audit, log and sign a snapshot of a board."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from benchserver import wiring
from benchserver.console.report import OPERATOR, Answer, ReportingCommand
from benchserver.console.table import board_lines
from benchserver.core.errors import BadInput
from benchserver.evaluations.settling import enough_samples
from benchserver.leaderboard.publish import publish
from benchserver.pools.models import Rotation, Track


class Command(ReportingCommand):
    help = "Publish a signed snapshot. Example: ./bench publish --track python"

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--track", required=True)
        parser.add_argument("--rotation", default="", help="default: the track's newest")

    def answer(self, **options: Any) -> Answer:
        track = Track.objects.filter(slug=options["track"]).first()
        if track is None:
            known = ", ".join(Track.objects.values_list("slug", flat=True)) or "none yet"
            raise BadInput(f"no track {options['track']!r}", place="--track", mend=f"Have: {known}")
        rotation = None
        if options["rotation"]:
            rotation = Rotation.objects.filter(slug=options["rotation"]).first()
            if rotation is None:
                raise BadInput(f"no rotation {options['rotation']!r}", place="--rotation")
        snapshot = publish(
            track=track,
            rotation=rotation,
            signer=wiring.signer(),
            sealer=wiring.sealer(),
            by=OPERATOR,
            min_cell=settings.MIN_CELL,
        )
        settled = enough_samples(row["evaluation"] for row in snapshot.board["rows"])
        return Answer(snapshot.board, board_lines(snapshot.board) + ([settled] if settled else []))
