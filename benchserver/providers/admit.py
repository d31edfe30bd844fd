"""Admission: who asks for a visit, who makes it, what it changes.

A new or changed endpoint awaits a visit with harmless questions; only a passed one makes it
active, so no hidden task leaves before. Example: a nightly visit that finds the key revoked pauses
the endpoint with ``admission: unauthorized``; its evaluations wait, nothing is failed, and a later
visit that passes lets them go on.

The visit itself is made in a worker that may open keys, outside any transaction; its report is
written finding by finding, so a page can show it live.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Now

from benchserver.audit.keys import fetch
from benchserver.audit.record import record
from benchserver.core.errors import BadInput, NotAllowed, PlatformFault
from benchserver.engines.endpoints.admission.findings import Finding, Level
from benchserver.engines.endpoints.admission.probing import Circumstances, Heard, Probing
from benchserver.engines.endpoints.admission.run import admit, passed
from benchserver.engines.endpoints.base import EndpointClient, Target
from benchserver.engines.vault.base import CannotOpen, Opener, WrappedKey
from benchserver.providers.models import AdmissionReport, Endpoint
from benchserver.providers.register import key_context

LEASE_SECONDS = 75  # renewed by each finding; no question takes longer than the whole visit
VISIT_SECONDS = 55.0
TRIES_MAX = 3
VISITS_AN_HOUR = 20
NIGHTLY = timedelta(hours=24)
RETRY = timedelta(hours=1)  # an endpoint that a visit paused is looked at again this often
POSTPONED = timedelta(minutes=10)  # while an evaluation's calls leave no quiet moment
AGAIN = timedelta(minutes=5)  # after a visit that broke on our side
BAD_OPTIONS = "bad_options"
REASON = "admission: "  # how a pause by a visit begins

_State = AdmissionReport.State
_OPEN = (_State.ASKED, _State.RUNNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Engines:
    """What a visit needs from the composition root: a client (by protocol and options) that tells
    ``heard`` what the headers said, the right to open the key, what an evaluation would ask."""

    client: Callable[[str, Heard, Mapping[str, Any]], EndpointClient]
    opener: Opener
    circumstances: Callable[[Endpoint], Circumstances]


@transaction.atomic
def ask(*, endpoint: Endpoint, cause: str, by: str) -> AdmissionReport:
    """The open report of what the endpoint reaches now, made when there is none.

    ``cause``: ``new``, ``changed``, ``asked``, ``due``. Raises ``NotAllowed`` for a deleted one
    (``endpoint_not_active``) and for too many visits in an hour (``admission_too_often``).
    """
    endpoint = Endpoint.objects.select_for_update().get(pk=endpoint.pk)
    if endpoint.state == Endpoint.State.DELETED:
        raise NotAllowed(f"endpoint {endpoint.name} is deleted", code="endpoint_not_active")
    waiting = endpoint.admissions.filter(state__in=_OPEN)
    same = waiting.filter(
        endpoint_revision=endpoint.revision, key_revision=endpoint.key_revision
    ).first()
    if same is not None:
        return same
    _check_patience(endpoint)
    waiting.update(state=_State.DROPPED, ended_at=Now())
    report = AdmissionReport.objects.create(
        endpoint=endpoint,
        cause=cause,
        endpoint_revision=endpoint.revision,
        key_revision=endpoint.key_revision,
    )
    slug = endpoint.provider.slug
    record("endpoint.admission_asked", by=by, target=endpoint.slug, provider=slug, cause=cause)
    report.refresh_from_db()
    return report


def _check_patience(endpoint: Endpoint) -> None:
    """Every visit is some twenty requests to a stranger's server: not without end."""
    hour = endpoint.admissions.filter(asked_at__gt=Now() - Value(timedelta(hours=1)))
    if hour.count() >= VISITS_AN_HOUR:
        raise NotAllowed(
            f"endpoint {endpoint.name} was visited {VISITS_AN_HOUR} times in the last hour",
            code="admission_too_often",
            mend="Wait an hour; the last report stays readable.",
        )


def visit(*, endpoint_id: UUID, engines: Engines) -> AdmissionReport | None:
    """Make the endpoint's waiting visit; None when there is none or another worker makes it."""
    report = _claim(endpoint_id)
    if report is None:
        return None
    try:
        target = open_target(report.endpoint, engines.opener)
    except (PlatformFault, CannotOpen):
        _give_back(report)  # ours, not the endpoint's: another worker may hold the right
        return None
    try:
        probing = probing_of(report.endpoint, target, engines, row=report.pk, seconds=VISIT_SECONDS)
    except BadInput as wrong:
        findings = [_unusable(wrong)]
        return _settle(report, findings) if _note(report, findings, 0) else None
    findings = []
    for finding in admit(probing):
        findings.append(finding)
        if not _note(report, findings, probing.requests):
            return None
    return _settle(report, findings)


