"""Is the endpoint at the end of an evaluation the one that began it? Marked, never voided.

Public questions are asked before the first task, now and then during, and after; a reading that
differs from the first one twice in a row, or another reported model name, marks the evaluation.
Example: the answers after differ with p = .001 and again with p = .002: the evaluation keeps its
score and its row says that the endpoint changed. A difference is not fraud: quantisation and
routing make one too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F, Max, Q, QuerySet, Value
from django.db.models.functions import Now

from benchserver.audit.record import record
from benchserver.core.errors import BadInput, PlatformFault
from benchserver.core.lifecycle import EvaluationState
from benchserver.engines.endpoints.admission.identity import (
    BORDER_LABELS,
    MOST_REQUESTS,
    Reading,
    read,
    read_border,
)
from benchserver.evaluations import daily, lanes
from benchserver.evaluations.models import Evaluation, IdentityMark, IdentityReading, Send
from benchserver.evaluations.quiet import LONGEST, quiet
from benchserver.evaluations.settle import wake
from benchserver.measurement.equality import border_test, equality_test
from benchserver.providers import admit
from benchserver.providers.models import Endpoint

REASON = "public questions about who answers (identity)"
ALPHA_E4 = 100  # p of 1 %, and twice in a row
SECONDS = 40.0
DURING_EVERY = timedelta(minutes=10)
LATER_EVERY = timedelta(days=7)
DAILY_EVERY = timedelta(days=1)
WATCHED = timedelta(days=90)  # after its end
AFTER_WITHIN = timedelta(hours=24)

_Moment = IdentityReading.Moment


@dataclass(frozen=True, slots=True)
class Change:
    """``kind``: ``name``, ``answers`` or ``daily``; ``p_e4``: p-value of answers, in 1/10,000."""

    kind: str
    p_e4: int | None = None


def hold(endpoint_id: UUID) -> None:
    """The questions that are due come before the next task: rest the lane and wake whoever asks
    them. So it is before the first task and after a long pause.

    A worker that never comes costs two minutes and the comparison, nothing else.
    """
    for evaluation in due().filter(endpoint=endpoint_id, state=EvaluationState.RUNNING):
        lanes.rest(endpoint_id, seconds=LONGEST, reason=REASON)
        wake("identify", evaluation.pk)


def identify(
    *, evaluation_id: UUID, engines: admit.Engines, mac_key: bytes
) -> IdentityReading | None:
    """Make the reading that is due now and mark a change; None when none is due or may be made.

    Without the key that all readings share (``mac_key`` empty) none is made: it could be compared
    with nothing, and the tasks need not wait for it.
    """
    if not mac_key:
        for evaluation in due().filter(pk=evaluation_id):
            lanes.lift(evaluation.endpoint_id, reason=REASON)
        return None
    row = _begin(evaluation_id)
    if row is None:
        return None
    with quiet(row.evaluation.endpoint_id, reason=REASON) as calm:
        if calm:
            return _take(row, engines, mac_key)
    IdentityReading.objects.filter(pk=row.pk).update(requests=0)
    return None  # no quiet moment: the row stays empty, so it is not looked for all the time


@transaction.atomic
def _begin(evaluation_id: UUID) -> IdentityReading | None:
    """The due reading's row, written before anything is asked: it is nobody else's from then on,
    and it accounts for what a worker that dies has asked."""
    Evaluation.objects.select_for_update().filter(pk=evaluation_id).first()
    evaluation = due().filter(pk=evaluation_id).select_related("endpoint__provider").first()
    return None if evaluation is None else _row(evaluation, moment_of(evaluation))


def _row(evaluation: Evaluation, moment: str) -> IdentityReading:
    empty = {"answers": {}, "names": [], "requests": MOST_REQUESTS}
    return IdentityReading.objects.create(evaluation=evaluation, moment=moment, **empty)


def due() -> QuerySet[Evaluation]:
    """Evaluations that want a reading now, of endpoints that are active and as they were."""
    now = Now()
    ended = Q(state__in=(EvaluationState.COMPLETE, EvaluationState.INCOMPLETE))
    going = Q(state=EvaluationState.RUNNING, paused_at=None)
    during = going & Q(last__lt=now - Value(DURING_EVERY))
    after = ended & Q(last__lt=F("ended_at"), ended_at__gt=now - Value(AFTER_WITHIN))
    watched = ended & Q(ended_at__gt=now - Value(WATCHED))
    later = watched & Q(last_whole__lt=now - Value(LATER_EVERY))
    each_day = watched & Q(last__lt=now - Value(DAILY_EVERY)) & daily.compared_and_newest()
    before = Q(pk__in=_unread().values("pk"))
    return (
        Evaluation.objects.annotate(last=Max("readings__at"), last_whole=_last_whole())
        .filter(endpoint__state=Endpoint.State.ACTIVE, endpoint_revision=F("endpoint__revision"))
        .filter(before | during | after | later | each_day)
        .order_by("created_at")
    )


def _last_whole() -> Max:
    """When all questions were asked last, not only the short ones of every day."""
    return Max("readings__at", filter=~Q(readings__moment=_Moment.DAILY))


def _unread() -> QuerySet[Evaluation]:
    """Running, without a first reading and without a send: what is asked now is before."""
    sent = Send.objects.values("attempt__evaluation")
    running = Evaluation.objects.filter(
        state=EvaluationState.RUNNING,
        cancel_requested_at=None,
        paused_at=None,
        endpoint__state=Endpoint.State.ACTIVE,
        readings=None,
    )
    return running.exclude(pk__in=sent)


def moment_of(evaluation: Evaluation) -> str:
    """What a reading made now is called."""
    known = set(evaluation.readings.values_list("moment", flat=True))
    if not known:
        return _Moment.BEFORE
    if evaluation.state == EvaluationState.RUNNING:
        return _Moment.DURING
    if _Moment.AFTER not in known:
        return _Moment.AFTER
    whole = evaluation.readings.exclude(moment=_Moment.DAILY)
    rested = whole.filter(at__gt=Now() - Value(LATER_EVERY)).exists()
    return _Moment.DAILY if rested else _Moment.LATER


def _take(row: IdentityReading, engines: admit.Engines, mac_key: bytes) -> IdentityReading | None:
    """One reading, a second one at once where the first differs; both must, to mark a change."""
    evaluation = row.evaluation
    first = evaluation.readings.filter(moment=_Moment.BEFORE).first()
    try:
        _ask(row, engines, mac_key)
        found = changes(first, row)
        if any(change.kind == "answers" for change in found):
            row = _row(evaluation, row.moment)
            _ask(row, engines, mac_key)
            found = changes(first, row)
        if evaluation.state != EvaluationState.RUNNING and daily.trail(evaluation).alarm:
            found.append(Change("daily"))
    except (PlatformFault, BadInput):
        return None  # no key or no client by our own rules: it says nothing about who answers
    if found:
        _mark(evaluation, row.moment, found)
    return row


def _ask(row: IdentityReading, engines: admit.Engines, mac_key: bytes) -> None:
    endpoint = row.evaluation.endpoint
    target = admit.open_target(endpoint, engines.opener)
    probing = admit.probing_of(endpoint, target, engines, row=row.pk, seconds=SECONDS)
    asking = read_border if row.moment == _Moment.DAILY else read
    found: Reading = asking(probing, mac_key=mac_key, at_a_time=endpoint.max_concurrency)
    row.answers, row.names, row.requests = found.answers, found.names, found.requests
    row.save(update_fields=("answers", "names", "requests"))


def changes(first: IdentityReading | None, now: IdentityReading) -> list[Change]:
    """What differs between two readings, at the stated level; empty where nothing can be said."""
    if first is None or first.pk == now.pk:
        return []
    found = []
    if first.names and now.names and set(first.names) != set(now.names):
        found.append(Change("name"))
    if now.moment == _Moment.DAILY:  # so many looks would make an alarm by chance
        return found
    p_e4 = smallest_p_e4(first.answers, now.answers)
    if p_e4 is not None and p_e4 <= ALPHA_E4:
        found.append(Change("answers", p_e4))
    return found


Answers = Mapping[str, Sequence[Sequence[int]]]


def smallest_p_e4(first: Answers, second: Answers) -> int | None:
    """The smaller of the two tests' p-values, doubled because there are two (Bonferroni)."""
    both = [q for q in first if min(len(first[q]), len(second.get(q, ()))) >= 2]
    if not both:
        return None
    earlier, later = {q: first[q] for q in both}, {q: second[q] for q in both}
    p_values = [equality_test(earlier, later).p_value]
    border = [q for q in both if q in BORDER_LABELS and len(set(_heads(first[q]))) > 1]
    if border:
        heads = [{q: _heads(side[q]) for q in border} for side in (earlier, later)]
        p_values.append(border_test(*heads).p_value)
    return min(10_000, round(10_000 * len(p_values) * min(p_values)))


