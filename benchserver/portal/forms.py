"""The forms of the provider's pages; the same limits as the API's serializers.

Prices are typed in US dollars per million tokens and kept in integer micro-USD (D20). Example: a
price of ``2.50`` becomes ``2500000``. A stored key is never put back into a form.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django import forms

from benchserver import wiring
from benchserver.pools.models import Track
from benchserver.portal.endpoints import (
    KEY_PATTERN,
    KEY_RULE,
    LOGIN_RULE,
    MAX_CONCURRENCY,
    MAX_PRICE,
    MAX_RPS,
    has_login,
)
from benchserver.providers import queries
from benchserver.providers.models import Endpoint, Provider
from benchserver.providers.tokens import SCOPES

MICRO = 10**6
SCOPE_TEXT = {
    "read": "read: see models, endpoints, evaluations, usage and events",
    "endpoints": "endpoints: create and change models and endpoints",
    "evaluations": "evaluations: start, cancel and resume",
    "tokens": "tokens: issue and revoke tokens",
}


class Plain(forms.Form):
    """A form whose labels carry no colon and whose faulty fields say so to screen readers."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["label_suffix"] = ""
        super().__init__(*args, **kwargs)

    def offer(self, name: str, choices: Iterable[tuple[str, str]]) -> None:
        """Fill a choice field."""
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = list(choices)


class ModelForm(Plain):
    slug = forms.SlugField(max_length=80, label="Name", help_text="Letters, digits and hyphens.")
    version = forms.CharField(
        max_length=40, required=False, help_text="Becomes part of the public name."
    )
    declared_cutoff = forms.DateField(
        required=False,
        label="Training data up to",
        help_text="The last day of the training data, as you declare it. Shown on the board.",
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    open = forms.BooleanField(required=False, label="The weights are published")


class Dollars(forms.DecimalField):
    """US dollars per million tokens, at most six decimals."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            min_value=0,
            max_value=Decimal(MAX_PRICE) / MICRO,
            decimal_places=6,
            required=False,
            **kwargs,
        )


def to_micro(dollars: Decimal | None) -> int | None:
    return None if dollars is None else int(dollars * MICRO)


def to_dollars(micro: int | None) -> Decimal | None:
    return None if micro is None else Decimal(micro) / MICRO


class EndpointForm(Plain):
    """Create (with ``model_slug``) or edit (without: an endpoint keeps its model)."""

    name = forms.CharField(max_length=80, help_text="Yours to choose; only you see it.")
    model_slug = forms.ChoiceField(label="Model")
    protocol = forms.ChoiceField(help_text="The wire protocol the endpoint speaks.")
    options = forms.JSONField(
        required=False,
        initial=dict,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        error_messages={"invalid": 'This is not JSON. Write {"name": value} or leave it empty.'},
        help_text='The protocol\'s own, as JSON: {"stream": true}. Not for secrets.',
    )
    base_url = forms.CharField(
        max_length=2048,
        label="Base URL",
        help_text="As far as the version, for example https://api.example.com/v1",
    )
    model = forms.CharField(max_length=200, label="Name on the wire")
    api_key = forms.CharField(
        required=False,
        max_length=4096,
        label="API key",
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )
    price_in = Dollars(label="Price of prompts", help_text="USD per million tokens.")
    price_out = Dollars(label="Price of answers", help_text="USD per million tokens.")
    max_concurrency = forms.IntegerField(
        min_value=1, max_value=MAX_CONCURRENCY, initial=4, label="Calls at a time"
    )
    max_rps = forms.DecimalField(
        min_value=Decimal("0.01"),
        max_value=MAX_RPS,
        decimal_places=2,
        required=False,
        label="Calls started per second",
        help_text="Without it, as many as the calls at a time allow.",
    )

    def __init__(self, *args: Any, provider: Provider, editing: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offer("protocol", ((name, name) for name in wiring.protocols()))
        if editing:
            del self.fields["model_slug"]
            self.fields[
                "api_key"
            ].help_text = (
                "Leave empty to keep the stored one. Another host drops it unless you give it anew."
            )
            return
        models = queries.models_of(provider)
        self.offer("model_slug", ((model.slug, model.slug) for model in models))
        self.fields["api_key"].help_text = "Sealed at once; nobody can read it back here."

    def clean_api_key(self) -> str:
        text: str = self.cleaned_data["api_key"]
        if text and not KEY_PATTERN.fullmatch(text):
            raise forms.ValidationError(KEY_RULE)
        return text

    def clean_base_url(self) -> str:
        url: str = self.cleaned_data["base_url"]
        if has_login(url):
            raise forms.ValidationError(LOGIN_RULE)
        return url

    def wire_fields(self) -> dict[str, Any]:
        """The cleaned fields as the API would hand them on."""
        fields = dict(self.cleaned_data)
        fields["options"] = {} if fields["options"] is None else fields["options"]
        fields["price_in"] = to_micro(fields["price_in"])
        fields["price_out"] = to_micro(fields["price_out"])
        if not fields["api_key"]:
            del fields["api_key"]
        return fields


def endpoint_values(endpoint: Endpoint) -> dict[str, Any]:
    """What an edit form starts with; never the key."""
    return {
        "name": endpoint.name,
        "protocol": endpoint.protocol,
        "options": endpoint.options,
        "base_url": endpoint.base_url,
        "model": endpoint.wire_model,
        "price_in": to_dollars(endpoint.price_in),
        "price_out": to_dollars(endpoint.price_out),
        "max_concurrency": endpoint.max_concurrency,
        "max_rps": endpoint.max_rps,
    }


class EvaluationForm(Plain):
    endpoint = forms.ChoiceField()
    track = forms.ChoiceField()

    def __init__(self, *args: Any, provider: Provider, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ready = (Endpoint.State.ACTIVE, Endpoint.State.AWAITING)
        found = queries.live_endpoints(provider).filter(state__in=ready)
        self.offer("endpoint", ((e.slug, f"{e.name} ({e.model.slug})") for e in found))
        self.offer("track", ((t.slug, t.name) for t in Track.objects.order_by("name")))


class TokenForm(Plain):
    name = forms.CharField(max_length=80, help_text="Where you will use it.")
    scopes = forms.MultipleChoiceField(
        choices=[(scope, SCOPE_TEXT[scope]) for scope in SCOPES],
        widget=forms.CheckboxSelectMultiple,
        label="It may",
    )
