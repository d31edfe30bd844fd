"""The engine's simulation on a real Postgres: production SQL under the same misfortunes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.db import connection

from benchserver.console.simulation import checker
from benchserver.console.simulation.run import Simulation
from benchserver.console.simulation.scenario import FOREVER, scenario
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


def problems_of(seed: int, board: arrange.Board) -> list[str]:
    """One seed on Postgres; its rotation stays open (closing has seeds in memory)."""
    plan = scenario(seed)
    stay = tuple(replace(v, closes_at=FOREVER) for v in plan.evaluations)
    with PostgresBackend(board) as backend:
        history = Simulation(replace(plan, evaluations=stay), backend).run()
    return checker.check(history)


def hold(seeds: range, board: arrange.Board) -> None:
    failing = {seed: found for seed in seeds if (found := problems_of(seed, board))}
    assert failing == {}


def test_every_promise_holds_on_postgres(board):
    hold(range(6), board)


@pytest.mark.soak
def test_every_promise_holds_on_postgres_for_two_hundred_seeds(board):
    hold(range(200), board)
