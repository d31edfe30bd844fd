"""The page that withdraws faulty tasks from a rotation: what would happen is said, then done.

The rules are those of the command (``evaluations/withdraw.py``); boards are published by the
command line, where the signer is. Example: a task with wrong tests, rotation ro-1, companions.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from benchserver.console.admin.base import actor
from benchserver.core.errors import NotAllowed
from benchserver.core.lifecycle import RotationState
from benchserver.evaluations.withdraw import withdraw
from benchserver.leaderboard.reissue import boards_to_reissue
from benchserver.pools.models import Rotation, Task
from benchserver.pools.withdraw import REASONS


class WithdrawForm(forms.Form):
    rotation = forms.ModelChoiceField(queryset=Rotation.objects.none(), empty_label="choose")
    reason = forms.ChoiceField(choices=[(name, words) for name, words in REASONS.items()])
    companions = forms.BooleanField(
        required=False,
        label="Withdraw sound tasks with them, drawn by lot, where totals were told",
        help_text="Without it the withdrawal is refused there: the old total less the new one "
        "would be one task's result.",
    )

    def __init__(self, data: Any, *, rotations: QuerySet[Rotation]) -> None:
        super().__init__(data)
        field = self.fields["rotation"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = rotations


def withdraw_page(
    page: ModelAdmin, request: HttpRequest, chosen: QuerySet[Task]
) -> HttpResponse | None:
    """Ask for rotation and reason, then withdraw; a refusal is shown on the same page."""
    tasks = list(chosen.select_related("pool").order_by("slug"))
    rotations = Rotation.objects.filter(
        pool__in={task.pool_id for task in tasks},
        state__in=(RotationState.OPEN.value, RotationState.CLOSED.value),
    )
    form = WithdrawForm(request.POST if "apply" in request.POST else None, rotations=rotations)
    refused = ""
    if form.is_valid():
        try:
            _apply(page, request, tasks, form)
        except NotAllowed as refusal:
            refused = str(refusal)
        else:
            return None
    context = {
        **page.admin_site.each_context(request),
        "title": "Withdraw tasks from a rotation",
        "opts": page.opts,
        "tasks": tasks,
        "form": form,
        "refused": refused,
    }
    return render(request, "console/withdraw.html", context)


def _apply(page: ModelAdmin, request: HttpRequest, tasks: list[Task], form: WithdrawForm) -> None:
    rotation: Rotation = form.cleaned_data["rotation"]
    done = withdraw(
        rotation=rotation,
        tasks=tasks,
        reason=form.cleaned_data["reason"],
        by=actor(request),
        companions=form.cleaned_data["companions"],
    )
    for each in done:
        along = f" and {each.companions} companions" if each.companions else ""
        page.message_user(
            request,
            f"{each.form.track.slug}: {each.faulty} withdrawn{along}, {each.standing} private "
            "tasks stand.",
        )
    for track in boards_to_reissue(rotation):
        again = f"./bench publish --track {track.slug} --rotation {rotation.slug}"
        page.message_user(
            request, f"Board {track.slug} still shows them: {again}", messages.WARNING
        )
