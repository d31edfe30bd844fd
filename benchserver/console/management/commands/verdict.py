"""``verdict list|correct``: stored verdicts that were shown to be wrong, and their correction."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.management.base import CommandParser

from benchserver import wiring
from benchserver.console.report import OPERATOR, Answer, ReportingCommand
from benchserver.core.errors import BadInput
from benchserver.core.verdict import Verdict
from benchserver.evaluations import correct, judge
from benchserver.evaluations.models import Attempt


class Command(ReportingCommand):
    help = (
        "Correct stored verdicts, by evidence only: a dispute settled against the first machine, "
        "or the stored reply judged again here. The stored verdict stays in its table. Example: "
        "./bench verdict correct --attempt 0193a0a0-0000-7000-8000-000000000000 --recheck 3"
    )

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("act", choices=("list", "correct"))
        parser.add_argument("--attempt", action="append", default=[], help="id; may be repeated")
        parser.add_argument(
            "--recheck",
            type=int,
            default=0,
            metavar="N",
            help="judge the stored reply N times here and go by that, instead of a dispute",
        )

    def answer(self, **options: Any) -> Answer:
        return _list() if options["act"] == "list" else _correct(options)


def _list() -> Answer:
    """Who was wrong where, never about what: results of single tasks stay in their tables."""
    wrong = [
        {"attempt": str(o.pk), "evaluation": o.attempt.evaluation.slug, "machine": o.odd_worker}
        for o in correct.overturned()
    ]
    waiting = [
        {"attempt": str(c.attempt_id), "evaluation": c.attempt.evaluation.slug}
        for c in correct.waiting()
    ]
    lines = [
        f"{row['attempt']}  {row['evaluation']}: {row['machine']} stood alone" for row in wrong
    ]
    lines += [f"{row['attempt']}  {row['evaluation']}: corrected, waits" for row in waiting]
    nothing = ["no verdict is known to be wrong"]
    return Answer({"wrong": wrong, "waiting": waiting}, lines or nothing, good=not wrong)


def _correct(options: dict[str, Any]) -> Answer:
    found = []
    for attempt_id in [_uuid(text) for text in options["attempt"]]:
        if options["recheck"]:
            done = correct.by_recheck(
                attempt_id=attempt_id,
                judge=_judge(),
                runs=options["recheck"],
                sealer=wiring.sealer(),
                by=OPERATOR,
            )
        else:
            done = correct.by_opinion(attempt_id=attempt_id, sealer=wiring.sealer(), by=OPERATOR)
        found.append(done)
    if not found:
        raise BadInput("name an attempt", place="--attempt")
    document = [
        {
            "attempt": str(each.correction.attempt_id),
            "log_index": each.correction.log_index,
            "counts": not each.waits,
            "waits": each.waits,
        }
        for each in found
    ]
    return Answer(document, [_line(each) for each in found])


def _judge() -> Any:
    engines = judge.Engines(
        judging=wiring.judging(),
        opener=wiring.opener(),
        policy=wiring.engine_policy(),
        mac_key=wiring.mac_key(),
    )

    def verdict(attempt: Attempt) -> Verdict:
        return judge.judgement_of(attempt.pk, OPERATOR, engines).verdict

    return verdict


def _line(each: correct.Corrected) -> str:
    what = f"{each.correction.attempt_id}: corrected, log entry {each.correction.log_index}; "
    if each.waits:
        return what + (
            f"it waits ({each.waits}) and counts when tasks of its form are withdrawn with "
            "companions"
        )
    return what + "it counts from the next publication on"


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        mend = "Give the attempt's UUID, as verdict list and /admin/ show it."
        raise BadInput("no id of an attempt", place="--attempt", mend=mend) from None