def last_p_e4(evaluation: Evaluation) -> int | None:
    """The first reading against the last that was answered; None when there are no two."""
    useful = list(evaluation.readings.exclude(answers={}).exclude(moment=_Moment.DAILY))
    if len(useful) < 2 or useful[0].moment != _Moment.BEFORE:
        return None
    return smallest_p_e4(useful[0].answers, useful[-1].answers)


def _heads(replies: Sequence[Sequence[int]]) -> list[int]:
    """The first place of each reply; -1 for an empty one."""
    return [reply[0] if reply else -1 for reply in replies]


@transaction.atomic
def _mark(evaluation: Evaluation, moment: str, found: list[Change]) -> None:
    """Once per evaluation: the first change is the one that is shown."""
    kinds = sorted(change.kind for change in found)
    p_e4 = next((change.p_e4 for change in found if change.p_e4 is not None), None)
    _, fresh = IdentityMark.objects.get_or_create(
        evaluation=evaluation, defaults={"moment": moment, "kinds": kinds, "p_e4": p_e4}
    )
    if fresh:
        record(
            "evaluation.identity_changed",
            by="identity",
            target=evaluation.slug,
            provider=evaluation.endpoint.provider.slug,
            moment=moment,
            kinds=kinds,
            p_e4=p_e4,
        )


