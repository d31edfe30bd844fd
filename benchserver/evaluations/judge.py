"""One attempt's judging: open reply and tests, run the code in a sandbox, store the one verdict.

Judging is a pure function of (reply, task version, sandbox), so doing it again is harmless: a death
half way costs time, never a second send. Example: a reply without code is ``no_code`` and no
sandbox is started. Only this verb and intake reach the sandbox; neither reaches the network.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from benchserver.core.engine import work
from benchserver.core.engine.policy import EnginePolicy
from benchserver.core.errors import PlatformFault
from benchserver.core.extraction import classify, extract
from benchserver.core.task import TaskSpec
from benchserver.core.verdict import Judgement
from benchserver.engines.vault.base import Opener, WrappedKey
from benchserver.evaluations import opened, opinions, salting, traces
from benchserver.evaluations.generate import engine, reply_context
from benchserver.evaluations.models import Reply
from benchserver.pools import unseal
from benchserver.pools.models import TaskVersion

logger = logging.getLogger(__name__)

# A judge bound to a sandbox. Raises PlatformFault when we failed.
Judging = Callable[[TaskSpec, str], Judgement]
_LONGEST_JUDGING = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class Engines:
    judging: Judging
    opener: Opener
    policy: EnginePolicy
    mac_key: bytes = b""  # of salts and of what wrong answers are recognised by


def judge_attempt(*, attempt_id: UUID, worker: str, engines: Engines) -> UUID | None:
    """Judge one stored reply; returns its evaluation's id, or None when there is nothing to do."""
    errand = work.judgement(
        engine(engines.policy),
        attempt_id=attempt_id,
        worker=worker,
        hold_seconds=_LONGEST_JUDGING,
    )
    seen: list[UUID] = []

    def judged(_: work.Effect) -> work.Judged:
        found = opened.for_judging(attempt_id)
        seen.append(found.attempt.evaluation_id)
        return _judged(found, worker, engines)

    work.drive(errand, judged)
    if not seen and opinions.is_suspended(worker):  # then there was nothing for it to take
        logger.error("this machine is taken out and judges nothing until an admin lets it back")
    return seen[0] if seen else None


def _judged(found: opened.Opened, worker: str, engines: Engines) -> work.Judged:
    attempt = found.attempt
    task, seen = _seen(found, worker, engines)
    judgement = seen.judgement
    share = engines.policy.double_judging_share if judgement.isolation else 0
    trace = traces.trace(attempt, task, seen, key=engines.mac_key)

    def also() -> None:
        # without isolation no sandbox had a say
        opinions.ask_sometimes(attempt, worker=worker, share=share)
        if trace is not None:
            traces.keep(trace)

    return work.Judged(judgement, also=also)


def judgement_of(attempt_id: UUID, worker: str, engines: Engines) -> Judgement:
    """What this machine makes of a stored reply. Raises ``PlatformFault``."""
    return _seen(opened.for_judging(attempt_id), worker, engines)[1].judgement


def _seen(found: opened.Opened, worker: str, engines: Engines) -> tuple[TaskSpec, traces.Seen]:
    """The task as it is sealed, and what its reply held and came to."""
    attempt = found.attempt
    task = unseal.task(version=attempt.entry.version, opener=engines.opener, by=worker)
    asked = task  # as its recipient got it
    if salting.is_salted(task):
        salt = salting.own_salt(attempt.evaluation, attempt.entry.version, key=engines.mac_key)
        asked = salting.salted_task(task, salt)
    text = _open_reply(attempt.reply, found.key, engines.opener)
    code, judgement = _judgement(text, asked, attempt.reply.stop_reason, engines)
    return task, traces.Seen(text=text, code=code, judgement=judgement)


def _judgement(
    text: str, task: TaskSpec, stop_reason: str, engines: Engines
) -> tuple[str, Judgement]:
    """The code in a reply and its judgement; no code, no sandbox."""
    found = extract(
        text,
        language=task.language,
        prompt_code=task.prompt_code,
        entry_point=task.entry_point,
        shape=task.shape,
        solution_files=task.solution_files,
    )
    verdict = classify(found, stop_reason=stop_reason)
    if verdict is not None:
        return "", Judgement(verdict=verdict, detail=f"extraction: {found.how}")
    return found.code, engines.judging(task, found.code)


def reference_passes(
    version: TaskVersion, *, runs: int, worker: str, engines: Engines
) -> list[bool]:
    """Whether a task's own reference passed, per run; a fault of ours is no run."""
    task = unseal.task(version=version, opener=engines.opener, by=worker)
    passes = []
    for _ in range(runs):
        with suppress(PlatformFault):
            passes.append(engines.judging(task, task.reference).passed)
    return passes


def _open_reply(reply: Reply, key: WrappedKey, opener: Opener) -> str:
    return opener.open(key, reply_context(reply.attempt_id), bytes(reply.sealed)).decode()
