"""From suspicion to a public mark, or not: examined once, asked, answered, decided.

A closed form's evaluations are examined together, so that the number of tests is fixed before any
is looked at. What meets the rule is noticed; an admin looks for faults of ours, then the provider
has days to answer; only then may it be published, with the answer beside it. Example: two canaries
passed and a cliff give "BB"; the provider answers within 14 days; the next snapshot says both.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from benchserver.audit.record import Fact, record
from benchserver.core.errors import BadInput, NotAllowed
from benchserver.core.lifecycle import EVIDENCE, EvaluationState, EvidenceState, RotationState
from benchserver.evaluations import identity, suspicion
from benchserver.evaluations.models import Evaluation, EvidenceRecord
from benchserver.measurement.contamination import background, battery
from benchserver.measurement.contamination.evidence import (
    Finding,
    Grade,
    false_alarm,
    grade,
    grade_of,
    may_publish,
)
from benchserver.measurement.estimators import label
from benchserver.pools.models import Form
from benchserver.pools.rotate import database_now

REPLY_DAYS = 14
REPLY_MAX = 2000


@transaction.atomic
def examine(*, form: Form, by: str) -> list[EvidenceRecord]:
    """Test the first complete evaluation of every model of a closed form, once.

    Returns the records made now. Raises ``NotAllowed`` (``rotation_open``) while others may come.
    """
    locked = Form.objects.select_for_update(of=("self",)).select_related("rotation")
    form = locked.get(pk=form.pk)
    running = Evaluation.objects.filter(form=form, state=EvaluationState.RUNNING).exists()
    if form.rotation.state != RotationState.CLOSED or running:
        raise NotAllowed(
            f"rotation {form.rotation.slug} is open or something still runs in it",
            code="rotation_open",
            mend="Evidence is looked for once, when no evaluation can be added any more.",
        )
    if EvidenceRecord.objects.filter(evaluation__form=form).exists():
        return []
    on = suspicion.bench(form, first_complete(form))
    subjects = {e: suspicion.subject(e, on) for e in on.judged}
    family = max(1, sum(battery.tests_of(s) + bool(s.salts) for s in subjects.values()))
    return [_examined(e, s, family, len(subjects), by) for e, s in subjects.items()]


def first_complete(form: Form) -> list[Evaluation]:
    """The evaluation that counts for each model: the first that was complete (D7)."""
    rows = Evaluation.objects.filter(form=form, state=EvaluationState.COMPLETE)
    found: dict[UUID, Evaluation] = {}
    for row in rows.select_related("model", "owner_group", "track", "form").order_by("ended_at"):
        found.setdefault(row.model_id, row)
    return list(found.values())


def due() -> QuerySet[Form]:
    """Forms of closed rotations in which nothing runs and which nobody has examined."""
    done = EvidenceRecord.objects.values("evaluation__form")
    complete = Evaluation.objects.filter(state=EvaluationState.COMPLETE)
    asked = complete.filter(model__panel=None).values("form")
    running = Evaluation.objects.filter(state=EvaluationState.RUNNING).values("form")
    closed = Form.objects.filter(rotation__state=RotationState.CLOSED, pk__in=asked)
    return closed.exclude(pk__in=done).exclude(pk__in=running).select_related("rotation")


def _examined(
    evaluation: Evaluation, seen: battery.Subject, family: int, models: int, by: str
) -> EvidenceRecord:
    found = battery.findings(seen)
    marked = grade(found, family=family)
    alarm = false_alarm(models=models, guesses=models * evaluation.total)
    row = EvidenceRecord.objects.create(
        evaluation=evaluation,
        grade=marked.value,
        findings=[_finding(f, grade_of(f, family=family)) for f in found],
        beside=[*map(_figure, background.figures(seen)), *_same_endpoint(evaluation)],
        literals=seen.literals.model.passed if seen.literals else 0,
        family=family,
        alarm_e6=math.ceil(alarm.bound * 1_000_000),
    )
    record("evidence.examined", by=by, target=evaluation.slug, tests=len(found), family=family)
    if may_publish(marked):
        _move(row, EvidenceState.NOTICED, by=by, grade=marked.value)
    elif row.literals:
        _move(row, EvidenceState.REVIEW, by=by, tasks=row.literals)
    return row


def _finding(finding: Finding, own: Grade) -> dict[str, Any]:
    """Integers only, as in signed records; a p-value is never told as 0."""
    return {
        "test": finding.test,
        "source": finding.source.value,
        "effect_e4": round(finding.effect * 10_000),
        "p_e6": max(1, math.ceil(finding.p_value * 1_000_000)),
        "grade": own.value,
    }


def _figure(figure: background.Figure) -> dict[str, Any]:
    """As integers; what is beyond a million is told as that."""
    p = None if figure.p_value is None else max(1, math.ceil(figure.p_value * 1_000_000))
    value = round(min(figure.value, 1_000_000.0) * 10_000)
    return {"test": figure.test, "what": figure.what, "value_e4": value, "p_e6": p}


def _same_endpoint(evaluation: Evaluation) -> list[dict[str, Any]]:
    """Whether its endpoint was one model throughout: no sign of memory, so it stands beside."""
    p_e4 = identity.last_p_e4(evaluation)
    if p_e4 is None:
        return []
    what = "the endpoint's last answers are distributed like its first"
    return [{"test": label("model-equality"), "what": what, "value_e4": None, "p_e6": p_e4 * 100}]


@transaction.atomic
def confirm(*, evaluation: Evaluation, by: str, reason: str) -> EvidenceRecord:
    """An admin has read the replies: they hold pieces of the hidden tests. From then on it is an A.

    No rate is stated for that: a person answers for it. Raises ``NotAllowed`` or ``BadInput``.
    """
    row = _locked(evaluation)
    row.decision = _reason(reason)
    EVIDENCE.check(row.state, EvidenceState.NOTICED)
    if row.state != EvidenceState.REVIEW:
        raise NotAllowed(f"{evaluation.slug} is not to be reviewed", code="not_in_review")
    row.grade = Grade.CONCLUSIVE.value
    _move(row, EvidenceState.NOTICED, by=by, grade=row.grade, reason=row.decision)
    return row


@transaction.atomic
def ask(*, evaluation: Evaluation, by: str, days: int = REPLY_DAYS) -> EvidenceRecord:
    """Tell the provider what was found and until when it may answer; ours were looked for first."""
    row = _locked(evaluation)
    row.asked_at = database_now()
    row.reply_by = row.asked_at + timedelta(days=days)
    slug = row.evaluation.provider.slug
    _move(row, EvidenceState.AWAITING, by=by, provider=slug, reply_by=f"{row.reply_by:%Y-%m-%d}")
    return row


@transaction.atomic
def answer(*, evaluation: Evaluation, text: str, by: str) -> EvidenceRecord:
    """The provider's one answer, in its own words. Raises ``BadInput`` or ``NotAllowed``."""
    words = text.strip()
    if not 0 < len(words) <= REPLY_MAX:
        raise BadInput(f"an answer has 1 to {REPLY_MAX} characters", place="text")
    row = _locked(evaluation)
    row.reply, row.replied_at = words, database_now()
    _move(row, EvidenceState.ANSWERED, by=by, provider=row.evaluation.provider.slug)
    return row


