"""The auditor of ``publish``: may these rows leave, given everything that ever left?

Per owner group, the headline sets of all its ranked models are held against every number any
provider or reader was given about them before: other rotations, tracks, snapshots. Example: a board
on 150 tasks after one on 147 of them is refused with ``disclosure_small_difference`` and the labels
of both; no task is ever named, and nothing is written.
"""

from __future__ import annotations

from collections.abc import Sequence

from benchserver.core.disclosure import Refusal
from benchserver.core.errors import NotAllowed
from benchserver.core.releases import Release
from benchserver.core.task import Split
from benchserver.evaluations import score, told
from benchserver.evaluations.models import Evaluation, Told
from benchserver.measurement.leakage import read, settled
from benchserver.pools.models import Form
from benchserver.providers.models import OwnerGroup

_NAMED = 3


def require_publishable(form: Form, shown: Sequence[Evaluation], *, min_cell: int) -> None:
    """Refuse what would let anybody compute a single private result (D8); else note what leaves.

    ``shown``: the evaluations whose hidden results the board tells, also more than once.
    Call in the transaction that publishes. Raises ``NotAllowed`` (code ``disclosure_<rule>``).
    """
    fresh = [(e, told.whole(e, score.results(e, Split.PRIVATE))) for e in dict.fromkeys(shown)]
    groups: dict[OwnerGroup, list[Release]] = {}
    for evaluation, release in sorted(fresh, key=lambda pair: str(pair[0].owner_group_id)):
        groups.setdefault(evaluation.provider.owner_group, []).append(release)
    found: list[Refusal] = []
    for group, releases in groups.items():
        refused = told.refusals(group, releases, min_cell=min_cell)
        found += refused or _settled(told.history(group), releases)
    if found:
        raise NotAllowed(
            _words(found),
            code=f"disclosure_{found[0].code}",
            mend=_mend(found[0].code, form, min_cell),
        )
    told.keep(fresh, to=Told.To.BOARD)


def _settled(earlier: Sequence[Release], fresh: Sequence[Release]) -> Sequence[Refusal]:
    """The last control, by whole numbers: what one run's cells together leave no choice for."""
    found = []
    for release in fresh:
        mine = [r for r in [*earlier, release] if r.evaluation == release.evaluation]
        cells = {r.cell.task_ids: r.cell for r in mine}
        if len(cells) > 1 and settled([read(cell) for cell in cells.values()]):
            reason = "the counts leave only one result for some task"
            found.append(Refusal("task_settled", (release.cell.label,), reason))
    return found


def _words(found: Sequence[Refusal]) -> str:
    """The first refusals in full, with the labels of the sets to blame, and how many more."""
    distinct = list(dict.fromkeys(found))
    named = [f"{r.reason} ({'; '.join(r.labels)})" for r in distinct[:_NAMED]]
    more = len(distinct) - len(named)
    return ". ".join(named) + (f". And {more} more." if more else "")


def _mend(code: str, form: Form, min_cell: int) -> str:
    if code in ("small_cell", "outside_form"):
        return f"A board needs at least {min_cell} private tasks."
    return (
        f"What was told stays told: wait for a rotation of {form.track.pool.slug} that exchanges "
        f"no private task or at least {min_cell}."
    )
