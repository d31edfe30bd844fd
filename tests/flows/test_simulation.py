"""The engine's simulation on a real Postgres: production SQL under the same misfortunes."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest
from django.db import connection, transaction

from benchserver.console.simulation import checker
from benchserver.console.simulation.run import PATIENCE, Simulation
from benchserver.console.simulation.scenario import (
    CALM,
    FOREVER,
    START,
    EvaluationPlan,
    Scenario,
    scenario,
)
from benchserver.evaluations import statements
from tests import arrange
from tests.postgres_backend import LARGEST, PostgresBackend, build_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def board(wired):
    made = arrange.board(private=LARGEST, public=0)
    build_world()
    yield made
    with connection.cursor() as cursor:
        cursor.execute("SET search_path TO DEFAULT")


def calls_cancelled_under_way() -> Scenario:
    """One place, slow answers, and a first evaluation that is cancelled while its call is out."""
    plan = scenario(2)
    endpoint = replace(
        plan.endpoints[0], limit=1, rps=None, moods={"ok": 1.0}, latency=300.0, changes_at=None
    )
    units = tuple(UUID(int=n) for n in range(1, 11))
    first, second = (
        EvaluationPlan(
            id=UUID(int=100 + n),
            endpoint=endpoint.id,
            units=units[5 * n : 5 * n + 5],
            closes_at=FOREVER,
            cancel_at=cancel_at,
            max_requests=None,
        )
        for n, cancel_at in enumerate((START + 8, None))
    )
    return replace(plan, endpoints=(endpoint,), evaluations=(first, second), luck=CALM, workers=3)


# Statement, production text, what stands there instead, plans of which one shows it, the promise.
MUTANTS = {
    "the fence is never raised": (
        ("TAKE", "fence = fence + 1", "fence = fence + 0"),
        [scenario(seed) for seed in (14, 56, 169, 182)],
        "I11",
    ),
    "exposure is not made final": (
        ("EXPOSE", "coalesce(x.first_sent_at, statement_timestamp())", "x.first_sent_at"),
        [scenario(0)],
        "I1",
    ),
    "leases never expire": (
        ("EXPIRED", "a.lease_until < clock_timestamp()", "false"),
        [scenario(seed) for seed in (0, 2, 3)],
        "I4",
    ),
    "claims know no pause": (
        ("TAKE", "v.paused_at IS NULL", "true"),
        [scenario(seed) for seed in (0, 1, 2, 3)],
        "I10",
    ),
    "a pause does not reach what is claimed": (
        ("ONE", "v.paused_at IS NOT NULL", "false"),
        [scenario(seed) for seed in (11, 14, 17)],
        "I10",
    ),
    "a cancelled call gives its slot away": (
        ("IN_FLIGHT", "a.state = 'cancelled'", "false"),
        [calls_cancelled_under_way()],
        "I9",
    ),
    "claims know no limit": (
        ("IN_FLIGHT", "state IN ('leased', 'sent')", "false"),
        [scenario(seed) for seed in (0, 9, 13)],
        "I9",
    ),
    "forgotten sends stay open": (
        ("LOSE_FORGOTTEN", "s.outcome = 'pending'", "false"),
        [scenario(seed) for seed in (5, 161, 169, 194)],
        "I5",
    ),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_sql_with_a_rule_taken_out_is_noticed(board, monkeypatch, name):
    (statement, old, new), plans, promise = MUTANTS[name]
    production = getattr(statements, statement)
    assert production.count(old) == 1, f"{statement} no longer says {old!r}"
    monkeypatch.setattr(statements, statement, production.replace(old, new))
    assert any(promise in broken(plan, board) for plan in plans)


def broken(plan: Scenario, board: arrange.Board) -> set[str]:
    """The promises a plan finds broken; its rows are gone afterwards."""
    with transaction.atomic():
        found = {problem.split()[0] for problem in problems_of(plan, board, patience=300.0)}
        transaction.set_rollback(True)
    return found


def problems_of(plan: Scenario, board: arrange.Board, *, patience: float = PATIENCE) -> list[str]:
    """One plan on Postgres; its rotation stays open (closing has seeds in memory)."""
    stay = tuple(replace(v, closes_at=FOREVER) for v in plan.evaluations)
    with PostgresBackend(board) as backend:
        history = Simulation(replace(plan, evaluations=stay), backend, patience=patience).run()
    return checker.check(history)


def hold(seeds: range, board: arrange.Board) -> None:
    found = {seed: problems_of(scenario(seed), board) for seed in seeds}
    assert {seed: problems for seed, problems in found.items() if problems} == {}


def test_every_promise_holds_on_postgres(board):
    hold(range(3), board)


def test_a_call_cancelled_under_way_keeps_its_place(board):
    assert problems_of(calls_cancelled_under_way(), board) == []


@pytest.mark.soak
@pytest.mark.parametrize("first", range(0, 200, 25))
def test_every_promise_holds_on_postgres_for_two_hundred_seeds(board, first):
    hold(range(first, first + 25), board)
