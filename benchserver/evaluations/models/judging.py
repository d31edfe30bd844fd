"""What judging a reply comes to: the one verdict, and whoever looks at it again.

Nothing here is rewritten. Example: a verdict that three later runs contradict keeps its row; a
``VerdictCorrection`` beside it says what it was, what counts now and on what ground.
"""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from benchserver.core.lifecycle import OpinionState
from benchserver.core.verdict import Verdict
from benchserver.evaluations.models.work import Attempt
from benchserver.pools.models import TaskVersion


class VerdictRecord(models.Model):
    attempt = models.OneToOneField(
        Attempt, models.PROTECT, primary_key=True, related_name="verdict"
    )
    verdict = models.CharField(max_length=16, choices=[(v.value, v.value) for v in Verdict])
    cpu_milliseconds = models.PositiveIntegerField(default=0)
    wall_milliseconds = models.PositiveIntegerField(default=0)
    memory_bytes = models.BigIntegerField(default=0)
    isolation = models.CharField(max_length=40, blank=True)
    detail = models.CharField(max_length=80, blank=True)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(verdict__in=[v.value for v in Verdict]), name="verdict_known"
            ),
        )

    def __str__(self) -> str:
        return f"verdict of {self.attempt_id}"


class VerdictCorrection(models.Model):
    """What a stored verdict should have been, by evidence; the stored one is never changed.

    ``ground``: ``second_opinion`` or ``recheck``. ``counts_since``: null while the count it would
    change was told, since then the old and the new count together would tell this verdict.
    ``commitment``: to the right outcome, in the log; its salt is sealed like a score's.
    """

    id = models.BigAutoField(primary_key=True)
    attempt = models.ForeignKey(Attempt, models.PROTECT, related_name="corrections")
    was = models.CharField(max_length=16, choices=[(v.value, v.value) for v in Verdict])
    verdict = models.CharField(max_length=16, choices=[(v.value, v.value) for v in Verdict])
    ground = models.CharField(max_length=20)
    commitment = models.CharField(max_length=64)
    log_index = models.BigIntegerField()
    salt_data_key = models.CharField(max_length=64)
    salt_sealed = models.BinaryField()
    at = models.DateTimeField(db_default=Now())
    counts_since = models.DateTimeField(null=True)

    class Meta:
        ordering = ("id",)
        constraints = (
            models.CheckConstraint(
                condition=~models.Q(verdict=models.F("was")), name="correction_changes_something"
            ),
        )

    def __str__(self) -> str:
        return f"correction of {self.attempt_id}"


class SecondOpinion(models.Model):
    """Another machine judges a judged attempt again; the stored verdict is never changed by it.

    ``*_worker``: names of machines. ``second``, ``third``: their verdicts, empty until given.
    """

    attempt = models.OneToOneField(
        Attempt, models.PROTECT, primary_key=True, related_name="second_opinion"
    )
    state = models.CharField(max_length=12, default=OpinionState.WAITING.value)
    first_worker = models.CharField(max_length=40)
    second_worker = models.CharField(max_length=40, blank=True)
    third_worker = models.CharField(max_length=40, blank=True)
    second = models.CharField(max_length=16, blank=True)
    third = models.CharField(max_length=16, blank=True)
    odd_worker = models.CharField(max_length=40, blank=True)
    fence = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    next_at = models.DateTimeField(db_default=Now())
    tries = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(state__in=[s.value for s in OpinionState]),
                name="opinion_state",
            ),
        )
        indexes = (
            models.Index(
                fields=("next_at",),
                condition=models.Q(state__in=["waiting", "disputed"]),
                name="opinion_due",
            ),
        )

    def __str__(self) -> str:
        return f"second opinion on {self.attempt_id}"


class SuspendedWorker(models.Model):
    """A machine whose verdict stood alone against two others: it judges nothing until let back."""

    id = models.BigAutoField(primary_key=True)
    name = models.CharField(max_length=40)
    reason = models.CharField(max_length=120)
    attempt = models.ForeignKey(Attempt, models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())
    lifted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("name",),
                condition=models.Q(lifted_at=None),
                name="suspended_once",
            ),
        )

    def __str__(self) -> str:
        return self.name


class ReferenceRuns(models.Model):
    """Runs of a version's own reference after intake, and how many of them did not pass."""

    id = models.BigAutoField(primary_key=True)
    version = models.ForeignKey(TaskVersion, models.PROTECT, related_name="reference_runs")
    runs = models.PositiveIntegerField()
    flips = models.PositiveIntegerField()
    worker = models.CharField(max_length=80)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(flips__lte=models.F("runs"), runs__gte=1),
                name="no_more_flips_than_runs",
            ),
        )

    def __str__(self) -> str:
        return f"{self.runs} runs of the reference of {self.version_id}"
