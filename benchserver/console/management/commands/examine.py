"""``examine``: look for signs of memory in forms that have closed, and say what waits for whom."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from benchserver.console.findingsheet import figures
from benchserver.console.report import OPERATOR, Answer, ReportingCommand
from benchserver.core.errors import BadInput
from benchserver.core.lifecycle import EvidenceState
from benchserver.evaluations import evidence
from benchserver.evaluations.models import EvidenceRecord
from benchserver.pools.models import Track

_NEXT = {
    EvidenceState.WATCHED: "nothing to do",
    EvidenceState.REVIEW: "read the replies that hold our tests, then confirm or withdraw",
    EvidenceState.NOTICED: "look for faults of ours, then ask or withdraw in /admin/",
    EvidenceState.AWAITING: "waits for the provider's answer",
    EvidenceState.ANSWERED: "read the answer, then publish or withdraw in /admin/",
    EvidenceState.EXPIRED: "publish or withdraw in /admin/",
    EvidenceState.PUBLISHED: "in every snapshot from the next one on",
    EvidenceState.WITHDRAWN: "nothing to do",
}


class Command(ReportingCommand):
    help = "Examine closed forms, once each. Example: ./bench examine --track python"

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--track", default="", help="default: all")

    def answer(self, **options: Any) -> Answer:
        forms, rows = evidence.due(), EvidenceRecord.objects.all()
        if options["track"]:
            track = Track.objects.filter(slug=options["track"]).first()
            if track is None:
                raise BadInput(f"no track {options['track']!r}", place="--track")
            forms, rows = forms.filter(track=track), rows.filter(evaluation__track=track)
        made = [row for form in forms for row in evidence.examine(form=form, by=OPERATOR)]
        document: dict[str, Any] = {
            "examined": len(made),
            "evidence": [_row(row) for row in rows.select_related("evaluation__model")],
        }
        lines = [line for row in document["evidence"] for line in (_line(row), *figures(row))]
        return Answer(document, [f"{len(made)} examined now", *lines])


def _row(row: EvidenceRecord) -> dict[str, Any]:
    return {
        "evaluation": row.evaluation.slug,
        "model": row.evaluation.model.slug,
        "grade": row.grade,
        "state": row.state,
        "tests": [finding["test"] for finding in row.findings],
        "findings": row.findings,
        "beside": row.beside,
        "literals": row.literals,
        "next": _NEXT[EvidenceState(row.state)],
    }


def _line(row: dict[str, Any]) -> str:
    grade = row["grade"] or "nothing"
    return f"  {row['model']} ({row['evaluation']}): {grade}, {row['state']}; {row['next']}"
