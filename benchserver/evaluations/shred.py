"""Destroying content for good by deleting its data key: a task version, a key, a reply, a provider.

A sealed field whose wrapped data key is gone opens for nobody, in the database or in any copy of
it that lacks the key rows. Facts without content (verdicts, sends, exposures, commitments) stay,
and the answer says what stays and why. Example: ``shred(task_version("ta_1", None), ...)`` deletes
the keys of its prompt, of its tests with reference and salt, and of every reply to it. What is
still being worked on is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from benchserver.audit.keys import shred_many
from benchserver.audit.record import record
from benchserver.core.errors import BadInput, NotAllowed
from benchserver.core.lifecycle import ENDED, EvaluationState, OpinionState, RotationState
from benchserver.core.task import Split
from benchserver.evaluations.models import Attempt, Reply, SecondOpinion
from benchserver.pools.models import FormEntry, Rotation, Task, TaskVersion
from benchserver.providers.models import Endpoint, Provider
from benchserver.providers.register import drop_key, pause_endpoint

_OPEN_OPINIONS = (OpinionState.WAITING, OpinionState.DISPUTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Something that shredding does not reach. ``why`` is a sentence for the operator."""

    what: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What would be lost. ``keys``: (kind of content, id of its data key)."""

    kind: str
    name: str
    keys: Sequence[tuple[str, str]]
    kept: Sequence[Kept]
    provider: str = ""
    endpoints: Sequence[Endpoint] = ()
    task: Task | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shredded:
    """``destroyed``: kind of content -> data keys deleted; ``already``: gone before."""

    destroyed: dict[str, int]
    already: int


@transaction.atomic
def shred(target: Target, *, by: str) -> Shredded:
    """Delete the target's data keys and say so in the audit trail. Call in the transaction in which
    the target was found. Nothing brings the content back."""
    destroyed: dict[str, int] = {}
    for kind in dict(target.keys):
        ids = [key for name, key in target.keys if name == kind]
        destroyed[kind] = shred_many(ids)
    for endpoint in target.endpoints:
        drop_key(endpoint=endpoint)
        endpoint.save(update_fields=("key_data_key", "key_sealed"))
        pause_endpoint(endpoint_id=endpoint.pk, reason="key_shredded", by=by)
    if target.task is not None and target.task.retired_at is None:
        target.task.retired_at, target.task.retire_reason = Now(), "shredded"
        target.task.save(update_fields=("retired_at", "retire_reason"))
    gone = sum(destroyed.values())
    verb = f"{target.kind}.shredded"
    record(verb, by=by, target=target.name, provider=target.provider, data_keys=gone)
    return Shredded(destroyed=destroyed, already=len(target.keys) - gone)


# --- what can be shredded -------------------------------------------------------------------------


def task_version(slug: str, number: int | None) -> Target:
    """A version of a task, the newest by default, with all replies to it.

    Raises ``NotAllowed`` while a rotation or an attempt needs it, ``BadInput`` when unknown.
    """
    task = Task.objects.select_for_update().filter(slug=slug).first()
    if task is None:
        raise BadInput(f"no task {slug!r}", place="task", mend="Look for its name in /admin/")
    versions = task.versions.order_by("-number")
    version = (versions.filter(number=number) if number else versions).first()
    if version is None:
        raise BadInput(f"task {slug} has no version {number}", place="--number")
    _refuse_in_rotation(version)
    attempts = Attempt.objects.filter(entry__version=version)
    _refuse_unfinished(attempts)
    newest = version == versions.first()
    return Target(
        kind="task",
        name=f"{slug} v{version.number}",
        keys=[
            ("prompt", version.prompt_data_key),
            ("tests, reference and salt", version.task_data_key),
            *_replies(attempts),
        ],
        kept=list(_kept_of_version(version)),
        task=task if newest else None,
    )


def reply(attempt: UUID) -> Target:
    """The reply of one attempt. Raises ``NotAllowed`` before it is judged, ``BadInput``."""
    attempts = Attempt.objects.filter(pk=attempt)
    keys = _replies(attempts)
    if not keys:
        raise BadInput("no reply is stored for it", place="attempt")
    _refuse_unfinished(attempts)
    slug = attempts.values_list("evaluation__provider__slug", flat=True).get()
    return Target(kind="reply", name=str(attempt), keys=keys, kept=[_VERDICTS], provider=slug)


def endpoint_key(slug: str) -> Target:
    """The stored key of an endpoint, which is paused by it. Raises ``BadInput``."""
    found = Endpoint.objects.select_for_update(of=("self",)).select_related("provider")
    endpoint = found.filter(slug=slug).first()
    if endpoint is None:
        raise BadInput(f"no endpoint {slug!r}", place="endpoint")
    if not endpoint.key_data_key:
        raise NotAllowed(f"endpoint {slug} has no stored key", code="nothing_to_shred")
    return Target(
        kind="endpoint_key",
        name=slug,
        keys=[("API key", endpoint.key_data_key)],
        kept=[Kept(what="the key itself", why="the provider who issued it must revoke it there")],
        provider=endpoint.provider.slug,
        endpoints=[endpoint],
    )


def provider(slug: str) -> Target:
    """Keys and replies of a provider. Raises ``NotAllowed`` while it evaluates, ``BadInput``."""
    found = Provider.objects.filter(slug=slug).first()
    if found is None:
        raise BadInput(f"no provider {slug!r}", place="provider")
    if found.evaluations.filter(state=EvaluationState.RUNNING).exists():
        mend = "Cancel it, or wait for its end"
        raise NotAllowed(f"an evaluation of {slug} is running", code="still_needed", mend=mend)
    attempts = Attempt.objects.filter(evaluation__provider=found)
    _refuse_unfinished(attempts)
    endpoints = list(found.endpoints.select_for_update().exclude(key_data_key=""))
    return Target(
        kind="provider",
        name=slug,
        keys=[*(("API key", each.key_data_key) for each in endpoints), *_replies(attempts)],
        kept=_KEPT_OF_PROVIDER,
        provider=slug,
        endpoints=endpoints,
    )


def _replies(attempts: QuerySet[Attempt]) -> list[tuple[str, str]]:
    rows = Reply.objects.filter(attempt__in=attempts).values_list("data_key", flat=True)
    return [("reply", key) for key in rows]


# --- what is refused, and what stays --------------------------------------------------------------


def _refuse_in_rotation(version: TaskVersion) -> None:
    entries = FormEntry.objects.filter(version=version, form__rotation__state=RotationState.OPEN)
    planned = Rotation.objects.filter(
        pool=version.task.pool,
        state=RotationState.PLANNED,
        plan__versions__contains=[str(version.pk)],
    )
    if entries.exists() or planned.exists():
        mend = "Wait until the rotation has closed, or abandon the plan"
        raise NotAllowed("an open or planned rotation asks it", code="still_needed", mend=mend)


def _refuse_unfinished(attempts: QuerySet[Attempt]) -> None:
    if attempts.exclude(state__in=ENDED).exists():
        mend = "Wait until they have ended, or cancel their evaluation"
        raise NotAllowed("attempts at it are not ended", code="still_needed", mend=mend)
    if SecondOpinion.objects.filter(attempt__in=attempts, state__in=_OPEN_OPINIONS).exists():
        mend = "Wait until the other machine has judged"
        raise NotAllowed("a second opinion on it is due", code="still_needed", mend=mend)


_VERDICTS = Kept(
    what="verdicts, sends, exposures and scores",
    why="they hold no content, and published scores are recounted from them",
)
_KEPT_OF_PROVIDER = [
    Kept(what="names, e-mail addresses, URLs", why="plain fields, not sealed: see /admin/"),
    Kept(
        what="salts of published outcomes",
        why="without them nobody could prove that a published score was counted rightly",
    ),
    _VERDICTS,
]


def _kept_of_version(version: TaskVersion) -> Iterator[Kept]:
    yield Kept(
        what="its commitment",
        why="it is in the public log for ever; without the salt nobody can guess from it, "
        "nor prove what was asked",
    )
    if version.task.split == Split.PUBLIC:
        yield Kept(what="its published copy", why="public tasks are on the site and elsewhere")
    yield Kept(what="what providers were sent", why="it left with the first send to each of them")
    yield _VERDICTS
