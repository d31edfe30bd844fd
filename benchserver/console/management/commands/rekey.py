"""``rekey run|new|rewrap|retire|status --right R``: another key pair, while the service runs."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from benchserver import wiring
from benchserver.audit import rekey
from benchserver.console.report import OPERATOR, Answer, ReportingCommand
from benchserver.engines.vault.base import Right

RIGHTS = [right.value for right in Right]


class Command(ReportingCommand):
    help = (
        "Change the key pair of a right: run = new + rewrap + retire. Workers go on meanwhile, no "
        "sealed field is touched. Example: ./bench rekey run --right execute"
    )

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "act",
            choices=("run", "new", "rewrap", "retire", "status"),
            help="new: a pair in front of the old ones; rewrap: move all data keys to it; "
            "retire: forget the old pairs once nothing needs them; status: count, change nothing",
        )
        parser.add_argument("--right", required=True, choices=RIGHTS)
        parser.add_argument(
            "--wait",
            type=float,
            default=60.0,
            metavar="SECONDS",
            help="retire: for transactions that may still seal to an old pair (60)",
        )

    def answer(self, **options: Any) -> Answer:
        right, act = Right(options["right"]), options["act"]
        document: dict[str, Any] = {"right": right.value}
        lines: list[str] = []
        if act in ("run", "new"):
            document["new"] = wiring.new_key_pair(right)
            lines.append(f"new pair {document['new']}: everything is sealed to it from now on")
        active = wiring.sealer().key_id(right)
        if act in ("run", "retire"):
            rekey.await_older_transactions(options["wait"])
        if act in ("run", "rewrap"):
            lines += _rewrap(right, active, document)
        if act == "retire" or (act == "run" and not document["refused"]):
            rekey.check_retirable(right=right, active=active)
            document["retired"] = list(wiring.retire_key_pairs(right))
            lines.append(f"retired: {', '.join(document['retired']) or 'nothing to retire'}")
        lines.append(_count(right, active, document))
        return Answer(document, lines, good=not document.get("refused"))


def _count(right: Right, active: str, document: dict[str, Any]) -> str:
    found = rekey.by_key(right)
    left = sum(count for name, count in found.items() if name != active)
    document |= {"active": active, "data_keys": found, "under_old_pairs": left}
    return f"{sum(found.values())} data keys, {left} of them under old pairs"


def _rewrap(right: Right, active: str, document: dict[str, Any]) -> list[str]:
    done = rekey.rewrap_all(right=right, active=active, rewrap=wiring.rewrap, by=OPERATOR)
    speed = round(done.rewrapped / max(done.seconds, 1e-9))
    document |= {
        "rewrapped": done.rewrapped,
        "refused": dict(done.refused),
        "seconds": round(done.seconds, 3),
    }
    lines = [f"{done.rewrapped} data keys rewrapped in {done.seconds:.1f} s ({speed}/s)"]
    return lines + [
        f"{count} data keys stay as they are: {code}" for code, count in done.refused.items()
    ]
