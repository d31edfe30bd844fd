"""The jobs: id in, one verb, wake what is due, nothing out. A job holds no rule of its own.

Messages carry ids only, so a forged or doubled one can at most cause a look at the database.
Example: ``generate`` works on an endpoint's next attempt, then on the one after it while threads
are idle, else it asks to be called again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from uuid import UUID

from django.conf import settings
from django.db import connection

from benchserver import dispatch, wiring
from benchserver.core.errors import NotAllowed
from benchserver.dispatch import queue
from benchserver.evaluations import evidence, panel, prospects, queries, settle, told, visits
from benchserver.evaluations import generate as generation
from benchserver.evaluations import identity as identity_of
from benchserver.evaluations import judge as judging
from benchserver.evaluations import recheck as rechecking
from benchserver.evaluations import reconcile as mending
from benchserver.evaluations.score import finish
from benchserver.leaderboard import publish as publishing
from benchserver.pools import queries as pools
from benchserver.pools import rotate
from benchserver.providers import admit as admission
from benchserver.providers.models import Endpoint
from benchserver.worker import turns
from benchserver.worker.identity import at_work
from benchserver.worker.lean import lean

logger = logging.getLogger(__name__)


@queue.task(name="benchserver.generate")
def generate(endpoint_id: str) -> None:
    """Work on an endpoint's due attempts, one after the other."""
    target = _uuid(endpoint_id)
    while target is not None and _take_turn(target):
        if not turns.of_this_process.may_go_on():
            dispatch.nudge("generate", str(target))
            return


def _take_turn(target: UUID) -> bool:
    """One attempt, if this endpoint may have a thread and anything is due; whether it was."""
    if not turns.of_this_process.take(str(target)):
        return False
    try:
        return _generate(target)
    finally:
        again = turns.of_this_process.give_back(str(target))
        if again:
            dispatch.nudge("generate", again)


def _generate(target: UUID) -> bool:
    with at_work() as worker:
        worked = generation.generate_next(
            endpoint_id=target,
            worker=worker,
            engines=generation.Engines(
                client=lambda *about: lean(wiring.endpoint(*about)),
                opener=wiring.opener(),
                sealer=wiring.sealer(),
                policy=wiring.engine_policy(),
                mac_key=wiring.shared_key(),
            ),
        )
    if worked is not None and worked.answered:
        dispatch.publish()  # its judge; with a reply to judge, no evaluation has ended
    elif worked is not None:
        _after(worked.evaluation)
    return worked is not None


@queue.task(name="benchserver.judge")
def judge(attempt_id: str) -> None:
    """Judge one stored reply."""
    target = _uuid(attempt_id)
    if target is None:
        return
    with at_work() as worker:
        evaluation = judging.judge_attempt(
            attempt_id=target,
            worker=worker,
            engines=judging.Engines(
                judging=wiring.judging(),
                opener=wiring.opener(),
                policy=wiring.engine_policy(),
                mac_key=wiring.shared_key(),
            ),
        )
    if evaluation:
        _after(evaluation)


@queue.task(name="benchserver.recheck")
def recheck(attempt_id: str) -> None:
    """Judge an attempt once more, if this machine has not judged it yet."""
    target = _uuid(attempt_id)
    if target is None:
        return
    with at_work() as worker:
        rechecking.recheck_attempt(
            attempt_id=target,
            worker=worker,
            engines=judging.Engines(
                judging=wiring.judging(),
                opener=wiring.opener(),
                policy=wiring.engine_policy(),
                mac_key=wiring.shared_key(),
            ),
        )
    dispatch.flush()


@queue.task(name="benchserver.admit")
def admit(endpoint_id: str) -> None:
    """Make the endpoint's waiting admission visit; what waited for it may go on."""
    target = _uuid(endpoint_id)
    if target is None:
        return
    report = visits.visit(target, _visiting())
    if report is not None and report.state == report.State.PASSED:
        _go_on(report.endpoint)


@queue.task(name="benchserver.identify")
def identify(evaluation_id: str) -> None:
    """Ask who answers, if that is due for the evaluation; then its tasks may go on."""
    target = _uuid(evaluation_id)
    if target is None:
        return
    reading = identity_of.identify(
        evaluation_id=target, engines=_visiting(), mac_key=wiring.shared_key()
    )
    if reading is not None:
        _go_on(reading.evaluation.endpoint)