def told(evaluation: Evaluation) -> str:
    """The mark, or what can be said without one, in a sentence for its provider and the board."""
    mark = IdentityMark.objects.filter(evaluation=evaluation).first()
    if mark is not None:
        return words(mark)
    useful = evaluation.readings.exclude(answers={}).values_list("moment", flat=True)
    moments = set(useful)
    if _Moment.BEFORE not in moments:
        return "Not compared: no public question was answered before the first task."
    if moments & {_Moment.AFTER, _Moment.LATER}:
        return "No evidence that the endpoint changed between the beginning and the end."
    if evaluation.state == EvaluationState.RUNNING:
        return "Compared once it has ended."
    return "Not compared: no public question was answered after the last task."


def words(mark: IdentityMark) -> str:
    """Plain and careful: what was seen, not what it means."""
    when = {
        _Moment.DURING: "during the evaluation",
        _Moment.AFTER: "between the beginning and the end of the evaluation",
        _Moment.LATER: "after the evaluation",
        _Moment.DAILY: "after the evaluation",
    }[_Moment(mark.moment)]
    seen = []
    if "name" in mark.kinds:
        seen.append("it reports another model name")
    if "answers" in mark.kinds and mark.p_e4 is not None:
        chance = f"p {mark.p_e4 / 10_000:.4f}"
        seen.append(f"its answers to the same public questions differ ({chance}, twice)")
    if "daily" in mark.kinds:
        seen.append("its daily short answers left their own past for three days")
    return (
        f"The endpoint changed {when}, noticed {mark.at:%Y-%m-%d}: {' and '.join(seen)}. "
        "The score is kept; a change is no proof of bad faith."
    )
