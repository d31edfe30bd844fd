"""The transparency log: entries that were fixed before the fact, and signed checkpoints over them.

Append-only, RFC 6962 leaf hashes, gapless indexes from 0. Example: entry 12 of kind
``rotation-commit`` holds the Merkle root of a rotation's task commitments; a checkpoint of size 13
signs a tree that contains it.
"""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class Entry(models.Model):
    index = models.BigIntegerField(primary_key=True)
    kind = models.CharField(max_length=40)
    body = models.BinaryField()  # canonical JSON, exactly the bytes that are hashed
    leaf_hash = models.CharField(max_length=64)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("index",)
        verbose_name_plural = "entries"

    def __str__(self) -> str:
        return f"{self.index} {self.kind}"


class Checkpoint(models.Model):
    size = models.BigIntegerField(primary_key=True)
    root = models.CharField(max_length=64)
    note = models.TextField()
    verifier_key = models.CharField(max_length=200)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("-size",)

    def __str__(self) -> str:
        return f"checkpoint of size {self.size}"
