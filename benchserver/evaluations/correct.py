"""Correct a stored verdict that was shown to be wrong, by evidence and never by hand.

Two grounds: a settled dispute in which the first machine stood alone, or the stored reply judged
again here, several times, always with one other verdict. The stored verdict stays in its table; the
correction counts at once where the count it changes was told to nobody, else from the day the form
is issued anew. Example: "31 of 150" was shown; "32 of 150" now would tell which way one verdict
went, so the correction waits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now

from benchserver.audit.keys import keep
from benchserver.audit.record import record
from benchserver.core.disclosure import MIN_CELL
from benchserver.core.errors import BadInput, NotAllowed
from benchserver.core.lifecycle import OpinionState
from benchserver.core.task import Split
from benchserver.core.verdict import Verdict
from benchserver.engines.vault.base import Context, Right, Sealer
from benchserver.evaluations import score, told
from benchserver.evaluations.models import (
    Attempt,
    Evaluation,
    Score,
    SecondOpinion,
    VerdictCorrection,
)
from benchserver.evaluations.verdicts import corrected
from benchserver.ledger.append import append
from benchserver.transparency import commitments, entries

RUNS_MIN = 3  # of a recheck: one odd run is a flaky task, not a wrong verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """``waits``: why the correction does not count yet; empty where it does."""

    correction: VerdictCorrection
    waits: str


def overturned() -> QuerySet[SecondOpinion]:
    """Disputes settled against the stored verdict that was not corrected since."""
    settled = SecondOpinion.objects.filter(
        state=OpinionState.SETTLED, odd_worker=F("first_worker"), second=F("third")
    )
    open_ones = settled.exclude(attempt__corrections__verdict=F("second"))
    return open_ones.select_related("attempt__evaluation").order_by("ended_at")


def by_opinion(*, attempt_id: UUID, sealer: Sealer, by: str) -> Corrected:
    """Take over what two machines said against the first. Raises ``NotAllowed`` (``no_ground``)."""
    opinion = overturned().filter(pk=attempt_id).first()
    if opinion is None:
        raise NotAllowed(
            "no settled dispute speaks against this verdict",
            code="no_ground",
            mend="Judge its reply again: --recheck 3.",
        )
    return _correct(
        attempt_id, Verdict(opinion.second), ground="second_opinion", sealer=sealer, by=by
    )


def by_recheck(
    *, attempt_id: UUID, judge: Callable[[Attempt], Verdict], runs: int, sealer: Sealer, by: str
) -> Corrected:
    """Judge the stored reply ``runs`` times; correct where all say one thing and it is another.

    Raises ``BadInput`` below three runs, ``NotAllowed`` (``no_ground``) where they disagree or
    uphold the verdict, ``PlatformFault`` where judging broke.
    """
    if runs < RUNS_MIN:
        raise BadInput(f"at least {RUNS_MIN} runs", place="--recheck")
    found = Attempt.objects.select_related("entry__version", "reply", "evaluation__provider")
    attempt = found.filter(pk=attempt_id, reply__isnull=False, verdict__isnull=False).first()
    if attempt is None:
        raise NotAllowed("it has no stored reply and verdict to judge again", code="no_reply")
    said = {judge(attempt) for _ in range(runs)}
    if len(said) > 1:
        raise NotAllowed(
            "its runs disagree, so nothing is known better than before",
            code="no_ground",
            mend="Look at the task: health --run-references; a flaky task is withdrawn.",
        )
    return _correct(attempt_id, said.pop(), ground="recheck", sealer=sealer, by=by)


@transaction.atomic
def _correct(
    attempt_id: UUID, verdict: Verdict, *, ground: str, sealer: Sealer, by: str
) -> Corrected:
    attempt = (
        Attempt.objects.select_for_update(of=("self",))
        .select_related("entry__version", "evaluation__provider__owner_group")
        .get(pk=attempt_id)
    )
    evaluation = attempt.evaluation
    standing = corrected([evaluation.pk]).get(attempt.pk, attempt.verdict.verdict)
    if verdict == standing:
        raise NotAllowed("the verdict that counts is upheld", code="no_ground")
    if not Score.objects.filter(evaluation=evaluation).exists():
        raise NotAllowed(
            "its evaluation is not complete: nothing rests on the verdict yet",
            code="not_complete",
            mend="Correct it when the evaluation has ended.",
        )
    told.lock(evaluation.provider.owner_group)
    correction = _written(attempt, standing, verdict, ground=ground, sealer=sealer)
    waits = _why_wait(correction)
    if not waits:
        score.renew(evaluation)
    record(
        "verdict.corrected",
        by=by,
        target=str(attempt.pk),
        ground=ground,
        counts=not waits,
        log_index=correction.log_index,
    )
    correction.refresh_from_db()
    return Corrected(correction=correction, waits=waits)


def _written(
    attempt: Attempt, was: str, verdict: Verdict, *, ground: str, sealer: Sealer
) -> VerdictCorrection:
    salt, version = commitments.new_salt(), attempt.entry.version
    outcome = {"task": version.commitment, "sample": attempt.sample, "verdict": verdict.value}
    promised = commitments.outcome_commitment(salt, outcome)
    context = Context(table="correction", row=promised.hex(), field="salt")
    wrapped, sealed = sealer.seal(Right.EXECUTE, {context: salt})
    entry = entries.outcome_correction(
        run=attempt.evaluation.slug,
        rotation=attempt.evaluation.rotation.slug,
        commitment=promised,
        ground=ground,
    )
    return VerdictCorrection.objects.create(
        attempt=attempt,
        was=was,
        verdict=verdict.value,
        ground=ground,
        commitment=promised.hex(),
        log_index=append("outcome-correction", entry),
        salt_data_key=keep(wrapped),
        salt_sealed=sealed[context],
    )


def _why_wait(correction: VerdictCorrection) -> str:
    """Let it count if the auditor allows the total it leads to; else say why it waits."""
    evaluation = correction.attempt.evaluation
    mine = VerdictCorrection.objects.filter(pk=correction.pk)
    try:
        with transaction.atomic():
            mine.update(counts_since=Now())
            if correction.attempt.entry.split == Split.PRIVATE:
                _require_tellable(evaluation)
    except NotAllowed as refusal:
        return refusal.reason
    return ""


def _require_tellable(evaluation: Evaluation) -> None:
    tasks = score.results(evaluation, Split.PRIVATE)
    if len(tasks) < MIN_CELL:
        return  # nothing is ever told of so small a form
    release = told.whole(evaluation, tasks)
    found = told.refusals(evaluation.provider.owner_group, [release])
    if found:
        raise NotAllowed(found[0].reason, code=f"disclosure_{found[0].code}")


def waiting() -> QuerySet[VerdictCorrection]:
    """Corrections of counts that were told before; they count when their form is issued anew."""
    return VerdictCorrection.objects.filter(counts_since=None).select_related(
        "attempt__evaluation__rotation", "attempt__evaluation__track"
    )