def expire_due() -> int:
    """Deadlines that have passed without an answer; returns how many."""
    late = EvidenceRecord.objects.filter(
        state=EvidenceState.AWAITING, reply_by__lte=database_now()
    ).select_related("evaluation")
    return sum(_expire(row.evaluation) for row in late)


@transaction.atomic
def _expire(evaluation: Evaluation) -> bool:
    row = _locked(evaluation)
    if row.state != EvidenceState.AWAITING:
        return False  # answered in the last moment
    _move(row, EvidenceState.EXPIRED, by="schedule", provider=row.evaluation.provider.slug)
    return True


@transaction.atomic
def publish(*, evaluation: Evaluation, by: str, reason: str) -> EvidenceRecord:
    """From the next snapshot on the mark is public. Raises ``NotAllowed`` before the answer or its
    deadline, and for anything below the rule."""
    row = _locked(evaluation)
    if not may_publish(Grade(row.grade)):
        raise NotAllowed("evidence below the rule is never published", code="below_rule")
    return _decide(row, EvidenceState.PUBLISHED, by, reason)


@transaction.atomic
def withdraw(*, evaluation: Evaluation, by: str, reason: str) -> EvidenceRecord:
    """Take it back, before or after it was public; the reason stays in the audit trail."""
    return _decide(_locked(evaluation), EvidenceState.WITHDRAWN, by, reason)


