"""What goes in and what comes out of the API, field by field; nothing else can pass.

Requests refuse unknown fields by name, answers list every field they hold, so neither a stored key
nor a per-task outcome can slip out by growing a model. Example: ``EndpointAnswer`` has
``key_stored`` and no ``api_key``.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from rest_framework import serializers

from benchserver.portal.endpoints import (
    KEY_PATTERN,
    KEY_RULE,
    LOGIN_RULE,
    MAX_CONCURRENCY,
    MAX_PRICE,
    MAX_RPS,
    has_login,
)
from benchserver.providers.models import AdmissionReport, Endpoint
from benchserver.providers.tokens import SCOPES


class Closed(serializers.Serializer[Any]):
    """A serializer whose schema says ``additionalProperties: false`` and means it."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            known = {name for name, field in self.fields.items() if not field.read_only}
            unknown = sorted(set(data) - known)[:20]
            if unknown:
                raise serializers.ValidationError(
                    {name[:80]: ["there is no such field to write"] for name in unknown}
                )
        return super().to_internal_value(data)


class Nothing(Closed):
    """A body without fields."""


class Problem(Closed):
    """RFC 9457 problem details."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField(help_text="stable; meant for programs")
    detail = serializers.CharField()
    mend = serializers.CharField(help_text="what to do about it, one sentence")
    errors = serializers.DictField(  # type: ignore[assignment]
        child=serializers.ListField(child=serializers.CharField())
    )


# --- models -------------------------------------------------------------------------------------
class ModelRequest(Closed):
    slug = serializers.SlugField(max_length=80)
    version = serializers.CharField(max_length=40, allow_blank=True, default="")
    declared_cutoff = serializers.DateField(
        allow_null=True, default=None, help_text="last day of the training data, as you declare it"
    )
    open = serializers.BooleanField(default=False, help_text="whether the weights are published")


class ModelAnswer(Closed):
    slug = serializers.CharField(help_text="what endpoints name as model_slug")
    name = serializers.CharField()
    version = serializers.CharField()
    declared_cutoff = serializers.DateField(allow_null=True)
    open = serializers.BooleanField()
    created_at = serializers.DateTimeField()


# --- endpoints ----------------------------------------------------------------------------------
class ApiKey(serializers.RegexField):
    """Write-only; its messages never repeat what was sent."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            KEY_PATTERN,
            write_only=True,
            max_length=4096,
            error_messages={"invalid": KEY_RULE},
            help_text="write-only: sealed at once, never shown again",
            **kwargs,
        )


class EndpointFields(Closed):
    """The fields that POST and PATCH share."""

    name = serializers.CharField(max_length=80)
    protocol = serializers.CharField(max_length=40, help_text="the wire protocol it speaks")
    options = serializers.JSONField(
        required=False, help_text='the protocol\'s own options, such as {"stream": true}'
    )
    base_url = serializers.CharField(max_length=2048)
    model = serializers.CharField(max_length=200, help_text="the model's name on the wire")
    api_key = ApiKey(required=False)
    price_in = serializers.IntegerField(
        min_value=0,
        max_value=MAX_PRICE,
        allow_null=True,
        required=False,
        help_text="micro-USD per million prompt tokens",
    )
    price_out = serializers.IntegerField(
        min_value=0,
        max_value=MAX_PRICE,
        allow_null=True,
        required=False,
        help_text="micro-USD per million answer tokens",
    )
    max_concurrency = serializers.IntegerField(
        min_value=1, max_value=MAX_CONCURRENCY, required=False, help_text="calls at a time"
    )
    max_rps = serializers.DecimalField(
        max_digits=8,
        decimal_places=2,
        min_value=Decimal("0.01"),
        max_value=MAX_RPS,
        allow_null=True,
        required=False,
        coerce_to_string=False,
        help_text="calls started per second",
    )

    def validate_base_url(self, value: str) -> str:
        if has_login(value):
            raise serializers.ValidationError(LOGIN_RULE)
        return value


class EndpointRequest(EndpointFields):
    model_slug = serializers.CharField(max_length=130)


class EndpointChange(EndpointFields):
    state = serializers.ChoiceField(
        choices=(Endpoint.State.ACTIVE.value, Endpoint.State.PAUSED.value),
        help_text="a paused endpoint is sent nothing; any change activates it unless this says "
        "paused",
    )


