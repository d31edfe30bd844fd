"""Judge a judged attempt again, on a machine that has not: the verb behind second opinions.

The same pure function as the first judging, its result only compared. Example: a machine with a
broken memory bank says ``wrong_answer`` where two others say ``passed``, and is taken out.
"""

from __future__ import annotations

from uuid import UUID

from benchserver.core.errors import PlatformFault
from benchserver.evaluations import opinions
from benchserver.evaluations.judge import Engines, judgement_of


def recheck_attempt(*, attempt_id: UUID, worker: str, engines: Engines) -> bool:
    """Whether this machine judged; False when it is not its turn or there is nothing to do."""
    claimed = opinions.claim(attempt_id=attempt_id, worker=worker)
    if claimed is None:
        return False
    try:
        judgement = judgement_of(attempt_id, worker, engines)
    except PlatformFault as problem:
        opinions.broke(claimed=claimed, code=problem.code)
    else:
        opinions.give(claimed=claimed, worker=worker, verdict=judgement.verdict.value)
    return True
