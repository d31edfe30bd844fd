"""Read-only questions about providers, their models and endpoints."""

from __future__ import annotations

from django.db.models import QuerySet

from benchserver.core.errors import BadInput
from benchserver.providers.models import AdmissionReport, Endpoint, Model, Provider


def live_endpoints(provider: Provider) -> QuerySet[Endpoint]:
    """All endpoints of a provider that are not deleted, newest first."""
    return (
        provider.endpoints.exclude(state=Endpoint.State.DELETED)
        .select_related("model", "provider")
        .order_by("-created_at")
    )


def models_of(provider: Provider) -> QuerySet[Model]:
    """The models of the provider's owner group, newest first."""
    return Model.objects.filter(owner_group=provider.owner_group).order_by("-created_at")


def model_by_slug(provider: Provider, slug: str) -> Model:
    """Raises ``BadInput`` when the group has no such model."""
    model = models_of(provider).filter(slug=slug).first()
    if model is None:
        raise BadInput(
            f"no model {slug!r}", place="model_slug", mend="Create it with POST models/ first."
        )
    return model


def last_report(endpoint: Endpoint) -> AdmissionReport | None:
    """The newest admission report, running or ended; dropped ones say nothing."""
    reports = endpoint.admissions.exclude(state=AdmissionReport.State.DROPPED)
    return reports.order_by("-asked_at").first()


def is_admitted(endpoint: Endpoint) -> bool:
    """Did the newest ended visit pass, and was it to what the endpoint reaches now?"""
    ended = (AdmissionReport.State.PASSED, AdmissionReport.State.FAILED)
    report = endpoint.admissions.filter(state__in=ended).order_by("-asked_at").first()
    return (
        report is not None
        and report.state == AdmissionReport.State.PASSED
        and report.endpoint_revision == endpoint.revision
        and report.key_revision == endpoint.key_revision
    )
