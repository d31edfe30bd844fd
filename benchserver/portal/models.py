"""What the portal itself must remember: which writes were already answered.

A client that lost the answer sends the same ``Idempotency-Key`` again and gets the first answer
instead of a second endpoint. No row holds a key or a token: what must not be kept is stored as
``answer = None``. Example: see ``idempotency.py``.
"""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from benchserver.core.ids import new_id
from benchserver.providers.models import Provider


class IdempotentAnswer(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    provider = models.ForeignKey(Provider, models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    route = models.CharField(max_length=200)
    digest = models.CharField(max_length=64)  # keyed, because a body may hold an API key
    status = models.PositiveSmallIntegerField(default=0)
    answer = models.JSONField(null=True)
    location = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("provider", "key"), name="idempotency_key_once"),
        )

    def __str__(self) -> str:
        return f"answer {self.status} of {self.route}"
