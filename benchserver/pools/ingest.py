"""Take examined tasks into a pool: sealed, versioned, committed to; unchanged ones are left alone.

Example: importing the same folder twice stores nothing the second time; a changed statement makes
version 2 of the same task. Names and content are remembered only as keyed hashes (MACs), because a
task's name in its source can give it away.
"""

from __future__ import annotations

import dataclasses
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from typing import Any

from django.db import transaction
from django.db.models import Max

from benchserver.audit.keys import keep
from benchserver.audit.record import record
from benchserver.core.errors import BadInput
from benchserver.core.ids import new_id, opaque
from benchserver.core.payload import to_payload
from benchserver.core.task import Split, TaskSpec, prompt_of
from benchserver.engines.vault.base import Opener, Right, Sealer
from benchserver.measurement.similarity import Document, document_of
from benchserver.pools import twins, unseal
from benchserver.pools.gauge import Gauge
from benchserver.pools.intake import Report
from benchserver.pools.models import Pool, Task, TaskVersion
from benchserver.pools.queries import newest_versions
from benchserver.pools.unseal import context
from benchserver.transparency.commitments import new_salt, task_commitment


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingested:
    """What became of one task: ``stored``, ``unchanged`` or ``refused`` (with the reason).
    ``advice``: what its author should still do."""

    source_id: str
    result: str
    reason: str = ""
    slug: str = ""
    advice: tuple[str, ...] = ()


def ingest(
    *,
    pool: Pool,
    tasks: Sequence[tuple[TaskSpec, Report]],
    sealer: Sealer,
    mac_key: bytes,
    by: str,
) -> list[Ingested]:
    """Store the good ones, one transaction each; a bad one is refused and changes nothing."""
    done = []
    for task, report in tasks:
        try:
            if not report.good:
                raise BadInput(report.first_fault())
            stored = _store(
                pool=pool, task=task, report=report, sealer=sealer, mac_key=mac_key, by=by
            )
        except BadInput as problem:
            stored = Ingested(source_id=task.source_id, result="refused", reason=str(problem))
        done.append(stored)
    return done


def already_stored(*, pool: Pool, task: TaskSpec, mac_key: bytes) -> bool:
    """Is exactly this content the newest version of its task? Then intake need not run again."""
    mac = _mac(mac_key, pool, "source", task.source_id)
    newest = TaskVersion.objects.filter(task__pool=pool, task__source_mac=mac).order_by("number")
    last = newest.last()
    return last is not None and last.content_mac == _content_mac(mac_key, pool, task)


def stored_documents(
    *, pool: Pool, besides: Sequence[TaskSpec], mac_key: bytes, opener: Opener, by: str
) -> list[Document]:
    """The pool's tasks in use that are neither among ``besides`` nor of their families, as the
    screen for near-duplicates reads them; keys are slugs. Every opening is audited.

    Raises ``CannotOpen`` where this process does not hold the execute right.
    """
    own = {_mac(mac_key, pool, "source", task.source_id) for task in besides}
    kin = {_mac(mac_key, pool, "family", task.family or task.source_id) for task in besides}
    others = newest_versions(pool).filter(task__retired_at=None).exclude(task__source_mac__in=own)
    found = []
    for version in others:
        if version.family_mac not in kin:
            task = unseal.task(version=version, opener=opener, by=by)
            found.append(replace(document_of(task), key=version.task.slug))
    return found


@transaction.atomic
def _store(
    *, pool: Pool, task: TaskSpec, report: Report, sealer: Sealer, mac_key: bytes, by: str
) -> Ingested:
    split = task.split or Split.PRIVATE
    row, _ = Task.objects.select_for_update().get_or_create(
        pool=pool,
        source_mac=_mac(mac_key, pool, "source", task.source_id),
        defaults={"slug": opaque("ta"), "split": split.value},
    )
    if row.split != split.value:
        reason = f"its split is {row.split} for life and cannot become {split.value}"
        return Ingested(source_id=task.source_id, result="refused", reason=reason)
    content_mac = _content_mac(mac_key, pool, task)
    if (
        row.versions.order_by("-number").values_list("content_mac", flat=True).first()
        == content_mac
    ):
        return Ingested(source_id=task.source_id, result="unchanged", slug=row.slug)
    version = _seal_version(row=row, task=task, report=report, sealer=sealer)
    version.content_mac = content_mac
    version.family_mac = _mac(mac_key, pool, "family", task.family or task.source_id)
    if task.twin_of:
        original = _original(pool=pool, task=task, mac_key=mac_key)
        version.twin_mac = original.task.source_mac
        version.family_mac = original.family_mac
    version.save(force_insert=True)
    record("task.stored", by=by, target=str(version.pk), pool=pool.slug, number=version.number)
    return Ingested(
        source_id=task.source_id, result="stored", slug=row.slug, advice=report.advice()
    )


