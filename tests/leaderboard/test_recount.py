"""An independent script recounts a whole board, and sees each kind of number that is off by one."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from django.db import connection

from benchserver import wiring
from benchserver.core.verdict import FaultKind, Verdict
from benchserver.evaluations.models import Evaluation, Send
from benchserver.evaluations.request import request
from benchserver.leaderboard import provenance
from benchserver.leaderboard import publish as publishing
from benchserver.measurement.estimators import ESTIMATORS
from benchserver.pools.models import TaskVersion
from benchserver.providers.models import Provider
from tests import arrange, factories, recount

pytestmark = pytest.mark.django_db

# Models of a demo-like board: owner, skill, tokens; two of one owner, one near each end.
FIELD = (
    ("Acme", "strong", 0.75, 400),
    ("Acme", "strong-mini", 0.7, 90),
    ("Bolt", "middling", 0.5, 200),
    ("Crane", "weak", 0.15, 900),
    ("Dune", "perfect", 1.0, 1200),
    ("Ember", "flaky", 0.55, 60),
)


def demo_like(*, private: int = 24, samples: int = 1, families: int = 0, models: int = 6):
    """A published board with sends, costs, faults, a second try and an unranked model."""
    stage = arrange.board(private=private, public=4, samples=samples)
    if families:
        _in_families(families)
    rng = random.Random(f"{private}/{samples}/{families}")
    for owner, name, skill, tokens in FIELD[:models]:
        evaluation = _started(stage, owner, name)
        _sends(evaluation, rng, tokens)
        arrange.completed(evaluation, _by_skill(rng, skill))
    again = request(endpoint=evaluation.endpoint, track=stage.track, by="test")
    arrange.completed(again, _by_skill(rng, 0.9))
    broken = arrange.started(stage, owner="Fault", model="broken")
    assert arrange.completed(broken, lambda _: FaultKind.ENDPOINT) == "incomplete"
    return publishing.publish(
        track=stage.track, signer=wiring.signer(), sealer=wiring.sealer(), by="test"
    )


def _started(stage: arrange.Board, owner: str, name: str) -> Evaluation:
    known = Provider.objects.filter(name=owner).first() or factories.provider(owner)
    endpoint = factories.endpoint(known, arrange.NOWHERE, model=name)
    return request(endpoint=endpoint, track=stage.track, by="test")


def _in_families(count: int) -> None:
    sql = "UPDATE pools_taskversion SET family_mac = %s WHERE id = %s"
    versions = TaskVersion.objects.order_by("pk").values_list("pk", flat=True)
    for n, version in enumerate(versions):
        _past_the_triggers(sql, f"{n % count:064x}", version)


def _past_the_triggers(sql: str, *values: Any) -> None:
    """As a superuser could change rows that are append-only."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(sql, values)
        cursor.execute("SET LOCAL session_replication_role = origin")


def _by_skill(rng: random.Random, skill: float):
    return lambda _: Verdict.PASSED if rng.random() < skill else Verdict.WRONG_ANSWER


def _sends(evaluation: Any, rng: random.Random, tokens: int) -> None:
    """One answered request per attempt, after a refused one on every ninth."""
    evaluation.price_in = evaluation.price_out = 1
    evaluation.save(update_fields=("price_in", "price_out"))
    rows = []
    for n, attempt in enumerate(evaluation.attempts.order_by("order")):
        if n % 7 == 0:
            rows.append(
                Send(attempt=attempt, ordinal=0, cause="first", fence=1, outcome="not_sent")
            )
        if n % 9 == 0:
            refused = {"outcome": "refused", "code": "server_error"}
            rows.append(Send(attempt=attempt, ordinal=1, cause="first", fence=1, **refused))
        rows.append(
            Send(
                attempt=attempt,
                ordinal=2,
                cause="first",
                fence=1,
                outcome="answered",
                tokens_in=rng.randint(50, 90),
                tokens_out=rng.randint(tokens // 2, tokens),
                cost_micro_usd=rng.randint(tokens, 2 * tokens),
                milliseconds=rng.randint(500, 9_000),
                usage_reported=True,
            )
        )
    Send.objects.bulk_create(rows)


def raw() -> Any:
    connection.ensure_connection()
    return connection.connection


@pytest.mark.parametrize(
    "shape",
    [{}, {"samples": 3, "models": 4}, {"private": 48, "families": 16, "models": 5}],
    ids=["single samples", "three samples", "families"],
)
def test_every_number_of_a_board_is_what_the_raw_rows_make_of_it(wired: None, shape: Any) -> None:
    demo_like(**shape)
    assert recount.recount(raw()) == []


def test_each_kind_of_number_that_is_off_by_one_is_seen(wired: None) -> None:
    snapshot = demo_like()
    body, seen, missed = snapshot.board, set(), []
    found = recount.expected(raw(), body)
    assert recount.disagreements(body, found) == []
    for path, value in recount.leaves(body):
        kind = tuple("*" if isinstance(step, int) else step for step in path)
        if kind in seen or recount.elsewhere(path):
            continue
        seen.add(kind)
        changed = json.loads(snapshot.body)
        holder = changed
        for step in path[:-1]:
            holder = holder[step]
        holder[path[-1]] = (not value) if isinstance(value, bool) else value + 1
        if not recount.disagreements(changed, found):
            missed.append(kind)
    assert len(seen) > 50
    assert missed == []


def test_a_verdict_that_changed_after_publishing_is_seen(wired: None) -> None:
    rows = demo_like().board["rows"]
    exact = next(row for row in rows if not row["private"]["bound"])  # a band hides one verdict
    _past_the_triggers(
        "UPDATE evaluations_verdictrecord SET verdict = 'passed' WHERE attempt_id = "
        "(SELECT v.attempt_id FROM evaluations_verdictrecord v JOIN evaluations_attempt a "
        "ON a.id = v.attempt_id JOIN evaluations_evaluation e ON e.id = a.evaluation_id "
        "JOIN pools_formentry f ON f.id = a.entry_id "
        "WHERE v.verdict = 'wrong_answer' AND f.split = 'private' AND e.slug = %s LIMIT 1)",
        exact["evaluation"],
    )
    assert recount.recount(raw())


def test_every_number_of_a_snapshot_names_an_estimator_that_exists(wired: None) -> None:
    body = demo_like().board
    labels = {each.label for each in ESTIMATORS.values()}
    numbers = set(provenance.leaves(body))
    assert numbers - set(body["estimators"]) == set()
    assert set(body["estimators"].values()) <= labels
    assert body["estimators"]["rows.*.private.score_e4"] == "task-mean@1"
    assert body["estimators"]["resolves_e4"] == "observed-resolution@1"


def test_a_number_nobody_named_is_found(wired: None) -> None:
    body = demo_like(models=3).board
    body["rows"][0]["private"]["mystery_e4"] = 5
    again = provenance.estimators(body)
    assert set(provenance.leaves(body)) - set(again) == {"rows.*.private.mystery_e4"}
