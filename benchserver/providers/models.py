"""Who asks for evaluations: owner groups, providers, accounts, models, endpoints, admissions.

History keys on the *model* (owner group + slug + version), because names and URLs change and
history must not (D14). An endpoint is one way to reach a model; its key is sealed for the generate
right and can only be written. Exposure, quota and brakes read only the owner group (D15).
"""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models.functions import Now

from benchserver.core.ids import new_id


class OwnerGroup(models.Model):
    """One adversary: all accounts of one company, merged by an admin."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=120)

    def __str__(self) -> str:
        return self.name


class Provider(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=120)
    owner_group = models.ForeignKey(OwnerGroup, models.PROTECT, related_name="providers")
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.name


class Account(AbstractUser):
    """A person who logs in. Staff have no provider; everybody else has exactly one."""

    provider = models.ForeignKey(
        Provider, models.PROTECT, null=True, blank=True, related_name="accounts"
    )


class Token(models.Model):
    """A scoped API token. Only its SHA-256 is kept; it is shown once."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    provider = models.ForeignKey(Provider, models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=16)
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.prefix}… ({self.name})"


class Model(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    owner_group = models.ForeignKey(OwnerGroup, models.PROTECT, related_name="models")
    name = models.SlugField(max_length=80)
    version = models.CharField(max_length=40, blank=True)
    slug = models.SlugField(max_length=130, unique=True)
    declared_cutoff = models.DateField(null=True, blank=True)
    open = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("owner_group", "name", "version"), name="model_once_per_group"
            ),
        )

    def __str__(self) -> str:
        return self.slug


class PanelModel(models.Model):
    """A reference model that the operator runs: it links rotations, it never competes.

    Its weights are frozen: ``weights_digest`` is their SHA-256 and never changes (trigger).
    ``family``: models that share training share blind spots, so families are counted.
    """

    model = models.OneToOneField(Model, models.PROTECT, primary_key=True, related_name="panel")
    family = models.SlugField(max_length=60)
    weights_digest = models.CharField(max_length=64)
    frozen_on = models.DateField()
    registered_at = models.DateTimeField(db_default=Now())
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("model__slug",)
        constraints = (
            models.CheckConstraint(
                condition=models.Q(weights_digest__regex="^[0-9a-f]{64}$"),
                name="panel_weights_are_a_digest",
            ),
        )

    def __str__(self) -> str:
        return f"panel {self.model_id}"


class Endpoint(models.Model):
    """One way to reach a model. ``api_key`` is sealed; changing the URL's host drops it."""

    class State(models.TextChoices):
        ACTIVE = "active"
        AWAITING = "awaiting"  # new or changed: nothing is sent to it before it is admitted
        PAUSED = "paused"
        DELETED = "deleted"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    slug = models.CharField(max_length=24, unique=True)
    provider = models.ForeignKey(Provider, models.PROTECT, related_name="endpoints")
    model = models.ForeignKey(Model, models.PROTECT, related_name="endpoints")
    name = models.CharField(max_length=80)
    protocol = models.CharField(max_length=40)
    options = models.JSONField(default=dict, blank=True)  # checked by the protocol; no secrets
    base_url = models.CharField(max_length=2048)
    wire_model = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=State, default=State.AWAITING)
    pause_reason = models.CharField(max_length=80, blank=True)
    revision = models.PositiveIntegerField(default=1)  # grows when what is reached may differ
    key_data_key = models.CharField(max_length=64, blank=True)
    key_sealed = models.BinaryField(null=True)
    key_revision = models.PositiveIntegerField(default=0)
    price_in = models.BigIntegerField(null=True, blank=True)  # micro-USD per million tokens
    price_out = models.BigIntegerField(null=True, blank=True)
    max_concurrency = models.PositiveIntegerField(default=4)
    max_rps = models.DecimalField(max_digits=8, decimal_places=2, null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("provider", "name"),
                condition=~models.Q(state="deleted"),
                name="endpoint_name_once",
            ),
        )

    def __str__(self) -> str:
        return self.slug


class AdmissionReport(models.Model):
    """One visit with harmless questions. ``findings`` holds our own words and figures, never a
    reply or a key; the n-th request carried ``probe_key(report.id, n)``."""

    class State(models.TextChoices):
        ASKED = "asked"
        RUNNING = "running"
        PASSED = "passed"
        FAILED = "failed"
        DROPPED = "dropped"  # the endpoint was changed meanwhile, or the visit broke too often

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    endpoint = models.ForeignKey(Endpoint, models.CASCADE, related_name="admissions")
    cause = models.CharField(max_length=20)
    state = models.CharField(max_length=10, choices=State, default=State.ASKED)
    endpoint_revision = models.PositiveIntegerField()
    key_revision = models.PositiveIntegerField()
    findings = models.JSONField(default=list)
    requests = models.PositiveIntegerField(default=0)
    fence = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    asked_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-asked_at",)
        constraints = (
            models.UniqueConstraint(
                fields=("endpoint",),
                condition=models.Q(state__in=["asked", "running"]),
                name="one_open_admission",
            ),
        )

    def __str__(self) -> str:
        return f"admission of {self.endpoint_id}"
