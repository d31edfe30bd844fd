"""What left this room as a number, so that the next one can be held against it.

Example: a provider is told 71 of 82; the tasks behind that are a ``ToldSet``, the number is a
``Told``, and a number over a set that differs by one task is refused.
"""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from benchserver.evaluations.models.work import Evaluation


class Score(models.Model):
    """An evaluation's aggregates, integers only; recomputable from its verdicts at any time."""

    evaluation = models.OneToOneField(
        Evaluation, models.PROTECT, primary_key=True, related_name="score"
    )
    method = models.CharField(max_length=20)
    body = models.JSONField()
    # Commitment to every outcome (transparency): root, its log entry, the salts sealed.
    outcome_root = models.CharField(max_length=64)
    log_index = models.BigIntegerField()
    salts_data_key = models.CharField(max_length=64)
    salts_sealed = models.BinaryField()
    at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"score of {self.evaluation_id}"


class ToldSet(models.Model):
    """A frozen set of private versions on which a number that left this room rests."""

    digest = models.CharField(max_length=64, primary_key=True)
    versions = models.JSONField()

    def __str__(self) -> str:
        return f"{len(self.versions)} tasks"


class Told(models.Model):
    """A count of private results that has left: to the evaluation's provider or to everybody.

    Append-only (trigger): whatever is to leave later is held against these rows.
    """

    class To(models.TextChoices):
        PROVIDER = "provider"
        BOARD = "board"

    evaluation = models.ForeignKey(Evaluation, models.PROTECT, related_name="told")
    to = models.CharField(max_length=8, choices=To)
    label = models.CharField(max_length=60)
    tasks = models.ForeignKey(ToldSet, models.PROTECT, related_name="+")
    passed = models.PositiveIntegerField()
    samples = models.PositiveIntegerField()
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("evaluation", "to", "label", "tasks"), name="told_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.label} of {self.evaluation_id} to {self.to}"


class CellNoise(models.Model):
    """The noise of one cell of a breakdown, drawn once and added to its count for ever.

    Append-only (trigger): drawn anew with each snapshot it could be averaged away. ``passed``: the
    hidden count it belongs to; of a corrected count another noise is drawn, and paid for.
    """

    evaluation = models.ForeignKey(Evaluation, models.PROTECT, related_name="cell_noise")
    kind = models.CharField(max_length=10)
    value = models.CharField(max_length=40)
    tasks = models.ForeignKey(ToldSet, models.PROTECT, related_name="+")
    passed = models.PositiveIntegerField()
    epsilon_e3 = models.PositiveIntegerField()
    noise = models.IntegerField()
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("evaluation", "kind", "value", "tasks", "passed"), name="noise_drawn_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.value} of {self.evaluation_id}"
