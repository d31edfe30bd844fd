"""Once a day after an evaluation: do the short answers still come as they came before it?

The newest ended evaluation of an endpoint is watched; its own readings are the reference. Example:
fourteen days at a distance of about .1 and then three days at .7 mark its row, although no single
reading differs enough to.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from django.db.models import Exists, OuterRef, Q

from benchserver.core.errors import BadInput
from benchserver.engines.endpoints.admission.identity import BORDER_LABELS
from benchserver.evaluations.models import Evaluation, IdentityReading
from benchserver.measurement.trailing import Trail, distance, trailing_alarm

_Moment = IdentityReading.Moment
_FIRST = (_Moment.BEFORE, _Moment.DURING)
Heads = Mapping[str, Sequence[int]]


def compared_and_newest() -> Q:
    """Read right after its end, and no later evaluation by the same endpoint: one look a day for
    each endpoint, not for each evaluation."""
    after = IdentityReading.objects.filter(evaluation=OuterRef("pk"), moment=_Moment.AFTER)
    later = Evaluation.objects.filter(
        endpoint=OuterRef("endpoint"), created_at__gt=OuterRef("created_at")
    )
    return Q(Exists(after)) & ~Q(Exists(later))


def trail(evaluation: Evaluation) -> Trail:
    """The alarm's state over all readings since the evaluation's end, oldest first."""
    readings = list(evaluation.readings.exclude(answers={}).order_by("at"))
    reference = heads(r for r in readings if r.moment in _FIRST)
    later = [heads([r]) for r in readings if r.moment not in _FIRST]
    return trailing_alarm(
        [d for d in (_distance(reference, day) for day in later) if d is not None]
    )


def heads(readings: Iterable[IdentityReading]) -> Heads:
    """Short question -> the first place of each reply to it; -1 for an empty one."""
    found: dict[str, list[int]] = defaultdict(list)
    for reading in readings:
        for question in BORDER_LABELS & reading.answers.keys():
            found[question] += [reply[0] if reply else -1 for reply in reading.answers[question]]
    return found


def _distance(reference: Heads, today: Heads) -> float | None:
    try:
        return distance(reference, today)
    except BadInput:
        return None  # nothing was answered that day
