"""What is asked: pools of tasks, their immutable sealed versions, rotations and frozen forms.

Content exists here only sealed, once per right: the prompt for GENERATE, the whole task (with its
commitment salt) for EXECUTE. Example: ``FormEntry`` 17 of a form names a task version; nobody
without a worker's private key can say what it asks. ``TaskVersion`` and ``FormEntry`` rows never
change (trigger); what changes, like retirement, stands on ``Task``.
"""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from benchserver.core.ids import new_id
from benchserver.core.lifecycle import RotationState
from benchserver.core.protocol import Protocol, from_payload
from benchserver.core.task import Split


class Pool(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=120)
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.slug


class Track(models.Model):
    """One board: which of a pool's tasks, judged how, run under which protocol (D16, D18).

    ``shapes``: the task shapes it takes; empty means all shapes of its judging class.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=120)
    pool = models.ForeignKey(Pool, models.PROTECT, related_name="tracks")
    shapes = models.JSONField(default=list, blank=True)
    judging_class = models.CharField(max_length=20, default="provable")
    protocol_payload = models.JSONField()
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.slug

    @property
    def protocol(self) -> Protocol:
        return from_payload(self.protocol_payload)


class Task(models.Model):
    """A task's identity and what may change about it. Its split is fixed for life (D17)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    slug = models.CharField(max_length=24, unique=True)
    pool = models.ForeignKey(Pool, models.PROTECT, related_name="tasks")
    source_mac = models.CharField(max_length=64)  # keyed: a source's name can give a task away
    split = models.CharField(max_length=10, choices=[(s.value, s.value) for s in Split])
    leaked_at = models.DateTimeField(null=True, blank=True)  # said by an admin; retires at a turn
    retired_at = models.DateTimeField(null=True, blank=True)
    retire_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("pool", "source_mac"), name="task_once_per_pool"),
        )

    def __str__(self) -> str:
        return self.slug


class TaskVersion(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    task = models.ForeignKey(Task, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    shape = models.CharField(max_length=20)
    language = models.CharField(max_length=20)
    judging_class = models.CharField(max_length=20)
    topic = models.CharField(max_length=40, blank=True)
    difficulty = models.CharField(max_length=20, blank=True)
    written_on = models.DateField(null=True)
    family_mac = models.CharField(max_length=64)
    # The ``source_mac`` of the task that this one rewrites: a link that only the key could read.
    twin_mac = models.CharField(max_length=64, blank=True, default="")
    content_mac = models.CharField(max_length=64)
    commitment = models.CharField(max_length=64)
    prompt_data_key = models.CharField(max_length=64)
    prompt_sealed = models.BinaryField()
    task_data_key = models.CharField(max_length=64)
    task_sealed = models.BinaryField()
    salt_sealed = models.BinaryField()
    intake = models.JSONField(default=dict)  # gate figures, no content
    imported_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("task", "number"), name="version_number_once"),
        )

    def __str__(self) -> str:
        return f"{self.task_id} v{self.number}"


class Rotation(models.Model):
    """A dated window [opens_at, closes_at) over a pool, by the database clock (D16)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    slug = models.CharField(max_length=80, unique=True)
    pool = models.ForeignKey(Pool, models.PROTECT, related_name="rotations")
    state = models.CharField(max_length=12, default=RotationState.PLANNED.value)
    opens_at = models.DateTimeField()
    closes_at = models.DateTimeField()
    plan = models.JSONField(default=dict)  # version ids, counts and reasons; no content
    # Why a plan was abandoned, or what kept it from opening when that was last tried.
    reason = models.CharField(max_length=300, blank=True, default="")
    root = models.CharField(max_length=64, blank=True)
    log_index = models.BigIntegerField(null=True)
    committed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("-opens_at",)
        constraints = (
            models.CheckConstraint(
                condition=models.Q(closes_at__gt=models.F("opens_at")), name="rotation_window"
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=[s.value for s in RotationState]),
                name="rotation_state",
            ),
        )

    def __str__(self) -> str:
        return self.slug


class Form(models.Model):
    """The frozen set of tasks of one track in one rotation, public and private mixed."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    rotation = models.ForeignKey(Rotation, models.PROTECT, related_name="forms")
    track = models.ForeignKey(Track, models.PROTECT, related_name="forms")
    protocol_digest = models.CharField(max_length=64)
    frozen_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("rotation", "track"), name="form_once_per_track"),
        )

    def __str__(self) -> str:
        return f"form {self.id}"

    @property
    def standing(self) -> models.QuerySet[FormEntry]:
        """What is still scored: the frozen entries less those that were withdrawn since."""
        return FormEntry.objects.filter(form=self, withdrawn=None)


class FormEntry(models.Model):
    form = models.ForeignKey(Form, models.PROTECT, related_name="entries")
    position = models.PositiveIntegerField()
    version = models.ForeignKey(TaskVersion, models.PROTECT, related_name="+")
    split = models.CharField(max_length=10)

    class Meta:
        ordering = ("position",)
        constraints = (
            models.UniqueConstraint(fields=("form", "position"), name="entry_position_once"),
            models.UniqueConstraint(fields=("form", "version"), name="entry_version_once"),
        )

    def __str__(self) -> str:
        return f"{self.form_id}[{self.position}]"


class Withdrawal(models.Model):
    """Some entries of a frozen form count no longer, for a reason; the form is issued anew.

    ``reason``: one of the public words of ``withdraw.REASONS``. ``log_index``: its log entry.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    form = models.ForeignKey(Form, models.PROTECT, related_name="withdrawals")
    reason = models.CharField(max_length=30)
    log_index = models.BigIntegerField()
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("at",)

    def __str__(self) -> str:
        return f"withdrawal from {self.form_id}"


class WithdrawnEntry(models.Model):
    """``faulty``: asked for by an admin; else a companion, a sound task drawn to go with it."""

    entry = models.OneToOneField(
        FormEntry, models.PROTECT, primary_key=True, related_name="withdrawn"
    )
    withdrawal = models.ForeignKey(Withdrawal, models.PROTECT, related_name="entries")
    faulty = models.BooleanField()

    def __str__(self) -> str:
        return f"withdrawn {self.entry_id}"