def _unusable(wrong: BadInput) -> Finding:
    """Its options were checked when they were stored; the rules have become stricter since."""
    return Finding(
        check="settings",
        level=Level.FAULT,
        code=BAD_OPTIONS,
        says=f"{wrong.place or 'options'}: {wrong.problem}.",
        cause="The rules for options have become stricter since they were stored.",
        mend=wrong.mend,
    )


def probing_of(
    endpoint: Endpoint, target: Target, engines: Engines, *, row: UUID, seconds: float
) -> Probing:
    """Public questions to the endpoint as it is set up; ``row`` accounts for its requests."""
    heard = Heard()
    options = options_of(endpoint)
    return Probing(
        engines.client(endpoint.protocol, heard, options),
        target,
        engines.circumstances(endpoint),
        key_of=lambda number: probe_key(row, number),
        heard=heard,
        seconds=seconds,
        streaming=_streaming(endpoint, heard, engines),
    )


def _streaming(endpoint: Endpoint, heard: Heard, engines: Engines) -> EndpointClient | None:
    options = {**options_of(endpoint), "stream": True}
    try:
        return engines.client(endpoint.protocol, heard, options)
    except BadInput:  # a provider's own mapping need not say what a stream looks like
        return None


def options_of(endpoint: Endpoint) -> Mapping[str, Any]:
    """What its provider says about it beside URL, model and key."""
    found: Mapping[str, Any] = endpoint.options
    return found


def open_target(
    endpoint: Endpoint, opener: Opener, *, data_key: Callable[[], WrappedKey] | None = None
) -> Target:
    """Address, model and opened key. Raises ``CannotOpen`` without the right to open it.

    ``data_key``: asked, if there is a key to open, by whoever has read it already.
    """
    key = ""
    if endpoint.key_sealed is not None:
        wrapped = data_key() if data_key else fetch(endpoint.key_data_key)
        key = opener.open(wrapped, key_context(endpoint), bytes(endpoint.key_sealed)).decode()
    return Target(base_url=endpoint.base_url, model=endpoint.wire_model, api_key=key)


def probe_key(report_id: UUID, number: int) -> str:
    """The idempotency key of a visit's n-th request: looks like an attempt's (a UUIDv7), so that
    it tells an endpoint nothing, and can be computed again to account for every line of its log."""
    digest = hashlib.sha256(f"{report_id}:{number}".encode()).digest()
    noise = int.from_bytes(digest[:10], "big")
    value = report_id.int >> 80 << 80 | 0x7 << 76 | (noise >> 62 & 0xFFF) << 64
    value |= 0b10 << 62 | noise & (2**62 - 1)
    return str(UUID(int=value))


@transaction.atomic
def _claim(endpoint_id: UUID) -> AdmissionReport | None:
    report = (
        AdmissionReport.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("endpoint__provider")
        .filter(_free(), endpoint=endpoint_id)
        .first()
    )
    if report is None:
        return None
    if report.tries >= TRIES_MAX or not _is_of_now(report, report.endpoint):
        AdmissionReport.objects.filter(pk=report.pk).update(state=_State.DROPPED, ended_at=Now())
        return None
    report.fence += 1
    AdmissionReport.objects.filter(pk=report.pk).update(
        state=_State.RUNNING,
        fence=report.fence,
        tries=F("tries") + 1,
        lease_until=Now() + Value(timedelta(seconds=LEASE_SECONDS)),
        started_at=Now(),
        findings=[],
    )
    return report


def _held(report: AdmissionReport) -> QuerySet[AdmissionReport]:
    return AdmissionReport.objects.filter(pk=report.pk, fence=report.fence, state=_State.RUNNING)


def _give_back(report: AdmissionReport) -> None:
    _held(report).update(state=_State.ASKED, lease_until=None)


def _note(report: AdmissionReport, findings: list[Finding], requests: int) -> bool:
    """Store what is known so far; False when the visit was taken over or dropped."""
    shown = [finding.to_json() for finding in findings]
    until = Now() + Value(timedelta(seconds=LEASE_SECONDS))
    kept = _held(report).update(findings=shown, requests=requests, lease_until=until)
    return kept == 1


