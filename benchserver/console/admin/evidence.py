"""Signs of memory: looked at, asked about, published or withdrawn, each with a reason."""

from __future__ import annotations

from collections.abc import Callable

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join

from benchserver.console.admin.base import ReadOnly, actor
from benchserver.console.findingsheet import figures
from benchserver.core.errors import BadInput, NotAllowed
from benchserver.evaluations import evidence
from benchserver.evaluations.models import Evaluation, EvidenceRecord, ReplyTrace


class Reason(ActionForm):
    reason = forms.CharField(
        required=False,
        max_length=200,
        help_text="for the audit trail; confirm, publish and withdraw ask for it",
    )


@admin.register(EvidenceRecord)
class EvidenceAdmin(ReadOnly):
    """Look for a faulty canary or sandbox first; only then ask, and publish after the answer."""

    list_display = ("evaluation", "grade", "state", "reply_by", "replied_at", "examined_at")
    list_select_related = ("evaluation",)
    list_filter = ("state", "grade")
    search_fields = ("evaluation__slug",)
    fields = (
        "evaluation",
        "state",
        "grade",
        "figures",
        "family",
        "alarm_e6",
        "examined_at",
        "asked_at",
        "reply_by",
        "reply",
        "replied_at",
        "decided_at",
        "decision",
    )
    action_form = Reason
    actions = ("confirm", "ask", "publish", "withdraw")

    @admin.display(description="findings, and figures beside them")
    def figures(self, row: EvidenceRecord) -> str:
        found = {"findings": row.findings, "beside": row.beside, "literals": row.literals}
        return format_html_join("", "<div>{}</div>", ((line,) for line in figures(found)))

    def has_decide_permission(self, request: HttpRequest) -> bool:
        return self.may_act(request)

    @admin.action(description="A: its replies hold our tests (I read them)", permissions=["decide"])
    def confirm(self, request: HttpRequest, chosen: QuerySet[EvidenceRecord]) -> None:
        reason = request.POST.get("reason", "")
        self._each(
            request,
            chosen,
            lambda e: evidence.confirm(evaluation=e, by=actor(request), reason=reason),
        )

    @admin.action(description="Ask the provider (ours were looked at)", permissions=["decide"])
    def ask(self, request: HttpRequest, chosen: QuerySet[EvidenceRecord]) -> None:
        days = settings.REPLY_DAYS
        self._each(
            request, chosen, lambda e: evidence.ask(evaluation=e, by=actor(request), days=days)
        )

    @admin.action(description="Publish with the next snapshot", permissions=["decide"])
    def publish(self, request: HttpRequest, chosen: QuerySet[EvidenceRecord]) -> None:
        reason = request.POST.get("reason", "")
        self._each(
            request,
            chosen,
            lambda e: evidence.publish(evaluation=e, by=actor(request), reason=reason),
        )

    @admin.action(description="Withdraw", permissions=["decide"])
    def withdraw(self, request: HttpRequest, chosen: QuerySet[EvidenceRecord]) -> None:
        reason = request.POST.get("reason", "")
        self._each(
            request,
            chosen,
            lambda e: evidence.withdraw(evaluation=e, by=actor(request), reason=reason),
        )

    def _each(
        self,
        request: HttpRequest,
        chosen: QuerySet[EvidenceRecord],
        verb: Callable[[Evaluation], EvidenceRecord],
    ) -> None:
        for row in chosen.select_related("evaluation"):
            try:
                done = verb(row.evaluation)
            except (BadInput, NotAllowed) as refusal:
                self.message_user(request, f"{row.evaluation}: {refusal}", messages.WARNING)
            else:
                self.message_user(request, f"{row.evaluation}: {done.state}.")


@admin.register(ReplyTrace)
class ReplyTraceAdmin(ReadOnly):
    """Figures per reply, no text: what regurgitation and relays are counted from."""

    list_display = ("attempt", "containment_e4", "run", "salts", "literals")
    search_fields = ("attempt__evaluation__slug",)
    fields = ("attempt", "containment_e4", "run", "salts", "literals", "at")
