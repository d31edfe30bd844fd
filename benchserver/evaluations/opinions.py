"""Second opinions: a share of judged attempts is judged again by another machine.

Decides which attempts, by whom, and what follows. Agreement is recorded; at a disagreement both are
suspect until a third machine has judged, and the one that stands alone judges nothing more until an
admin lets it back. The stored verdict stays; every step after a disagreement is in the audit trail,
so nothing is voided in silence. Example: machines a and c say ``passed``, b ``wrong_answer``: b is
taken out.
"""

from __future__ import annotations

import random
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Now

from benchserver.audit.prepared import rows
from benchserver.audit.record import record
from benchserver.core.lifecycle import OPINION, OpinionState
from benchserver.evaluations import settle, statements
from benchserver.evaluations.machines import machine_of
from benchserver.evaluations.models import Attempt, SecondOpinion, SuspendedWorker, Wake

OPEN = (OpinionState.WAITING, OpinionState.DISPUTED)
_LONGEST_JUDGING = 900
_PAUSE_SECONDS = 60
_TRIES_MAX = 3
_BATCH = 50


def is_suspended(worker: str) -> bool:
    return bool(rows(statements.SUSPENDED, [machine_of(worker)])[0][0])


def suspended() -> QuerySet[SuspendedWorker]:
    """Machines that are taken out now, newest first."""
    return SuspendedWorker.objects.filter(lifted_at=None).order_by("-at")


def ask_sometimes(attempt: Attempt, *, worker: str, share: int) -> None:
    """Ask for a second opinion on ``share`` percent; call inside the judging's transaction."""
    if random.SystemRandom().random() * 100 >= share:
        return
    SecondOpinion.objects.create(attempt=attempt, first_worker=machine_of(worker))
    settle.wake("recheck", attempt.pk)


@transaction.atomic
def claim(*, attempt_id: UUID, worker: str) -> SecondOpinion | None:
    """The right to judge again, for a machine that has not judged this attempt; else None."""
    if is_suspended(worker):
        return None
    opinion = (
        SecondOpinion.objects.select_for_update(skip_locked=True)
        .filter(Q(lease_until=None) | Q(lease_until__lt=Now()), pk=attempt_id, state__in=OPEN)
        .first()
    )
    if opinion is None or machine_of(worker) in (opinion.first_worker, opinion.second_worker):
        return None
    opinion.fence += 1
    opinion.save()
    _put(opinion, lease_until=Now() + Value(timedelta(seconds=_LONGEST_JUDGING)))
    return opinion


@transaction.atomic
def give(*, claimed: SecondOpinion, worker: str, verdict: str) -> None:
    """Store this machine's verdict and what follows from it; nothing when the claim was lost."""
    opinion = _held(claimed)
    if opinion is None:
        return
    machine = machine_of(worker)
    if opinion.state == OpinionState.WAITING:
        opinion.second, opinion.second_worker = verdict, machine
        _compare(opinion)
    else:
        opinion.third, opinion.third_worker = verdict, machine
        _settle(opinion)


@transaction.atomic
def broke(*, claimed: SecondOpinion, code: str) -> None:
    """Judging again broke on our side: later once more, at last not at all."""
    opinion = _held(claimed)
    if opinion is None:
        return
    opinion.tries += 1
    if opinion.tries >= _TRIES_MAX:
        _end(opinion, OpinionState.ABANDONED, reason=code)
        return
    opinion.save()
    _put(opinion, lease_until=None, next_at=Now() + Value(timedelta(seconds=_PAUSE_SECONDS)))


@transaction.atomic
def let_back(*, worker: SuspendedWorker, by: str) -> None:
    """A mended machine judges again."""
    SuspendedWorker.objects.filter(pk=worker.pk, lifted_at=None).update(lifted_at=Now())
    record("worker.let_back", by=by, target=worker.name)


def wake_due() -> int:
    """Wake what waits for another machine; a message that the wrong one got is simply repeated."""
    known = set(Wake.objects.filter(step="recheck").values_list("target", flat=True))
    due = SecondOpinion.objects.filter(
        Q(lease_until=None) | Q(lease_until__lt=Now()), state__in=OPEN, next_at__lte=Now()
    ).order_by("next_at")[:_BATCH]
    waiting = [opinion for opinion in due if str(opinion.pk) not in known]
    for opinion in waiting:
        settle.wake("recheck", opinion.pk)
        _put(opinion, next_at=Now() + Value(timedelta(seconds=_PAUSE_SECONDS)))
    return len(waiting)


def _held(claimed: SecondOpinion) -> SecondOpinion | None:
    return (
        SecondOpinion.objects.select_for_update(of=("self",))
        .select_related("attempt__verdict")
        .filter(pk=claimed.pk, fence=claimed.fence, state__in=OPEN)
        .first()
    )


def _compare(opinion: SecondOpinion) -> None:
    first = opinion.attempt.verdict.verdict
    if opinion.second == first:
        _end(opinion, OpinionState.AGREED)
        return
    _move(opinion, OpinionState.DISPUTED)
    _put(opinion, lease_until=None, next_at=Now())
    _tell("judging.disputed", opinion)
    settle.wake("recheck", opinion.pk)


def _settle(opinion: SecondOpinion) -> None:
    """The third verdict decides which of the two stands alone, if it sides with one."""
    alone = {
        opinion.attempt.verdict.verdict: opinion.second_worker,
        opinion.second: opinion.first_worker,
    }
    opinion.odd_worker = alone.get(opinion.third, "")
    if not opinion.odd_worker:
        _end(opinion, OpinionState.UNDECIDED)
        return
    _end(opinion, OpinionState.SETTLED)
    SuspendedWorker.objects.get_or_create(
        name=opinion.odd_worker,
        lifted_at=None,
        defaults={"attempt": opinion.attempt, "reason": "its verdict stood alone against two"},
    )
    record("worker.suspended", by="judging", target=opinion.odd_worker)


def _end(opinion: SecondOpinion, state: OpinionState, *, reason: str = "") -> None:
    _move(opinion, state)
    _put(opinion, lease_until=None, ended_at=Now())
    if state is not OpinionState.AGREED:
        _tell(f"judging.{state}", opinion, reason=reason)


def _move(opinion: SecondOpinion, state: OpinionState) -> None:
    OPINION.check(opinion.state, state)
    opinion.state = state.value
    opinion.save()


def _put(opinion: SecondOpinion, **fields: object) -> None:
    """Times by the database's clock."""
    SecondOpinion.objects.filter(pk=opinion.pk).update(**fields)


def _tell(verb: str, opinion: SecondOpinion, *, reason: str = "") -> None:
    """Who disagreed, not about what: a verdict of a private task enters no event."""
    record(
        verb,
        by="judging",
        target=str(opinion.attempt_id),
        workers=[opinion.first_worker, opinion.second_worker, opinion.third_worker],
        odd=opinion.odd_worker,
        reason=reason,
    )