def _visiting() -> admission.Engines:
    return admission.Engines(
        client=lambda *about: lean(wiring.listening_endpoint(*about)),
        opener=wiring.opener(),
        circumstances=prospects.circumstances,
    )


def _go_on(endpoint: Endpoint) -> None:
    """What waited while public questions were asked."""
    dispatch.flush()
    for _ in range(endpoint.max_concurrency):
        dispatch.nudge("generate", str(endpoint.pk))


def _after(evaluation_id: UUID) -> None:
    if finish(evaluation_id=evaluation_id, sealer=wiring.sealer()) is not None:
        settle.wake("identify", evaluation_id)
    dispatch.flush()


def _uuid(text: str) -> UUID | None:
    """A forged message names nothing and wakes nothing."""
    try:
        return UUID(text)
    except (ValueError, AttributeError, TypeError):
        return None


def _alone(job: Callable[[], None]) -> Callable[[], None]:
    """Skip this run while another process is in the same job: an advisory lock by its name."""

    @wraps(job)
    def locked() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(hashtext(%s))", [job.__name__])
            if not cursor.fetchone()[0]:
                return
        try:
            job()
        finally:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(hashtext(%s))", [job.__name__])

    return locked


@queue.task(name="benchserver.relay")
@_alone
def relay() -> None:
    """Publish wake-ups that were not published on commit."""
    dispatch.flush()


@queue.task(name="benchserver.reconcile")
@_alone
def reconcile() -> None:
    """Move on whatever a dead worker, a lost message or a closed window left behind."""
    mended = mending.reconcile(retry_base=float(settings.RETRY_BASE_SECONDS))
    if mended.expired:
        logger.warning("reconcile: %s expired leases moved on", mended.expired)
    for evaluation in mending.unfinished():
        finish(evaluation_id=evaluation.pk, sealer=wiring.sealer())
    dispatch.flush()
    publishing.copy_logged(signer=wiring.signer())


@queue.task(name="benchserver.admissions")
@_alone
def admissions() -> None:
    """Ask for the nightly visits, and wake those that nobody makes."""
    for endpoint in admission.due():
        with suppress(NotAllowed):  # visited too often just now: it is due again later
            admission.ask(endpoint=endpoint, cause="due", by="schedule")
    for endpoint_id in admission.to_wake():
        settle.wake("admit", endpoint_id)
    dispatch.flush()


@queue.task(name="benchserver.identities")
@_alone
def identities() -> None:
    """Wake the readings of who answers that are due."""
    for evaluation in identity_of.due():
        settle.wake("identify", evaluation.pk)
    dispatch.flush()


@queue.task(name="benchserver.examinations")
@_alone
def examinations() -> None:
    """Look for signs of memory in forms that have closed; let deadlines for answers pass."""
    for form in evidence.due():
        evidence.examine(form=form, by="schedule")
    evidence.expire_due()


@queue.task(name="benchserver.panel_runs")
@_alone
def panel_runs() -> None:
    """Start the reference models that an open form still lacks; what is in the way of the others
    says the panel's page."""
    if panel.start_due(by="schedule"):
        dispatch.flush()


@queue.task(name="benchserver.rotations")
@_alone
def rotations() -> None:
    """Open and close rotations at their dates, by the database clock, and say so in public."""
    now = rotate.database_now()
    for rotation in pools.due_to_close(now):
        rotate.close_rotation(rotation=rotation, by="schedule")
    for rotation in pools.due_to_open(now):
        try:
            told.require_open_to_all(
                rotation.pool, rotation.plan["versions"], min_cell=settings.MIN_CELL
            )
            rotate.open_rotation(
                rotation=rotation,
                judge_image=wiring.judge_image(),
                sandbox_images=wiring.sandbox_images(),
                by="schedule",
                worn=queries.worn_out(rotation.pool, wiring.engine_policy()),
            )
        except NotAllowed as problem:
            if rotate.note_refusal(rotation=rotation, refusal=problem):
                logger.error("rotation %s cannot open: %s", rotation.slug, problem.code)
    for rotation in rotate.abandon_stale(by="schedule"):
        logger.error("rotation %s is abandoned: its window passed unopened", rotation.slug)
    for rotation in publishing.unannounced():
        # Its tasks first: what is announced is not looked at again.
        publishing.publish_tasks(rotation=rotation, opener=wiring.opener(), by="schedule")
        publishing.announce(rotation=rotation, signer=wiring.signer())
