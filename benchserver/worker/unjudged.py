"""A judging worker that does not judge: for measuring everything else at great size.

Only naming this module as the Celery application starts it (``measure pipeline`` does, in a home
it throws away); no setting leads here, and with ``PRODUCTION`` it refuses. Example:
``celery -A benchserver.worker.unjudged worker -Q execute``.
"""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings

from benchserver import wiring
from benchserver.core.errors import NotAllowed
from benchserver.core.task import TaskSpec
from benchserver.core.verdict import Judgement, Verdict
from benchserver.worker.app import app

__all__ = ["app"]


def no_judging() -> Callable[[TaskSpec, str], Judgement]:
    """In place of ``wiring.judging``: opens no sandbox and looks at nothing."""
    return lambda task, code: Judgement(verdict=Verdict.PASSED, detail="not judged: a measurement")


def _refuse_in_production() -> None:
    if settings.PRODUCTION:
        raise NotAllowed("a worker without judging exists for measurements", code="production")


_refuse_in_production()
setattr(wiring, "judging", no_judging)  # noqa: B010 - this process alone, and said by its verdicts
