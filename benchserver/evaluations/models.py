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
from benchserver.core.lifecycle import AttemptState, EvaluationState, EvidenceState, OpinionState
from benchserver.core.verdict import FaultKind, Verdict
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
