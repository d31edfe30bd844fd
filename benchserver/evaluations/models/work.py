"""One request of a provider and everything it caused, each cause with its row.

``Attempt`` (task x sample) is the unit of work: Postgres decides by its state, fence and lease,
Celery only wakes. ``Exposure`` counts leakage (task, owner group, rotation), ``Send`` counts
transmissions. Example: an attempt answered on its second try has two sends, one exposure, one
reply and one verdict. Verdicts and faults are two tables, because only the first is scored (D6).
"""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from benchserver.core.ids import new_id
from benchserver.core.lifecycle import AttemptState, EvaluationState
from benchserver.core.verdict import FaultKind
from benchserver.pools.models import Form, FormEntry, Rotation, TaskVersion, Track
from benchserver.providers.models import Endpoint, Model, OwnerGroup, Provider


class Evaluation(models.Model):
    class Pauser(models.TextChoices):
        """Who holds it back; only the operator lifts the operator's pause."""

        PROVIDER = "provider"
        OPERATOR = "operator"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    slug = models.CharField(max_length=24, unique=True)
    provider = models.ForeignKey(Provider, models.PROTECT, related_name="evaluations")
    owner_group = models.ForeignKey(OwnerGroup, models.PROTECT, related_name="evaluations")
    model = models.ForeignKey(Model, models.PROTECT, related_name="evaluations")
    endpoint = models.ForeignKey(Endpoint, models.PROTECT, related_name="evaluations")
    endpoint_revision = models.PositiveIntegerField()
    rotation = models.ForeignKey(Rotation, models.PROTECT, related_name="evaluations")
    track = models.ForeignKey(Track, models.PROTECT, related_name="evaluations")
    form = models.ForeignKey(Form, models.PROTECT, related_name="evaluations")
    protocol_payload = models.JSONField()
    state = models.CharField(max_length=12, default=EvaluationState.RUNNING.value)
    round = models.PositiveIntegerField(default=1)
    total = models.PositiveIntegerField()
    price_in = models.BigIntegerField(null=True)  # snapshot, micro-USD per million tokens
    price_out = models.BigIntegerField(null=True)
    seen_before_e4 = models.PositiveIntegerField(default=0)
    cancel_requested_at = models.DateTimeField(null=True)
    paused_at = models.DateTimeField(null=True)
    paused_by = models.CharField(max_length=8, choices=Pauser, blank=True)
    log_index = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-created_at",)
        constraints = (
            models.CheckConstraint(
                condition=models.Q(state__in=[s.value for s in EvaluationState]),
                name="evaluation_state",
            ),
            models.CheckConstraint(
                condition=models.Q(paused_at=None, paused_by="")
                | models.Q(paused_at__isnull=False, paused_by__in=("provider", "operator")),
                name="a_pause_is_somebodys",
            ),
        )

    def __str__(self) -> str:
        return self.slug


class Attempt(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    evaluation = models.ForeignKey(Evaluation, models.PROTECT, related_name="attempts")
    endpoint = models.ForeignKey(Endpoint, models.PROTECT, related_name="+")
    entry = models.ForeignKey(FormEntry, models.PROTECT, related_name="+")
    sample = models.PositiveIntegerField()
    order = models.PositiveIntegerField()
    state = models.CharField(max_length=12, default=AttemptState.READY.value)
    fence = models.PositiveIntegerField(default=0)
    owner = models.CharField(max_length=80, blank=True)
    lease_until = models.DateTimeField(null=True)
    hold_until = models.DateTimeField(null=True)  # no heartbeat extends the lease past this
    next_at = models.DateTimeField(db_default=Now())
    reason = models.CharField(max_length=60, blank=True)
    unknown_sends = models.PositiveSmallIntegerField(default=0)  # for life: at most 2
    refused_sends = models.PositiveSmallIntegerField(default=0)  # this round: at most 6
    unsent_tries = models.PositiveSmallIntegerField(default=0)  # this round: at most 5
    judge_tries = models.PositiveSmallIntegerField(default=0)  # this round: at most 3
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("evaluation", "entry", "sample"), name="attempt_once_per_sample"
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=[s.value for s in AttemptState]),
                name="attempt_state",
            ),
            models.CheckConstraint(
                condition=models.Q(unknown_sends__lte=2), name="two_unknown_sends_at_most"
            ),
        )
        indexes = (
            models.Index(
                fields=("evaluation", "order"),
                condition=models.Q(state__in=["ready", "ambiguous"]),
                name="attempt_due",
            ),
            models.Index(
                fields=("endpoint",),
                condition=models.Q(state__in=["leased", "sent"]),
                name="attempt_in_flight",
            ),
            models.Index(
                fields=("updated_at",),
                condition=models.Q(state="generated"),
                name="attempt_unjudged",
            ),
            models.Index(
                fields=("lease_until",),
                condition=models.Q(state__in=["leased", "sent", "judging"]),
                name="attempt_leased",
            ),
            models.Index(fields=("evaluation", "state"), name="attempt_by_state"),
        )

    def __str__(self) -> str:
        return f"attempt {self.id}"