def _decide(row: EvidenceRecord, state: EvidenceState, by: str, reason: str) -> EvidenceRecord:
    words = _reason(reason)
    told = row.asked_at is not None  # who was never asked never hears of a mistake of ours
    row.decided_at, row.decision = database_now(), words
    slug = row.evaluation.provider.slug if told else ""
    _move(row, state, by=by, provider=slug, reason=row.decision)
    return row


def _reason(text: str) -> str:
    words = text.strip()
    if not 0 < len(words) <= 200:
        raise BadInput("a decision has a reason of 1 to 200 characters", place="reason")
    return words


def _locked(evaluation: Evaluation) -> EvidenceRecord:
    rows = EvidenceRecord.objects.select_for_update(of=("self",))
    row = rows.select_related("evaluation__provider").filter(pk=evaluation.pk).first()
    if row is None:
        raise NotAllowed(f"{evaluation.slug} was not examined", code="not_examined")
    return row


def _move(
    row: EvidenceRecord, state: EvidenceState, *, by: str, provider: str = "", **facts: Fact
) -> None:
    EVIDENCE.check(row.state, state)
    row.state = state.value
    row.save()
    record(f"evidence.{state}", by=by, target=row.evaluation.slug, provider=provider, **facts)


# --- what may be said -----------------------------------------------------------------------------
_WORDS = {
    "cliff-controls": "it falls at its declared training cutoff more than control models do",
    "cliff-residuals": "it solves public tasks from before its declared cutoff better than their "
    "difficulty explains",
    "gap-residuals": "its public score lies further above its hidden one than the panel's do",
    "canary-passes": "it passed tasks that cannot be solved from their statement",
    "foreign-salt": "a reply held a secret number that only another recipient was ever sent",
    "regurgitation": "its replies repeat reference solutions that were never shown",
    "hidden-literals": "its replies hold pieces of hidden tests that nothing it was shown holds",
    "shared-failures": "its wrong answers are those of another owner's endpoint",
    "twins": "it solves tasks but not the same tasks rewritten",
}


def told_in_public(evaluation: Evaluation) -> dict[str, Any] | None:
    """The row's ``evidence`` in a snapshot: None if nobody looked, an empty grade if nothing is
    published; nothing between the two is ever told."""
    row = EvidenceRecord.objects.filter(evaluation=evaluation).first()
    if row is None:
        return None
    if row.state != EvidenceState.PUBLISHED:
        return {"grade": "", "words": "", "reply": "", "tests": [], "alarm_e6": row.alarm_e6}
    counted = strong(row)
    return {
        "grade": row.grade,
        "words": words(row),
        "reply": row.reply,
        "tests": sorted({finding["test"] for finding in counted}),
        "alarm_e6": row.alarm_e6,
    }


def strong(row: EvidenceRecord) -> list[dict[str, Any]]:
    """The findings that carry the grade: conclusive ones, or those that are a B. An A without any
    is one that an admin saw in the replies."""
    if row.grade != Grade.CONCLUSIVE:
        return [finding for finding in row.findings if finding["grade"] == Grade.ONE.value]
    conclusive = [f for f in row.findings if f["grade"] == Grade.CONCLUSIVE.value]
    return conclusive or [f for f in row.findings if f["test"] == label("hidden-literals")]


def words(row: EvidenceRecord) -> str:
    """One plain sentence: what was seen, not what anybody meant."""
    seen = [_WORDS[f["test"].partition("@")[0]] for f in strong(row)]
    return f"Signs that this model met tasks before: {_joined(seen)}."


def _joined(parts: Sequence[str]) -> str:
    return "; ".join(dict.fromkeys(parts))


def told_to_provider(evaluation: Evaluation) -> dict[str, Any] | None:
    """What its own provider may read, once it was asked; None before."""
    row = EvidenceRecord.objects.filter(evaluation=evaluation).first()
    if row is None or row.asked_at is None:
        return None
    return {
        "state": row.state,
        "grade": row.grade,
        "words": words(row),
        "reply_by": row.reply_by,
        "reply": row.reply,
        "may_answer": EVIDENCE.allows(row.state, EvidenceState.ANSWERED),
        "decision": row.decision,
    }
