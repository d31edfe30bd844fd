"""Pools, tracks, tasks, versions and rotations, without a byte of what the tasks say.

A track's protocol is fixed once its first form is frozen (D18). Tasks come in by ``import_tasks``
and leave by the action ``retire`` with a reason; rotations open and close by their dates.
"""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from benchserver.audit.record import record
from benchserver.console.admin.base import Audited, ReadOnly, actor
from benchserver.console.admin.withdrawing import withdraw_page
from benchserver.console.healthsheet import sheet
from benchserver.core.errors import BadInput
from benchserver.core.protocol import Protocol, from_payload
from benchserver.core.task import JudgingClass, Shape
from benchserver.evaluations import exposures
from benchserver.evaluations.health import pool_health
from benchserver.leaderboard.exposure import usual_policy
from benchserver.pools.models import Pool, Rotation, Task, TaskVersion, Track
from benchserver.pools.rotate import database_now

REASON_MAX = 200
SEES_RESULTS = ("pools.view_task", "evaluations.view_verdictrecord")


@admin.register(Pool)
class PoolAdmin(Audited):
    list_display = ("slug", "name", "tasks_in", "health", "created_at")
    search_fields = ("slug", "name")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("slug", "name", "lasts", "health") if obj else ("slug", "name")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("slug", "lasts", "health") if obj else ()

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.health_page)
        return [
            path("<uuid:pool_id>/health/", page, name="pools_pool_health"),
            *super().get_urls(),
        ]

    def health_page(self, request: HttpRequest, pool_id: UUID) -> HttpResponse:
        """Figures of single tasks: for those who may look at verdicts and at tasks."""
        if not request.user.has_perms(SEES_RESULTS):
            raise PermissionDenied
        pool = get_object_or_404(Pool, pk=pool_id)
        found = sheet(pool, pool_health(pool, usual_policy()))
        context = {
            **self.admin_site.each_context(request),
            "title": f"Task health of pool {pool.slug}",
            "opts": self.opts,
            "pool": pool,
            "sheet": found,
            "calm": [line for line in found.lines if not line.asks],
            "may_act": request.user.has_perm("pools.change_task"),
        }
        return TemplateResponse(request, "console/health.html", context)

    @admin.display(description="Task health")
    def health(self, pool: Pool) -> str:
        where = reverse("admin:pools_pool_health", args=[pool.pk])
        return format_html('<a href="{}">what its tasks ask for</a>', where)

    @admin.display(description="Lasts")
    def lasts(self, pool: Pool) -> str:
        return exposures.in_words(exposures.outlook(pool, usual_policy(), now=database_now()))

    @admin.display(description="Tasks in use")
    def tasks_in(self, pool: Pool) -> int:
        return pool.tasks.filter(retired_at=None).count()