class EndpointAnswer(Closed):
    id = serializers.CharField(source="slug")
    name = serializers.CharField()
    model_slug = serializers.CharField(source="model.slug")
    protocol = serializers.CharField()
    options = serializers.JSONField(help_text="the protocol's own options; {} for none")
    base_url = serializers.CharField()
    model = serializers.CharField(source="wire_model")
    key_stored = serializers.SerializerMethodField()
    price_in = serializers.IntegerField(allow_null=True)
    price_out = serializers.IntegerField(allow_null=True)
    max_concurrency = serializers.IntegerField()
    max_rps = serializers.FloatField(allow_null=True)
    state = serializers.CharField()
    pause_reason = serializers.CharField(help_text="why it is paused; empty when active")
    created_at = serializers.DateTimeField()

    def get_key_stored(self, endpoint: Endpoint) -> bool:
        return bool(endpoint.key_data_key)


class FindingAnswer(Closed):
    """What one check found: our words and figures, nothing the endpoint wrote."""

    check = serializers.CharField()
    asks = serializers.CharField(help_text="the question in words")
    level = serializers.ChoiceField(choices=("ok", "warning", "fault"))
    code = serializers.CharField(help_text="stable; meant for programs")
    says = serializers.CharField()
    cause = serializers.CharField(allow_blank=True)
    mend = serializers.CharField(allow_blank=True)
    figures = serializers.DictField(child=serializers.JSONField(allow_null=True))


class Proposal(Closed):
    """Limits that would spare refusals; never above your own, absent where yours are fine."""

    max_concurrency = serializers.IntegerField(required=False)
    max_rps = serializers.FloatField(required=False)


class AdmissionAnswer(Closed):
    """One visit to an endpoint with public questions."""

    endpoint = serializers.CharField()
    state = serializers.ChoiceField(choices=AdmissionReport.State.values)
    says = serializers.CharField(help_text="the result in one sentence")
    cause = serializers.CharField(help_text="why the visit was asked for")
    asked_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    requests = serializers.IntegerField(help_text="requests made to the endpoint")
    findings = FindingAnswer(many=True)
    proposal = Proposal()


# --- evaluations --------------------------------------------------------------------------------
class BudgetLimits(Closed):
    """What an evaluation may spend; a limit left out or null is none."""

    max_requests = serializers.IntegerField(
        min_value=1, max_value=2**53, required=False, allow_null=True, help_text="never exceeded"
    )
    max_tokens = serializers.IntegerField(
        min_value=1, max_value=2**53, required=False, allow_null=True, help_text="in and out"
    )
    max_micro_usd = serializers.IntegerField(
        min_value=1, max_value=2**53, required=False, allow_null=True, help_text="by your prices"
    )


class EvaluationRequest(Closed):
    endpoint = serializers.CharField(max_length=24, help_text="the endpoint's id")
    track = serializers.CharField(max_length=80, help_text="the track's slug")
    budget = BudgetLimits(required=False, allow_null=True)


class ResumeRequest(Closed):
    budget = BudgetLimits(required=False, allow_null=True)


class Progress(Closed):
    total = serializers.IntegerField(help_text="attempts: tasks times samples")
    sent = serializers.IntegerField()
    judged = serializers.IntegerField()
    faults = serializers.IntegerField(help_text="ended without a verdict; never scored")


class Cost(Closed):
    micro_usd = serializers.IntegerField(
        allow_null=True, help_text="at the endpoint's prices when it began; null without prices"
    )
    tokens_in = serializers.IntegerField()
    tokens_out = serializers.IntegerField()


class EvaluationRow(Closed):
    """An evaluation in a list."""

    id = serializers.CharField(source="slug")
    state = serializers.CharField()
    model = serializers.CharField(source="model.slug")
    endpoint = serializers.CharField(source="endpoint.slug")
    track = serializers.CharField(source="track.slug")
    rotation = serializers.CharField(source="rotation.slug")
    created_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


# --- tokens, events, usage ----------------------------------------------------------------------
class TokenRequest(Closed):
    name = serializers.CharField(max_length=80)
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=SCOPES), min_length=1, max_length=len(SCOPES)
    )


class TokenAnswer(Closed):
    id = serializers.CharField(source="prefix")
    name = serializers.CharField()
    scopes = serializers.ListField(child=serializers.CharField())
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    revoked_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(allow_null=True)


class NewToken(TokenAnswer):
    token = serializers.CharField(help_text="shown this once")


class RotationUsage(Closed):
    """What one rotation has taken so far."""

    rotation = serializers.CharField()
    evaluations = serializers.IntegerField()
    exposures_reserved = serializers.IntegerField(help_text="tasks set aside for your group")
    exposures_final = serializers.IntegerField(help_text="tasks that were really sent")
    sends = serializers.IntegerField()
    tokens_in = serializers.IntegerField()
    tokens_out = serializers.IntegerField()
    cost_micro_usd = serializers.IntegerField()