def _original(*, pool: Pool, task: TaskSpec, mac_key: bytes) -> TaskVersion:
    """The newest version of the task that this one rewrites. Raises ``BadInput`` when the pool has
    none, or one that could not stand in a form with it."""
    mac = _mac(mac_key, pool, "source", task.twin_of)
    found = TaskVersion.objects.filter(task__pool=pool, task__source_mac=mac)
    original = found.select_related("task").order_by("number").last()
    if original is None:
        raise BadInput("its original is not in this pool", place="twin_of", mend="Bring it first.")
    own = task.family and _mac(mac_key, pool, "family", task.family) != original.family_mac
    flaw = "it names a family other than its original's" if own else ""
    if flaw := flaw or twins.misfit(twins.side(task), _side(original)):
        raise BadInput(flaw, place="twin_of")
    return original


def _side(version: TaskVersion) -> twins.Side:
    return twins.Side(
        split=version.task.split,
        judged=(version.shape, version.language, version.judging_class),
        rewrites=bool(version.twin_mac),
    )


def _seal_version(*, row: Task, task: TaskSpec, report: Report, sealer: Sealer) -> TaskVersion:
    """The immutable version with its sealed fields and its salted commitment; not saved yet."""
    last: int = row.versions.aggregate(last=Max("number"))["last"] or 0
    version = TaskVersion(
        id=new_id(),
        task=row,
        number=last + 1,
        shape=task.shape.value,
        language=task.language,
        judging_class=task.judging_class.value,
        topic=task.topic,
        difficulty=task.difficulty,
        written_on=_date(task.created),
        intake={
            **{gate.name: gate.figure for gate in report.gates},
            "reference_runs": report.reference_runs,
            **_counts(report.gauge),
        },
    )
    payload, salt = to_payload(task), new_salt()
    version.commitment = task_commitment(salt, payload).hex()
    prompt_at, task_at, salt_at = (context(version, f) for f in ("prompt", "task", "salt"))
    prompt_key, prompt_fields = sealer.seal(
        Right.GENERATE, {prompt_at: _json(dataclasses.asdict(prompt_of(task)))}
    )
    task_key, task_fields = sealer.seal(Right.EXECUTE, {task_at: _json(payload), salt_at: salt})
    version.prompt_data_key, version.prompt_sealed = keep(prompt_key), prompt_fields[prompt_at]
    version.task_data_key, version.task_sealed = keep(task_key), task_fields[task_at]
    version.salt_sealed = task_fields[salt_at]
    return version


def _counts(found: Gauge | None) -> dict[str, int]:
    """What is kept of the gauge beside its figure: counts, not which faults survive."""
    if found is None:
        return {}
    return {"faults_tried": found.tried - found.equivalent, "faults_noticed": found.killed}


def _mac(mac_key: bytes, pool: Pool, purpose: str, text: str) -> str:
    message = f"{purpose}\n{pool.pk}\n{text}".encode()
    return hmac.new(mac_key, message, sha256).hexdigest()


def _content_mac(mac_key: bytes, pool: Pool, task: TaskSpec) -> str:
    return _mac(mac_key, pool, "content", _json(to_payload(task)).decode())


def _json(data: Any) -> bytes:
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _date(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput(f"{text!r} is no date", place="created", mend="Write YYYY-MM-DD.") from None


def pool_named(slug: str) -> Pool:
    """Raises ``BadInput`` that lists the pools there are."""
    pool = Pool.objects.filter(slug=slug).first()
    if pool is None:
        known = ", ".join(Pool.objects.values_list("slug", flat=True)) or "none yet"
        raise BadInput(f"no pool {slug!r}", place="--pool", mend=f"There are: {known}.")
    return pool
