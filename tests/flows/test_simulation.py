"""The engine's simulation on a real Postgres: production SQL under the same misfortunes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.db import connection

from benchserver.console.simulation import checker
from benchserver.console.simulation.run import PATIENCE, Simulation
from benchserver.console.simulation.scenario import FOREVER, scenario
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


# Statement, production text, what stands there instead, a seed that shows it, the promise.
MUTANTS = {
    "the fence is never raised": ("TAKE", "fence = fence + 1", "fence = fence + 0", 14, "I11"),
    "exposure is not made final": (
        "EXPOSE",
        "coalesce(x.first_sent_at, statement_timestamp())",
        "x.first_sent_at",
        0,
        "I1",
    ),
    "leases never expire": ("EXPIRED", "a.lease_until < clock_timestamp()", "false", 0, "I4"),
    "a cancelled call gives its slot away": (
        "IN_FLIGHT",
        "a.state = 'cancelled'",
        "false",
        160,
        "I9",
    ),
    "claims know no limit": ("IN_FLIGHT", "state IN ('leased', 'sent')", "false", 0, "I9"),
    "forgotten sends stay open": ("LOSE_FORGOTTEN", "s.outcome = 'pending'", "false", 5, "I5"),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_sql_with_a_rule_taken_out_is_noticed(board, monkeypatch, name):
    statement, old, new, seed, promise = MUTANTS[name]
    production = getattr(statements, statement)
    assert production.count(old) == 1, f"{statement} no longer says {old!r}"
    monkeypatch.setattr(statements, statement, production.replace(old, new))
    problems = problems_of(seed, board, patience=300.0)
    assert promise in {problem.split()[0] for problem in problems}


def problems_of(seed: int, board: arrange.Board, *, patience: float = PATIENCE) -> list[str]:
    """One seed on Postgres; its rotation stays open (closing has seeds in memory)."""
    plan = scenario(seed)
    stay = tuple(replace(v, closes_at=FOREVER) for v in plan.evaluations)
    with PostgresBackend(board) as backend:
        history = Simulation(replace(plan, evaluations=stay), backend, patience=patience).run()
    return checker.check(history)


def hold(seeds: range, board: arrange.Board) -> None:
    failing = {seed: found for seed in seeds if (found := problems_of(seed, board))}
    assert failing == {}


def test_every_promise_holds_on_postgres(board):
    hold(range(3), board)


@pytest.mark.soak
@pytest.mark.parametrize("first", range(0, 200, 25))
def test_every_promise_holds_on_postgres_for_two_hundred_seeds(board, first):
    hold(range(first, first + 25), board)