class Exposure(models.Model):
    """A (task version, owner group, rotation) that is reserved, then final at its first send."""

    id = models.BigAutoField(primary_key=True)
    version = models.ForeignKey(TaskVersion, models.PROTECT, related_name="exposures")
    owner_group = models.ForeignKey(OwnerGroup, models.PROTECT, related_name="exposures")
    rotation = models.ForeignKey(Rotation, models.PROTECT, related_name="exposures")
    reserved_at = models.DateTimeField(db_default=Now())
    first_sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("version", "owner_group", "rotation"), name="exposure_once"
            ),
        )

    def __str__(self) -> str:
        return f"exposure {self.id}"


class Send(models.Model):
    """One transmission, committed before its first byte (D12)."""

    class Outcome(models.TextChoices):
        PENDING = "pending"
        ANSWERED = "answered"
        REFUSED = "refused"
        REJECTED = "rejected"
        INVALID = "invalid"
        UNKNOWN = "unknown"
        NOT_SENT = "not_sent"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    attempt = models.ForeignKey(Attempt, models.PROTECT, related_name="sends")
    ordinal = models.PositiveSmallIntegerField()
    cause = models.CharField(max_length=60)
    fence = models.PositiveIntegerField()
    outcome = models.CharField(max_length=10, choices=Outcome, default=Outcome.PENDING)
    code = models.CharField(max_length=60, blank=True)
    status = models.PositiveSmallIntegerField(null=True)
    tokens_in = models.PositiveIntegerField(null=True)
    tokens_out = models.PositiveIntegerField(null=True)
    usage_reported = models.BooleanField(default=False)
    cost_micro_usd = models.BigIntegerField(null=True)
    milliseconds = models.PositiveIntegerField(null=True)
    committed_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("attempt", "ordinal"), name="send_ordinal_once"),
        )
        indexes = (
            models.Index(
                fields=("attempt",),
                condition=models.Q(outcome="pending"),
                name="send_pending",
            ),
        )

    def __str__(self) -> str:
        return f"send {self.id}"


class Reply(models.Model):
    """The complete answer, sealed for EXECUTE. At most one per attempt: the first by fence."""

    attempt = models.OneToOneField(Attempt, models.PROTECT, primary_key=True)
    send = models.OneToOneField(Send, models.PROTECT, related_name="+")
    stop_reason = models.CharField(max_length=12)
    data_key = models.CharField(max_length=64)
    sealed = models.BinaryField()
    stored_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"reply of {self.attempt_id}"


class FaultRecord(models.Model):
    """Why an attempt ended without a verdict in a round of its evaluation. Never scored."""

    id = models.BigAutoField(primary_key=True)
    attempt = models.ForeignKey(Attempt, models.PROTECT, related_name="faults")
    round = models.PositiveIntegerField()
    kind = models.CharField(max_length=16, choices=[(k.value, k.value) for k in FaultKind])
    code = models.CharField(max_length=60)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("attempt", "round"), name="one_fault_per_round"),
        )

    def __str__(self) -> str:
        return f"fault of {self.attempt_id}"


class Lane(models.Model):
    """One row per endpoint: its lock, its token bucket and the time before which it rests."""

    endpoint = models.OneToOneField(Endpoint, models.PROTECT, primary_key=True, related_name="lane")
    tokens = models.FloatField(default=1.0)
    refilled_at = models.DateTimeField(db_default=Now())
    resting_until = models.DateTimeField(null=True)
    rest_reason = models.CharField(max_length=60, blank=True)
    failures = models.PositiveIntegerField(default=0)  # failed sends in a row
    recent = models.CharField(max_length=20, blank=True, default="")  # "x" failed, "." went well
    broken = models.BooleanField(default=False)  # only a public canary may be sent
    probes_failed = models.PositiveIntegerField(default=0)
    probe_until = models.DateTimeField(null=True)
    same_code = models.CharField(max_length=60, blank=True, default="")
    same_faults = models.PositiveIntegerField(default=0)  # attempts in a row it has ended

    def __str__(self) -> str:
        return f"lane {self.endpoint_id}"


class Budget(models.Model):
    """What an evaluation may spend, None where it may spend any; checked with each send."""

    evaluation = models.OneToOneField(
        Evaluation, models.PROTECT, primary_key=True, related_name="budget"
    )
    max_requests = models.PositiveBigIntegerField(null=True)
    max_tokens = models.PositiveBigIntegerField(null=True)
    max_micro_usd = models.PositiveBigIntegerField(null=True)
    requests = models.PositiveBigIntegerField(default=0)
    tokens = models.PositiveBigIntegerField(default=0)
    micro_usd = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"budget of {self.evaluation_id}"


class Wake(models.Model):
    """The outbox: a wake-up to be published, written in the transaction that made it due."""

    id = models.BigAutoField(primary_key=True)
    step = models.CharField(max_length=20)
    target = models.CharField(max_length=40)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return f"wake {self.step} {self.target}"