@transaction.atomic
def _settle(report: AdmissionReport, findings: list[Finding]) -> AdmissionReport | None:
    """The report's end and the endpoint's new state, together."""
    endpoint = Endpoint.objects.select_for_update().get(pk=report.endpoint_id)
    if not _is_of_now(report, endpoint):
        _held(report).update(state=_State.DROPPED, ended_at=Now())
        return None
    good = passed(findings)
    ended = _held(report).update(state=_State.PASSED if good else _State.FAILED, ended_at=Now())
    if not ended:
        return None
    (_admitted if good else _refused)(endpoint, findings)
    report.refresh_from_db()
    return report


def _is_of_now(report: AdmissionReport, endpoint: Endpoint) -> bool:
    """Was the visit to what the endpoint reaches at this moment?"""
    return endpoint.state != Endpoint.State.DELETED and (
        (report.endpoint_revision, report.key_revision)
        == (endpoint.revision, endpoint.key_revision)
    )


def _admitted(endpoint: Endpoint, findings: list[Finding]) -> None:
    by_visit = endpoint.pause_reason.startswith(REASON)
    if endpoint.state == Endpoint.State.AWAITING or by_visit:
        endpoint.state, endpoint.pause_reason = Endpoint.State.ACTIVE, ""
        endpoint.save(update_fields=("state", "pause_reason"))
    warnings = sorted(f.code for f in findings if f.level is Level.WARNING)
    _tell("endpoint.admitted", endpoint, warnings)


def _refused(endpoint: Endpoint, findings: list[Finding]) -> None:
    """Paused, not failed: its evaluations wait and go on when a later visit passes."""
    faults = [f.code for f in findings if f.level is Level.FAULT]
    was_active = endpoint.state == Endpoint.State.ACTIVE
    if endpoint.state != Endpoint.State.PAUSED or endpoint.pause_reason.startswith(REASON):
        endpoint.state = Endpoint.State.PAUSED
        endpoint.pause_reason = (REASON + (faults[0] if faults else "no_time"))[:80]
        endpoint.save(update_fields=("state", "pause_reason"))
    _tell("endpoint.degraded" if was_active else "endpoint.not_admitted", endpoint, faults)


def _tell(verb: str, endpoint: Endpoint, codes: list[str]) -> None:
    slug = endpoint.provider.slug
    record(verb, by="admission", target=endpoint.slug, provider=slug, codes=codes)


def is_waiting(endpoint_id: UUID) -> bool:
    """Is a visit asked for, or left behind by a worker that died?"""
    return AdmissionReport.objects.filter(_free(), endpoint=endpoint_id).exists()


def postpone(endpoint_id: UUID) -> None:
    """No quiet moment was found: look again later, the evaluation goes on meanwhile."""
    later = Now() + Value(POSTPONED)
    asked = AdmissionReport.objects.filter(endpoint=endpoint_id, state=_State.ASKED)
    asked.update(lease_until=later)


@transaction.atomic
def to_wake() -> list[UUID]:
    """Endpoints whose visit is made by nobody now; each is named at most once a minute."""
    rested = Q(lease_until=None) | Q(lease_until__lt=Now())
    found = AdmissionReport.objects.filter(_free() & rested)
    rows = list(found.select_for_update(skip_locked=True)[:1000])
    asked = AdmissionReport.objects.filter(pk__in=[row.pk for row in rows], state=_State.ASKED)
    asked.update(lease_until=Now() + Value(timedelta(minutes=1)))
    return [row.endpoint_id for row in rows]


def _free() -> Q:
    return Q(state=_State.ASKED) | Q(state=_State.RUNNING, lease_until__lt=Now())


def due() -> list[Endpoint]:
    """Endpoints that want a visit nobody asked for: the nightly one, and those left waiting."""
    recent = AdmissionReport.objects.exclude(state=_State.DROPPED)
    day = recent.filter(asked_at__gt=Now() - Value(NIGHTLY)).values("endpoint")
    hour = recent.filter(asked_at__gt=Now() - Value(RETRY)).values("endpoint")
    states = Endpoint.State
    nightly = Q(state=states.ACTIVE) & ~Q(pk__in=day)
    paused = Q(state=states.PAUSED, pause_reason__startswith=REASON) & ~Q(pk__in=hour)
    just = AdmissionReport.objects.filter(asked_at__gt=Now() - Value(AGAIN)).values("endpoint")
    left = Q(state=states.AWAITING) & ~Q(pk__in=just) & ~Q(admissions__state__in=_OPEN)
    return list(Endpoint.objects.filter(nightly | paused | left).order_by("pk")[:1000])
