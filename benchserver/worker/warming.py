"""A process that will judge judges something of ours first, before a reply waits for it.

Opening the sandbox means attacking it, and the programs in the boxes are compiled once per process:
half a second that would otherwise stand in every process's first judging. Example: a judging
worker starts with two processes, and both are warm when the first message comes. What breaks here
is left to the first judging, which says it to the one who waits.
"""

from __future__ import annotations

import logging
from typing import Any

from celery.signals import worker_process_init

from benchserver import wiring
from benchserver.core.errors import BenchserverError
from benchserver.core.task import CallCase, CallCases, Shape, Split, TaskSpec

logger = logging.getLogger(__name__)
_CODE = "def one():\n    return 1\n"
_TASK = TaskSpec(
    source_id="warming",
    shape=Shape.FUNCTION,
    statement="Write one(). It returns 1.",
    tests=CallCases(cases=(CallCase(args=(), expected=1),)),
    reference=_CODE,
    entry_point="one",
    split=Split.PUBLIC,
    family="warming",
    topic="warming",
    difficulty="easy",
    created="2026-11-01",
)


@worker_process_init.connect
def warm(**_: Any) -> None:
    """Only pools of processes send this signal, and only those judge."""
    try:
        wiring.judging()(_TASK, _CODE)
    except BenchserverError as problem:
        logger.info("not warm yet (%s)", type(problem).__name__)
