"""Whether a planned rotation has room for everybody who could come, in words for its plan.

All groups of a rotation meet the same form, and a hidden task may be met by few of them. Example:
20 groups with an endpoint that may be evaluated and a limit of 10: ten are refused, and a plan
that says so beforehand lets the admin choose between the limit and a second pool.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import combinations

from benchserver.core.disclosure import MIN_CELL
from benchserver.core.releases import overlaps
from benchserver.core.spans import TaskSet
from benchserver.evaluations.queries import exposed
from benchserver.pools.models import Pool, TaskVersion
from benchserver.providers.models import Endpoint, OwnerGroup, PanelModel


def shortage(pool: Pool, version_ids: Collection[str], *, per_task: int) -> str:
    """What to say when more groups may come than fit; empty when all do.

    ``per_task``: how many groups may meet a hidden task, over its life (D9).
    """
    met = exposed(pool)
    hidden = TaskVersion.objects.filter(pk__in=version_ids).exclude(task__split="public")
    known = [met[pk].groups for pk in hidden.values_list("pk", flat=True) if pk in met]
    most = max(known, default=0)
    places, coming = max(0, per_task - most), candidates()
    if coming <= places:
        return ""
    return (
        f"{coming} owner groups have an endpoint that may be evaluated, and {places} of them fit: "
        f"a hidden task may be met by {per_task} groups (EXPOSURE_PER_TASK), and all groups of a "
        "rotation meet the same form. Who comes later is refused (exposure_spent). "
        f"EXPOSURE_PER_TASK={most + coming} lets all in and lets a leak reach more of them; "
        "a second pool for some of the groups does not"
    )


def candidates() -> int:
    """Owner groups with an active endpoint; the operator's panel exposes nothing and needs none."""
    active = Endpoint.objects.filter(state=Endpoint.State.ACTIVE)
    entrants = active.exclude(model__in=PanelModel.objects.values("model"))
    groups = OwnerGroup.objects.filter(pk__in=entrants.values("provider__owner_group"))
    return groups.count()


def crossings(planned: Mapping[str, TaskSet], *, min_cell: int = MIN_CELL) -> list[str]:
    """What to say of tracks of one rotation that share hidden tasks and hardly differ.

    ``planned``: track -> its hidden versions. A group that entered both would be told two totals
    whose difference rests on few tasks, so it is let into one of them.
    """
    found = []
    for (one, here), (other, there) in combinations(sorted(planned.items()), 2):
        if here.isdisjoint(there) or not overlaps({}, {one: here, other: there}, min_cell=min_cell):
            continue
        found.append(
            f"tracks {one} and {other} share {len(here & there)} hidden tasks and differ by "
            f"{len(here - there)} and {len(there - here)}: an owner group can enter only one of "
            f"them, since the difference of its totals would rest on fewer than {min_cell} tasks"
        )
    return found
