"""Evaluations and what they caused, row by row, to be looked at; an evaluation can be cancelled,
paused and resumed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from benchserver import dispatch, wiring
from benchserver.console.admin.base import ReadOnly, actor
from benchserver.core.errors import NotAllowed
from benchserver.evaluations import control, correct, opinions, settling
from benchserver.evaluations.models import (
    Attempt,
    Evaluation,
    Exposure,
    FaultRecord,
    IdentityMark,
    SecondOpinion,
    Send,
    SuspendedWorker,
    VerdictCorrection,
    VerdictRecord,
)

_OPERATOR = Evaluation.Pauser.OPERATOR


@admin.register(IdentityMark)
class IdentityMarkAdmin(ReadOnly):
    """Endpoints that changed around an evaluation; the score stays."""

    list_display = ("evaluation", "moment", "kinds", "p_e4", "at")
    list_select_related = ("evaluation",)
    list_filter = ("moment",)
    search_fields = ("evaluation__slug",)
    fields = ("evaluation", "moment", "kinds", "p_e4", "at")


@admin.register(Evaluation)
class EvaluationAdmin(ReadOnly):
    list_display = ("slug", "provider", "model", "track", "rotation", "state", "created_at")
    list_select_related = ("provider", "model", "track", "rotation")
    list_filter = ("state", "track", "rotation")
    search_fields = ("slug", "model__slug", "provider__slug")
    fields = (
        "slug",
        "provider",
        "owner_group",
        "model",
        "endpoint",
        "endpoint_revision",
        "track",
        "rotation",
        "protocol_payload",
        "state",
        "round",
        "total",
        "price_in",
        "price_out",
        "seen_before_e4",
        "log_index",
        "created_at",
        "cancel_requested_at",
        "paused_at",
        "paused_by",
        "ended_at",
        "can_still_change",
    )
    actions = ("cancel", "pause", "resume")

    @admin.display(description="Can samples still change a tier?", empty_value="")
    def can_still_change(self, evaluation: Evaluation) -> str:
        return settling.words(settling.foretell(evaluation))

    def has_control_permission(self, request: HttpRequest) -> bool:
        return self.may_act(request)

    @admin.action(description="Cancel selected evaluations", permissions=["control"])
    def cancel(self, request: HttpRequest, chosen: QuerySet[Evaluation]) -> None:
        self._each(request, chosen, control.cancel, "Cancelled")

    @admin.action(description="Pause selected evaluations", permissions=["control"])
    def pause(self, request: HttpRequest, chosen: QuerySet[Evaluation]) -> None:
        self._each(request, chosen, partial(control.pause, who=_OPERATOR), "Paused")

    @admin.action(description="Resume selected evaluations", permissions=["control"])
    def resume(self, request: HttpRequest, chosen: QuerySet[Evaluation]) -> None:
        self._each(request, chosen, partial(control.resume, who=_OPERATOR), "Resumed")

    def _each(
        self,
        request: HttpRequest,
        chosen: QuerySet[Evaluation],
        verb: Callable[..., None],
        done: str,
    ) -> None:
        """Each on its own: what one refuses does not stop the others."""
        count = 0
        for evaluation in chosen:
            try:
                with transaction.atomic():
                    verb(evaluation=evaluation, by=actor(request))
            except NotAllowed as refusal:
                self.message_user(request, f"{evaluation}: {refusal}", messages.WARNING)
            else:
                count += 1
        transaction.on_commit(lambda: dispatch.flush())
        self.message_user(request, f"{done} {count}.")


@admin.register(Attempt)
class AttemptAdmin(ReadOnly):
    list_display = ("id", "evaluation", "sample", "state", "reason", "fence", "next_at")
    list_select_related = ("evaluation",)
    list_filter = ("state",)
    search_fields = ("evaluation__slug",)
    fields = (
        "evaluation",
        "endpoint",
        "entry",
        "sample",
        "state",
        "reason",
        "fence",
        "owner",
        "lease_until",
        "next_at",
        "unknown_sends",
        "refused_sends",
        "unsent_tries",
        "judge_tries",
        "updated_at",
    )


@admin.register(Exposure)
class ExposureAdmin(ReadOnly):
    list_display = ("id", "version", "owner_group", "rotation", "reserved_at", "first_sent_at")
    list_select_related = ("version", "owner_group", "rotation")
    list_filter = ("rotation", "owner_group")
    fields = ("version", "owner_group", "rotation", "reserved_at", "first_sent_at")


@admin.register(Send)
class SendAdmin(ReadOnly):
    list_display = ("id", "attempt", "ordinal", "cause", "outcome", "code", "committed_at")
    list_select_related = ("attempt",)
    list_filter = ("outcome", "cause")
    search_fields = ("attempt__evaluation__slug",)
    fields = (
        "attempt",
        "ordinal",
        "cause",
        "fence",
        "outcome",
        "code",
        "status",
        "tokens_in",
        "tokens_out",
        "usage_reported",
        "cost_micro_usd",
        "milliseconds",
        "committed_at",
        "ended_at",
    )


@admin.register(VerdictRecord)
class VerdictAdmin(ReadOnly):
    list_display = ("attempt", "verdict", "wall_milliseconds", "memory_bytes", "at")
    list_filter = ("verdict",)
    search_fields = ("attempt__evaluation__slug",)
    fields = (
        "attempt",
        "verdict",
        "cpu_milliseconds",
        "wall_milliseconds",
        "memory_bytes",
        "isolation",
        "at",
    )


@admin.register(FaultRecord)
class FaultAdmin(ReadOnly):
    list_display = ("attempt", "round", "kind", "code", "at")
    list_filter = ("kind", "code")
    search_fields = ("attempt__evaluation__slug",)
    fields = ("attempt", "round", "kind", "code", "at")


@admin.register(SecondOpinion)
class SecondOpinionAdmin(ReadOnly):
    list_display = ("attempt", "state", "first_worker", "second_worker", "third_worker", "ended_at")
    list_select_related = ("attempt",)
    list_filter = ("state",)
    search_fields = ("attempt__evaluation__slug",)
    fields = (
        "attempt",
        "state",
        "first_worker",
        "second_worker",
        "second",
        "third_worker",
        "third",
        "odd_worker",
        "tries",
        "next_at",
        "created_at",
        "ended_at",
    )
    actions = ("correct",)

    def has_correct_permission(self, request: HttpRequest) -> bool:
        return self.may_act(request)

    @admin.action(description="Correct the stored verdicts", permissions=["correct"])
    def correct(self, request: HttpRequest, chosen: QuerySet[SecondOpinion]) -> None:
        """Those that stood alone; each goes by itself and says what became of it."""
        for opinion in chosen:
            try:
                done = correct.by_opinion(
                    attempt_id=opinion.pk, sealer=wiring.sealer(), by=actor(request)
                )
            except NotAllowed as refusal:
                self.message_user(request, f"{opinion.pk}: {refusal.reason}", messages.WARNING)
            else:
                waits = f"waits: {done.waits}" if done.waits else "counts from now on"
                self.message_user(request, f"{opinion.pk}: corrected; {waits}.")


@admin.register(VerdictCorrection)
class VerdictCorrectionAdmin(ReadOnly):
    """Verdicts that were shown to be wrong; one that waits has no date from which it counts."""

    list_display = ("attempt", "ground", "at", "counts_since")
    list_filter = ("ground", ("counts_since", admin.EmptyFieldListFilter))
    search_fields = ("attempt__evaluation__slug",)
    fields = ("attempt", "was", "verdict", "ground", "log_index", "at", "counts_since")


@admin.register(SuspendedWorker)
class SuspendedWorkerAdmin(ReadOnly):
    list_display = ("name", "reason", "at", "lifted_at")
    fields = ("name", "reason", "attempt", "at", "lifted_at")
    actions = ("let_back",)

    def has_let_back_permission(self, request: HttpRequest) -> bool:
        return self.may_act(request)

    @admin.action(description="Let selected machines judge again", permissions=["let_back"])
    def let_back(self, request: HttpRequest, chosen: QuerySet[SuspendedWorker]) -> None:
        for worker in chosen.filter(lifted_at=None):
            opinions.let_back(worker=worker, by=actor(request))
        self.message_user(request, "They judge again.")
