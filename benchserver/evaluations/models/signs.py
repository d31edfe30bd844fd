"""Signs that something is not as it seems: another endpoint, or memory instead of solving.

Figures and keyed hashes, never text. Example: a reply that is the reference with other names leaves
a ``ReplyTrace``; an examination of the closed form makes an ``EvidenceRecord`` of many.
"""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from benchserver.core.ids import new_id
from benchserver.core.lifecycle import EvidenceState
from benchserver.evaluations.models.work import Attempt, Evaluation


class IdentityReading(models.Model):
    """Answers to public questions around an evaluation, as MACs of characters, never as text.

    ``answers``: question's label -> one list of numbers per reply; ``names``: MACs of the model
    names reported; the n-th request carried ``probe_key(id, n)``.
    """

    class Moment(models.TextChoices):
        BEFORE = "before"
        DURING = "during"
        AFTER = "after"
        LATER = "later"
        DAILY = "daily"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    evaluation = models.ForeignKey(Evaluation, models.PROTECT, related_name="readings")
    moment = models.CharField(max_length=8, choices=Moment)
    answers = models.JSONField()
    names = models.JSONField()
    requests = models.PositiveIntegerField()
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("at",)
        constraints = (
            models.UniqueConstraint(
                fields=("evaluation",),
                condition=models.Q(moment="before"),
                name="one_first_reading",
            ),
        )

    def __str__(self) -> str:
        return f"{self.moment} {self.evaluation_id}"


class IdentityMark(models.Model):
    """The endpoint changed around this evaluation; its score stays. ``p_e4``: in 1/10,000."""

    evaluation = models.OneToOneField(
        Evaluation, models.PROTECT, primary_key=True, related_name="identity_mark"
    )
    moment = models.CharField(max_length=8, choices=IdentityReading.Moment)
    kinds = models.JSONField()
    p_e4 = models.PositiveIntegerField(null=True)
    at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"change around {self.evaluation_id}"


class EvidenceRecord(models.Model):
    """What the tests for memory said of one evaluation, as aggregates, and what became of it.

    ``findings``: one ``{test, source, effect_e4, p_e6, grade}`` per test, ``test`` as
    ``id@version``. ``beside``: figures no grade rests on, ``{test, what, value_e4, p_e6}`` each.
    ``literals``: tasks whose replies hold pieces of hidden tests. ``alarm_e6``: chance of a mark
    anywhere on a clean board, at most. ``reply``: the provider's own words beside a mark.
    """

    evaluation = models.OneToOneField(
        Evaluation, models.PROTECT, primary_key=True, related_name="evidence"
    )
    state = models.CharField(max_length=10, default=EvidenceState.WATCHED.value)
    grade = models.CharField(max_length=2, blank=True)
    findings = models.JSONField(default=list)
    beside = models.JSONField(default=list)
    literals = models.PositiveIntegerField(default=0)
    family = models.PositiveIntegerField()
    alarm_e6 = models.PositiveIntegerField()
    examined_at = models.DateTimeField(db_default=Now())
    asked_at = models.DateTimeField(null=True)
    reply_by = models.DateTimeField(null=True)
    reply = models.CharField(max_length=2000, blank=True)
    replied_at = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True)
    decision = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ("-examined_at",)
        constraints = (
            models.CheckConstraint(
                condition=models.Q(state__in=[s.value for s in EvidenceState]),
                name="evidence_state",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["watched", "review", "withdrawn"])
                | models.Q(grade__in=["A", "BB"]),
                name="evidence_below_the_rule_is_inside",
            ),
        )

    def __str__(self) -> str:
        return f"evidence on {self.evaluation_id}"


class ReplyTrace(models.Model):
    """What one judged reply has of what it should not know; figures and keyed hashes, no text.

    ``containment_e4``: share of the reference's fingerprints in it; ``run``: longest common run of
    tokens; ``salts``: salts of others in it; ``literals``: hidden literals of the tests in it;
    ``failure_mac``: keyed hash of a wrong answer, empty for a right one.
    """

    attempt = models.OneToOneField(Attempt, models.PROTECT, primary_key=True, related_name="trace")
    containment_e4 = models.PositiveIntegerField()
    run = models.PositiveIntegerField()
    salts = models.PositiveSmallIntegerField(default=0)
    literals = models.PositiveSmallIntegerField(default=0)
    failure_mac = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"trace of {self.attempt_id}"