class Usage(Closed):
    owner_group = serializers.CharField(help_text="all its providers are counted together")
    rotations = RotationUsage(many=True)


class EventAnswer(Closed):
    id = serializers.IntegerField()
    at = serializers.DateTimeField()
    actor = serializers.CharField()
    verb = serializers.CharField()
    target = serializers.CharField()
    facts = serializers.JSONField(help_text="ids, counts and codes")


# --- results ------------------------------------------------------------------------------------
class Cell(Closed):
    """Aggregates of one split, in 1/10,000 (e4). A number that may not leave is absent or null."""

    tasks = serializers.IntegerField(required=False, allow_null=True)
    samples = serializers.IntegerField(required=False, allow_null=True)
    passed = serializers.IntegerField(required=False, allow_null=True)
    missing = serializers.IntegerField(required=False, allow_null=True)
    score_e4 = serializers.IntegerField(required=False, allow_null=True)
    se_e4 = serializers.IntegerField(required=False, allow_null=True)
    low_e4 = serializers.IntegerField(required=False, allow_null=True)
    high_e4 = serializers.IntegerField(required=False, allow_null=True)
    bound = serializers.CharField(
        required=False, allow_null=True, help_text="set where the score is only a bound"
    )


class Gap(Closed):
    """Public minus private, in 1/10,000, with its 95 % interval."""

    diff_e4 = serializers.IntegerField()
    low_e4 = serializers.IntegerField()
    high_e4 = serializers.IntegerField()


class PassAtK(Closed):
    """pass@k in 1/10,000 by k, per split. Near both ends of the hidden part only a bound."""

    private = serializers.DictField(child=serializers.IntegerField())
    bounds = serializers.DictField(
        child=serializers.CharField(), help_text="k: at_least or at_most, where private is a bound"
    )
    public = serializers.DictField(child=serializers.IntegerField())
    intervals = serializers.DictField(
        child=serializers.DictField(
            child=serializers.ListField(
                child=serializers.IntegerField(), min_length=2, max_length=2
            )
        ),
        required=False,
        help_text="split: k: both ends of the 95 % interval; none where there is only a bound",
    )


class FaultCounts(Closed):
    """Attempts that met a failing endpoint or platform on their way."""

    endpoint = serializers.IntegerField()
    platform = serializers.IntegerField()


class Result(Closed):
    private = Cell(allow_null=True, help_text="the hidden tasks: the headline")
    repeats = serializers.CharField(
        required=False,
        help_text="the earlier evaluation, of this or of an alike model, whose hidden numbers "
        "these are; empty: its own",
    )
    withheld = serializers.CharField(
        required=False,
        help_text="why the hidden numbers are not told, where they would give results away",
    )
    public = Cell(allow_null=True, help_text="the public control tasks")
    gap = Gap(allow_null=True, help_text="public minus private")
    pass_at_k = PassAtK(required=False)
    faults = FaultCounts(required=False)
    estimators = serializers.DictField(
        child=serializers.CharField(),
        required=False,
        help_text="which method, in which version, made each number: path to id@version",
    )


class EvaluationAnswer(Closed):
    """One evaluation with what is happening to it; never anything per task."""

    id = serializers.CharField()
    state = serializers.CharField()
    reason = serializers.CharField(help_text="what happens, why, since when and what is next")
    progress = Progress()
    fault_codes = serializers.DictField(child=serializers.IntegerField())
    paused_by = serializers.ChoiceField(
        choices=["", "provider", "operator"], help_text="who holds it back, empty when nobody does"
    )
    queue_position = serializers.IntegerField(allow_null=True)
    expected_start = serializers.DateTimeField(allow_null=True)
    expected_end = serializers.DateTimeField(allow_null=True)
    cost = Cost()
    model = serializers.CharField()
    endpoint = serializers.CharField()
    track = serializers.CharField()
    rotation = serializers.CharField()
    created_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    identity = serializers.CharField(help_text="whether the endpoint changed meanwhile, in words")
    result = Result(allow_null=True, help_text="aggregates, only when complete")


class EvidenceReply(Closed):
    text = serializers.CharField(max_length=2000, help_text="published beside the mark")


class EvidenceAnswer(Closed):
    """What was found and what you answered; there only once you were asked."""

    state = serializers.CharField()
    grade = serializers.CharField(help_text="A, or BB: two independent strong hints")
    words = serializers.CharField(help_text="what was seen, in a sentence")
    reply_by = serializers.DateTimeField(
        help_text="nothing is published before you answer, or this"
    )
    reply = serializers.CharField(allow_blank=True)
    may_answer = serializers.BooleanField()
    decision = serializers.CharField(allow_blank=True)