class PrettyJSON(json.JSONEncoder):
    """One field a line, as people edit it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "indent": 2})


_CLASSES = [(each.value, each.value.capitalize()) for each in JudgingClass]


class TrackForm(forms.ModelForm):
    """A new board starts from the default protocol, so that nobody has to know its fields."""

    class Meta:
        model = Track
        fields = ("slug", "name", "pool", "shapes", "judging_class", "protocol_payload")
        labels = {"protocol_payload": "Protocol"}
        widgets = {"judging_class": forms.Select(choices=_CLASSES)}
        help_texts = {
            "shapes": 'Task shapes it takes: "function", "program", "unittests", for example '
            '["function", "program"]; [] takes all of its class.',
            "judging_class": "Provable: a pass cannot be forged. Mitigated: unit tests that run "
            "beside the solution. One class per board.",
            "protocol_payload": "Fixed once a rotation has opened: another protocol is another "
            "board. samples: answers per task; deadline_seconds: for one answer.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "protocol_payload" in self.fields and not self.instance.protocol_payload:
            field = self.fields["protocol_payload"]
            field.initial = Protocol().to_payload()
            vars(field)["encoder"] = PrettyJSON  # a JSONField's own; the base type lacks it

    def clean_protocol_payload(self) -> dict[str, Any]:
        payload: dict[str, Any] = self.cleaned_data["protocol_payload"]
        try:
            protocol = from_payload(payload)
            protocol.require_runnable()
        except TypeError:
            known = ", ".join(Protocol().to_payload())
            raise forms.ValidationError(f"A protocol has the fields {known}.") from None
        except BadInput as fault:
            raise forms.ValidationError(str(fault)) from None
        return protocol.to_payload()

    def clean_shapes(self) -> list[str]:
        shapes = self.cleaned_data["shapes"]
        known = [shape.value for shape in Shape]
        if not isinstance(shapes, list) or any(shape not in known for shape in shapes):
            raise forms.ValidationError(f"A list of {', '.join(known)}, or [] for all.")
        return shapes

    def clean_judging_class(self) -> str:
        chosen: str = self.cleaned_data["judging_class"]
        known = [judging_class.value for judging_class in JudgingClass]
        if chosen not in known:
            raise forms.ValidationError(f"One of {', '.join(known)}.")
        return chosen


@admin.register(Track)
class TrackAdmin(Audited):
    form = TrackForm
    list_display = ("slug", "name", "pool", "judging_class", "created_at")
    list_select_related = ("pool",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        if obj is None:
            return ()
        fixed = ("slug", "pool")
        return (
            (*fixed, "shapes", "judging_class", "protocol_payload") if obj.forms.exists() else fixed
        )


class RetireForm(ActionForm):
    reason = forms.CharField(max_length=REASON_MAX, required=False, label="Reason to retire:")


@admin.register(Task)
class TaskAdmin(ReadOnly):
    list_display = ("slug", "pool", "split", "leaked_at", "retired_at", "retire_reason")
    list_select_related = ("pool",)
    list_filter = ("pool", "split", ("retired_at", admin.EmptyFieldListFilter))
    search_fields = ("slug",)
    fields = ("slug", "pool", "split", "leaked_at", "retired_at", "retire_reason")
    action_form = RetireForm
    actions = ("retire", "mark_leaked", "withdraw")

    def has_retire_permission(self, request: HttpRequest) -> bool:
        return self.may_act(request)

    @admin.action(description="Mark selected tasks as leaked", permissions=["retire"])
    def mark_leaked(self, request: HttpRequest, chosen: QuerySet[Task]) -> None:
        """The next plan retires them; a saved plan that holds one will not open."""
        with transaction.atomic():
            tasks = list(chosen.select_for_update().filter(leaked_at=None))
            for task in tasks:
                Task.objects.filter(pk=task.pk).update(leaked_at=Now())
                record("task.leaked", by=actor(request), target=task.slug)
        self.message_user(request, f"Marked {len(tasks)}; the next rotation leaves them out.")

    @admin.action(description="Retire selected tasks", permissions=["retire"])
    def retire(self, request: HttpRequest, chosen: QuerySet[Task]) -> None:
        """No later rotation takes them; forms that are frozen keep them."""
        reason = request.POST.get("reason", "").strip()[:REASON_MAX]
        if not reason:
            self.message_user(request, "Nothing retired: give a reason.", messages.WARNING)
            return
        with transaction.atomic():
            tasks = list(chosen.select_for_update().filter(retired_at=None))
            for task in tasks:
                Task.objects.filter(pk=task.pk).update(retired_at=Now(), retire_reason=reason)
                record("task.retired", by=actor(request), target=task.slug)
        self.message_user(request, f"Retired {len(tasks)}; the next rotation leaves them out.")

    @admin.action(description="Withdraw selected tasks from a rotation…", permissions=["retire"])
    def withdraw(self, request: HttpRequest, chosen: QuerySet[Task]) -> HttpResponse | None:
        return withdraw_page(self, request, chosen)


@admin.register(TaskVersion)
class TaskVersionAdmin(ReadOnly):
    list_display = ("id", "task", "number", "shape", "language", "topic", "imported_at")
    list_select_related = ("task",)
    list_filter = ("shape", "language", "judging_class")
    search_fields = ("task__slug", "commitment")
    fields = (
        "task",
        "number",
        "shape",
        "language",
        "judging_class",
        "topic",
        "difficulty",
        "written_on",
        "commitment",
        "intake",
        "imported_at",
    )


@admin.register(Rotation)
class RotationAdmin(ReadOnly):
    list_display = ("slug", "pool", "state", "opens_at", "closes_at", "reason")
    list_select_related = ("pool",)
    list_filter = ("pool", "state")
    fields = (
        "slug",
        "pool",
        "state",
        "reason",
        "opens_at",
        "closes_at",
        "root",
        "log_index",
        "committed_at",
        "created_at",
    )
