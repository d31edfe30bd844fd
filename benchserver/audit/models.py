"""Who saw or changed what, and the wrapped data keys that such seeing needs.

``Event`` is append-only (a trigger refuses UPDATE and DELETE). ``DataKey`` holds data keys sealed
to a right's public half; deleting the row shreds what it sealed. Example: opening a task's tests
for judging writes ``task.opened`` with the version's id and the worker's name, no content.
"""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class Event(models.Model):
    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(db_default=Now())
    actor = models.CharField(max_length=120)
    verb = models.CharField(max_length=60)
    target = models.CharField(max_length=120)
    facts = models.JSONField(default=dict)
    # Whose event list it belongs to; empty for the operator's own.
    provider = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=("provider", "-id")),)

    def __str__(self) -> str:
        return f"{self.verb} {self.target}"


class DataKey(models.Model):
    id = models.CharField(max_length=64, primary_key=True)
    right = models.CharField(max_length=16)
    key_id = models.CharField(max_length=32)
    wrapped = models.BinaryField()
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"data key {self.id[:8]} ({self.right})"
