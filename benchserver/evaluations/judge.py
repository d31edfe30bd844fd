"""One attempt's judging: open reply and tests, run the code in a sandbox, store the one verdict.

Judging is a pure function of (reply, task version, sandbox), so doing it again is harmless: a death
half way costs time, never a second send. Example: a reply without code is ``no_code`` and no
sandbox is started. Only this verb and intake reach the sandbox; neither reaches the network.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from benchserver.audit.keys import fetch
from benchserver.core.errors import PlatformFault
from benchserver.core.extraction import classify, extract
from benchserver.core.lifecycle import AttemptState
from benchserver.core.task import TaskSpec
from benchserver.core.verdict import FaultKind, Judgement
from benchserver.engines.vault.base import Opener
from benchserver.evaluations import opinions, settle
from benchserver.evaluations.claim import Claim, claim_judging, held
from benchserver.evaluations.generate import reply_context
from benchserver.evaluations.models import Attempt, Reply
from benchserver.evaluations.policy import JUDGE_TRIES_MAX, EnginePolicy
from benchserver.pools import unseal

logger = logging.getLogger(__name__)

# A judge bound to a sandbox. Raises PlatformFault when we failed.
Judging = Callable[[TaskSpec, str], Judgement]
_LONGEST_JUDGING = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class Engines:
    judging: Judging
    opener: Opener
    policy: EnginePolicy


def judge_attempt(*, attempt_id: UUID, worker: str, engines: Engines) -> UUID | None:
    """Judge one stored reply; returns its evaluation's id, or None when there is nothing to do."""
    if opinions.is_suspended(worker):
        logger.error("this machine is taken out and judges nothing until an admin lets it back")
        return None
    claim = claim_judging(
        attempt_id=attempt_id,
        worker=worker,
        lease_seconds=engines.policy.lease_seconds,
        hold_seconds=_LONGEST_JUDGING,
    )
    if claim is None:
        return None
    attempt = Attempt.objects.select_related("entry__version", "reply").get(pk=attempt_id)
    try:
        judgement = judgement_of(attempt, worker, engines)
    except PlatformFault as problem:
        settle_broken(claim=claim, code=problem.code)
    else:
        share = engines.policy.double_judging_share
        settle_verdict(claim=claim, judgement=judgement, double_judging_share=share)
    return attempt.evaluation_id


def judgement_of(attempt: Attempt, worker: str, engines: Engines) -> Judgement:
    """What this machine makes of a stored reply. Raises ``PlatformFault``."""
    task = unseal.task(version=attempt.entry.version, opener=engines.opener, by=worker)
    text = _open_reply(attempt.reply, engines.opener)
    found = extract(
        text,
        language=task.language,
        prompt_code=task.prompt_code,
        entry_point=task.entry_point,
        shape=task.shape,
        solution_files=task.solution_files,
    )
    verdict = classify(found, stop_reason=attempt.reply.stop_reason)
    if verdict is not None:
        return Judgement(verdict=verdict, detail=f"extraction: {found.how}")
    return engines.judging(task, found.code)


def _open_reply(reply: Reply, opener: Opener) -> str:
    key = fetch(reply.data_key)
    return opener.open(key, reply_context(reply.attempt_id), bytes(reply.sealed)).decode()


@transaction.atomic
def settle_verdict(*, claim: Claim, judgement: Judgement, double_judging_share: int = 0) -> bool:
    """Store the verdict; False when the claim was lost (the other worker's verdict stands)."""
    attempt = held(claim, state=AttemptState.JUDGING)
    if attempt is None:
        return False
    settle.judged(attempt, judgement)
    if judgement.isolation:  # a sandbox had a say
        opinions.ask_sometimes(attempt, worker=claim.worker, share=double_judging_share)
    return True


@transaction.atomic
def settle_broken(*, claim: Claim, code: str) -> None:
    """Judging broke on our side: again after a pause, at last a platform fault; never a zero."""
    attempt = held(claim, state=AttemptState.JUDGING)
    if attempt is not None:
        broken(attempt, code=code)


def broken(attempt: Attempt, *, code: str) -> None:
    """The same for an attempt the caller holds locked (a dead worker's, found by reconcile)."""
    attempt.judge_tries += 1
    if attempt.judge_tries >= JUDGE_TRIES_MAX:
        settle.fault(attempt, kind=FaultKind.PLATFORM, code=code)
        return
    settle.move(attempt, AttemptState.GENERATED, reason=code, delay=2.0 * attempt.judge_tries)
    settle.wake("judge", attempt.pk)
