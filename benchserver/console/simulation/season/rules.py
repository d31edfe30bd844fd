"""What an admin may set before a season, and which protection can be taken away for comparison.

Example: ``Rules(tasks=150, evaluations=2)`` is the policy as shipped for 20 providers;
``replace(rules, off=frozenset({Protection.FRESH}))`` lets worn tasks stay, so that the memoriser's
gain without that rule can be shown beside its gain with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from benchserver.core.disclosure import MIN_CELL
from benchserver.core.engine.policy import EnginePolicy
from benchserver.core.errors import BadInput
from benchserver.core.rotation import Policy

SHIPPED = EnginePolicy()
LEAST_PROVIDERS = 15  # eleven accounts are attackers'; fewer honest ones say little
UNLIMITED = 10**6


class Protection(StrEnum):
    """``FIRST``: the first complete evaluation is shown, else the best one. ``QUOTA``: a number of
    evaluations per group and rotation. ``GROUPS``: accounts of one owner are one group. ``LADDER``:
    a repeat tells only what is clearly better. ``FRESH``: worn tasks retire. ``COMPLETE``: withheld
    replies stay in the denominator. ``AUDIT``: releases are held against all earlier ones.
    ``SALTS``: every group's canaries bear another number. ``EVIDENCE``: closed forms are examined
    for signs of memory."""

    FIRST = "first"
    QUOTA = "quota"
    GROUPS = "groups"
    LADDER = "ladder"
    FRESH = "fresh"
    COMPLETE = "complete"
    AUDIT = "audit"
    SALTS = "salts"
    EVIDENCE = "evidence"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Sizes and policy of a season. ``exposure_per_task`` 0 means: as many groups as providers.

    ``stock``: sealed private tasks before the first rotation, ``intake``: those that come in before
    each further one; 0 means one form of each and half a form of reserve.
    """

    providers: int = 20
    rotations: int = 4
    tasks: int = 150
    samples: int = 5
    evaluations: int = SHIPPED.evaluations_per_rotation
    exposure_per_provider: int = SHIPPED.exposure_per_provider
    exposure_per_task: int = 0
    min_cell: int = MIN_CELL
    stock: int = 0
    intake: int = 0
    days: int = 30
    off: frozenset[Protection] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        least = {
            "providers": LEAST_PROVIDERS,
            "rotations": 2,
            "tasks": 20,
            "samples": 1,
            "evaluations": 1,
            "exposure_per_provider": 1,
            "min_cell": 1,
            "days": 1,
        }
        for name, low in least.items():
            if getattr(self, name) < low:
                raise BadInput(f"{name} is below {low}", place=f"--{name.replace('_', '-')}")
        if min(self.exposure_per_task, self.stock, self.intake) < 0:
            raise BadInput("caps and task counts are not negative", place="rules")

    def on(self, protection: Protection) -> bool:
        return protection not in self.off

    @property
    def groups_per_task(self) -> int:
        return self.exposure_per_task or self.providers

    @property
    def first_stock(self) -> int:
        return self.stock or self.tasks + self.tasks // 2

    @property
    def each_intake(self) -> int:
        return self.intake or self.tasks

    def plan_policy(self, seed: str) -> Policy:
        """The rotation plan's policy; without ``FRESH`` nothing is ever worn."""
        fresh = self.on(Protection.FRESH)
        return Policy(
            private_target=self.tasks,
            public_target=0,
            min_private=min(self.tasks, max(1, self.min_cell)),
            exposure_per_provider=self.exposure_per_provider if fresh else UNLIMITED,
            exposure_per_task=self.groups_per_task if fresh else UNLIMITED,
            max_age_days=120 if fresh else UNLIMITED,
            seed=seed,
        )
