"""What the public may see: aggregates copied here by ``publish``, signed and never changed.

The website reads these tables and can reach nothing else; no foreign key leads to a private
table. Example: a ``Snapshot`` is one published board, its ``body`` the exact canonical JSON that
the transparency log holds.
"""

from __future__ import annotations

import json
from typing import Any

from django.db import models


class Snapshot(models.Model):
    """One published state of one board; later corrections are new snapshots."""

    sequence = models.BigIntegerField(primary_key=True)
    track = models.SlugField(max_length=80)
    rotation = models.CharField(max_length=80)
    body = models.TextField()
    digest = models.CharField(max_length=64)
    log_index = models.BigIntegerField()
    checkpoint = models.TextField()
    proof = models.JSONField(default=list)
    published_at = models.DateTimeField()

    class Meta:
        ordering = ("-sequence",)
        indexes = (models.Index(fields=("track", "rotation", "-sequence")),)

    def __str__(self) -> str:
        return f"snapshot {self.sequence} of {self.track}"

    @property
    def board(self) -> dict[str, Any]:
        """The parsed body; its shape is documented in ``docs/api.md``."""
        parsed: dict[str, Any] = json.loads(self.body)
        return parsed


class PublishedRotation(models.Model):
    """The public facts of a rotation: window, counts, commitment."""

    name = models.CharField(max_length=80, primary_key=True)
    pool = models.SlugField(max_length=80)
    state = models.CharField(max_length=20)
    opens_at = models.DateTimeField()
    closes_at = models.DateTimeField()
    private_tasks = models.PositiveIntegerField()
    public_tasks = models.PositiveIntegerField()
    root = models.CharField(max_length=64)
    leaves = models.JSONField(default=list)  # commitment leaves in order, as canonical JSON text
    committed_at = models.DateTimeField()
    log_index = models.BigIntegerField()
    first_send_at = models.DateTimeField(null=True)
    evaluations_started = models.PositiveIntegerField(default=0)
    evaluations_complete = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("-opens_at",)

    def __str__(self) -> str:
        return self.name


class PublishedTask(models.Model):
    """A task of the public split, copied out so that the site can serve it whole."""

    name = models.CharField(max_length=80, primary_key=True)
    pool = models.SlugField(max_length=80)
    rotation = models.CharField(max_length=80)
    payload = models.JSONField()
    commitment = models.CharField(max_length=64)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name
