"""What one reply has of what it should not know: looked at where it is open, kept as figures.

Only hidden tasks are traced: a public reference may be known to anybody. Example: a reply that is
the reference with other names leaves ``containment_e4`` 10000 and a run of its whole length; its
text stays sealed.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass

from benchserver.audit.prepared import run
from benchserver.core.payload import to_payload
from benchserver.core.task import Split, TaskSpec
from benchserver.core.verdict import Judgement
from benchserver.evaluations import salting, statements
from benchserver.evaluations.models import Attempt, ReplyTrace
from benchserver.measurement.contamination import salts
from benchserver.measurement.contamination.winnowing import leaked_literals, overlap
from benchserver.measurement.similarity import code_tokens

_COLUMNS = ("attempt_id", "containment_e4", "run", "salts", "literals", "failure_mac")
LONGEST = 60_000  # characters of a reply that are looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A judged reply: its whole text, the code in it (empty if none) and what came of it."""

    text: str
    code: str
    judgement: Judgement

    def __repr__(self) -> str:
        return "<Seen>"


def trace(attempt: Attempt, task: TaskSpec, seen: Seen, *, key: bytes) -> ReplyTrace | None:
    """The figures of one reply, not saved yet; None for a public task.

    ``task``: as it is sealed, its marker of a salt still in it.
    """
    if attempt.entry.split == Split.PUBLIC:
        return None
    text, code = seen.text[:LONGEST], seen.code[:LONGEST]
    found = overlap(code, task.reference)
    return ReplyTrace(
        attempt=attempt,
        containment_e4=round(found.containment * 10_000),
        run=found.run,
        salts=_salts(attempt, task, text, key),
        literals=min(1000, leaked_literals(text, tests=_tests(task), shown=_shown(task))),
        failure_mac="" if seen.judgement.passed else _failure_mac(attempt, code, seen, key),
    )


def keep(trace: ReplyTrace) -> None:
    """Store it, in the transaction that stores the verdict."""
    run(statements.ADD_TRACE, [getattr(trace, name) for name in _COLUMNS])


def _salts(attempt: Attempt, task: TaskSpec, text: str, key: bytes) -> int:
    if not salting.is_salted(task):
        return 0
    evaluation, version = attempt.evaluation, attempt.entry.version
    own = salting.own_salt(evaluation, version, key=key)
    others = salting.foreign_salts(evaluation, version, key=key)
    return salts.foreign(text, own=own, others=others)


def _failure_mac(attempt: Attempt, code: str, seen: Seen, key: bytes) -> str:
    """Equal for equal wrong answers to one task, whatever their names: code and kind of end.

    Without code there is nothing to be alike in, and no key, no hash.
    """
    if not code or not key:
        return ""
    parts = (
        "failure",
        str(attempt.entry.version_id),
        seen.judgement.verdict.value,
        *code_tokens(code),
    )
    return hmac.new(key, "\x00".join(parts).encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def _tests(task: TaskSpec) -> str:
    return json.dumps(to_payload(task)["tests"], ensure_ascii=False)


def _shown(task: TaskSpec) -> str:
    return f"{task.statement}\n{task.prompt_code}"
