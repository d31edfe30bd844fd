"""One measured evaluation in a home of its own: the pool, the request, and what the rows say.

A process of its own, because settings belong to a home. It says ``ready``, waits for a line, asks
for the evaluation and tells in one JSON document what came of it. Example:
``python -m benchserver.console.measuring.staging URL 20 1000 bare-1``.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from benchserver.core.protocol import Protocol
from benchserver.core.rotation import Policy, Window
from benchserver.core.task import CallCase, CallCases, Shape, Split, TaskSpec

BY = "measure"
MOST_TASKS = 1000
MOST_SAMPLES = 100
_POLL_SECONDS = 0.25


def shape(attempts: int) -> tuple[int, int]:
    """(tasks, samples) whose product is ``attempts`` or little more."""
    samples = max(1, -(-attempts // MOST_TASKS))
    return -(-attempts // samples), min(samples, MOST_SAMPLES)


def tasks(count: int, name: str) -> list[TaskSpec]:
    """Made-up tasks of the size of HumanEval's, each with its own number."""
    return [_task(number, name) for number in range(1, count + 1)]


def _task(number: int, name: str) -> TaskSpec:
    function = f"weigh_{number}"
    inputs: tuple[list[int], ...] = ([], [1], [2, 3], [5, -1, 4], list(range(20)), [number] * 7)
    return TaskSpec(
        source_id=f"{name}-{number}",
        shape=Shape.FUNCTION,
        statement=(
            f"Write {function}(numbers) of measurement {name}. It returns the sum of all numbers, "
            f"each multiplied by its place in the list counted from 1, plus {number}. "
            "The list may be empty and may hold negative numbers."
        ),
        tests=CallCases(
            cases=tuple(CallCase(args=(i,), expected=_weigh(i, number)) for i in inputs)
        ),
        reference=(
            f"def {function}(numbers):\n"
            "    total = 0\n"
            "    for place, value in enumerate(numbers, 1):\n"
            "        total += place * value\n"
            f"    return total + {number}\n"
        ),
        entry_point=function,
        split=Split.PRIVATE,
        family=f"{name}-{number}",
        topic="numbers",
        difficulty="medium",
        created="2026-11-01",
    )


def _weigh(numbers: Sequence[int], plus: int) -> int:
    return sum(place * value for place, value in enumerate(numbers, 1)) + plus


def wrong(task: TaskSpec) -> str:
    """What a model gets wrong: it counts the places from 0."""
    return task.reference.replace("(numbers, 1)", "(numbers)")


def main(url: str, concurrency: int, attempts: int, name: str) -> None:
    """Stage, wait to be let go, run, tell."""
    import django

    django.setup()
    endpoint, track = _stage(url, concurrency, attempts, name)
    print("ready", flush=True)
    sys.stdin.readline()
    from benchserver import dispatch, wiring
    from benchserver.evaluations.request import request
    from benchserver.pools.rotate import database_now

    begun = time.monotonic()
    evaluation = request(endpoint=endpoint, track=track, by=BY, policy=wiring.engine_policy())
    requested, start = time.monotonic() - begun, database_now()
    dispatch.flush()
    while evaluation.ended_at is None:
        time.sleep(_POLL_SECONDS)
        evaluation.refresh_from_db(fields=("ended_at", "state"))
    print(json.dumps(_told(evaluation, start, requested)), flush=True)


def _stage(url: str, concurrency: int, attempts: int, name: str) -> Any:
    """An endpoint that counts as admitted and a track with an open rotation of enough tasks."""
    from benchserver import wiring
    from benchserver.evaluations.queries import exposed
    from benchserver.pools import rotate
    from benchserver.pools.ingest import ingest
    from benchserver.pools.intake import Gate, Report
    from benchserver.pools.tracks import ensure_pool, ensure_track

    count, samples = shape(attempts)
    made = tasks(count, name)
    pool = ensure_pool(slug=name, name=name, by=BY)
    gate = Gate(name="reference", held=True, figure="made for a measurement")
    reports = [(t, Report(source_id=t.source_id, gates=(gate,))) for t in made]
    key = wiring.mac_key()
    ingest(pool=pool, tasks=reports, sealer=wiring.sealer(), mac_key=key, by=BY)
    protocol = Protocol(samples=samples, max_tokens=1024, deadline_seconds=300)
    track = ensure_track(pool=pool, slug=name, name=name, protocol=protocol, by=BY)
    now = rotate.database_now()
    policy = Policy(private_target=MOST_TASKS, public_target=0, min_private=1)
    plan = rotate.preview(pool=pool, policy=policy, exposed=exposed(pool), now=now)
    window = Window(now - timedelta(seconds=1), now + timedelta(days=7), name)
    planned = rotate.save_plan(pool=pool, plan=plan, window=window, by=BY)
    rotate.open_rotation(rotation=planned, judge_image=wiring.judge_image(), by=BY)
    return _endpoint(url, concurrency, name), track


def _endpoint(url: str, concurrency: int, name: str) -> Any:
    from benchserver import wiring
    from benchserver.pools.rotate import database_now
    from benchserver.providers.models import AdmissionReport, Endpoint, Provider
    from benchserver.providers.register import create_endpoint, create_model, create_provider

    owner = Provider.objects.filter(name=BY).first() or create_provider(
        name=BY, email="measure@example.org", password=None, by=BY
    )
    model = create_model(
        provider=owner, name=name, version="1", declared_cutoff=None, open_weights=False, by=BY
    )
    made = create_endpoint(
        provider=owner,
        model=model,
        name=name,
        protocol="openai_chat",
        base_url=url,
        wire_model=name,
        api_key="key-of-the-measurement",
        price_in=1_000_000,
        price_out=2_000_000,
        max_concurrency=concurrency,
        max_rps=None,
        sealer=wiring.sealer(),
        check_address=lambda _: None,
        by=BY,
    )
    # Its public questions are left out: they are asked once and are not what is measured.
    AdmissionReport.objects.create(
        endpoint=made,
        cause="new",
        state=AdmissionReport.State.PASSED,
        endpoint_revision=made.revision,
        key_revision=made.key_revision,
        ended_at=database_now(),
    )
    Endpoint.objects.filter(pk=made.pk).update(state=Endpoint.State.ACTIVE, pause_reason="")
    made.refresh_from_db()
    return made


def _told(evaluation: Any, start: Any, requested: float) -> dict[str, Any]:
    """What the rows say: states, sends, claims, the time that judged code used."""
    from django.db.models import Count, Sum

    from benchserver.evaluations.models import Send, VerdictRecord

    attempts = evaluation.attempts
    verdicts = VerdictRecord.objects.filter(attempt__evaluation=evaluation)
    states = attempts.values_list("state").annotate(n=Count("pk")).order_by("state")
    return {
        "state": evaluation.state,
        "start": start.timestamp(),
        "wall_seconds": (evaluation.ended_at - start).total_seconds(),
        "request_seconds": requested,
        "attempts": evaluation.total,
        "states": dict(states),
        "passed": verdicts.filter(verdict="passed").count(),
        "sends": Send.objects.filter(attempt__evaluation=evaluation).count(),
        "claims": attempts.aggregate(n=Sum("fence"))["n"],
        "judging_cpu_seconds": (verdicts.aggregate(n=Sum("cpu_milliseconds"))["n"] or 0) / 1000,
    }


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
