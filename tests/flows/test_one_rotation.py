"""One rotation from sealed tasks to a signed board: the file to read first.

Real Postgres, real HTTP to a local endpoint, real sandbox; only the broker is left out (the verbs
are called as the jobs call them).
"""

from __future__ import annotations

import json

import pytest

from benchserver import wiring
from benchserver.core.errors import NotAllowed
from benchserver.core.lifecycle import EvaluationState
from benchserver.evaluations.generate import generate_next
from benchserver.evaluations.models import Exposure, Send, VerdictRecord
from benchserver.evaluations.request import request
from benchserver.leaderboard.publish import publish
from benchserver.ledger.models import Entry
from benchserver.transparency.canonical import canonical
from benchserver.transparency.entries import check_order, entry_hash
from tests import factories
from tests.flows.conftest import fail, number_of, solve
from tests.flows.engine import generation, run

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def board(wired):
    """24 hidden and 4 open tasks in an open rotation of one track."""
    pool = factories.pool_of(factories.tasks(private=24, public=4))
    track = factories.track_of(pool)
    factories.open_rotation(pool)
    return track


def test_a_rotation_is_evaluated_over_http_and_published_signed(board, scripted):
    # Right on every second hidden task and on all open ones.
    server = scripted(lambda p: solve(p) if number_of(p) % 2 or number_of(p) > 1000 else fail(p))
    endpoint = factories.endpoint(factories.provider(), server.url)
    evaluation = run(request(endpoint=endpoint, track=board, by="test"))

    assert evaluation.state == EvaluationState.COMPLETE
    snapshot = publish(
        track=board, signer=wiring.signer(), sealer=wiring.sealer(), by="test", min_cell=20
    )
    (row,) = snapshot.board["rows"]
    passed = VerdictRecord.objects.filter(verdict="passed")
    hidden = passed.filter(attempt__entry__split="private").count()
    assert row["private"]["passed"] == hidden == 12
    assert (row["public"]["passed"], row["public"]["tasks"]) == (4, 4)
    assert row["gap"]["diff_e4"] == 5000
    assert row["cost_micro_usd"] == 28 * (11 + 2 * 7)
    assert _log_is_in_order()


def test_every_request_the_server_saw_has_its_send_row_and_exposure(board, scripted):
    server = scripted(solve)
    endpoint = factories.endpoint(factories.provider(), server.url)
    run(request(endpoint=endpoint, track=board, by="test"))
    keys = [key for key, _ in server.log]
    assert sorted(keys) == sorted(str(s.attempt_id) for s in Send.objects.all())
    assert Exposure.objects.filter(first_sent_at=None).count() == 0
    assert Exposure.objects.count() == 28


def test_the_board_shows_what_was_measured_and_nothing_else(board, scripted):
    """Taking one model's answers away, or leaving one unjudged, changes the board."""
    knows = factories.endpoint(factories.provider("Knows"), scripted(half).url, model="knows")
    silent = factories.endpoint(
        factories.provider("Silent"), scripted(lambda p: "I cannot.").url, model="silent"
    )
    paused = factories.endpoint(factories.provider("Paused"), scripted(half).url, model="paused")
    run(request(endpoint=knows, track=board, by="test"))
    run(request(endpoint=silent, track=board, by="test"))
    waiting = request(endpoint=paused, track=board, by="test")
    generate_next(endpoint_id=paused.pk, worker="test", engines=generation())
    first = _publish(board)
    assert [r["model"]["slug"] for r in first["rows"]] == ["knows-1", "silent-1"]
    assert [r["private"]["bound"] for r in first["rows"]] == ["", "at_most"]
    assert [(u["model"]["slug"], u["state"]) for u in first["unranked"]] == [
        ("paused-1", "running")
    ]
    run(waiting)
    second = _publish(board)
    assert {r["model"]["slug"] for r in second["rows"]} == {"knows-1", "paused-1", "silent-1"}
    assert second["prev"] == entry_hash(canonical(first))


def test_a_board_under_the_minimum_cell_is_refused_and_nothing_is_written(wired, scripted):
    pool = factories.pool_of(factories.tasks(private=12, public=0))
    track = factories.track_of(pool)
    factories.open_rotation(pool)
    endpoint = factories.endpoint(factories.provider(), scripted(solve).url)
    run(request(endpoint=endpoint, track=track, by="test"))
    before = Entry.objects.count()
    with pytest.raises(NotAllowed) as refusal:
        publish(track=track, signer=wiring.signer(), sealer=wiring.sealer(), by="test")
    assert refusal.value.code == "disclosure_small_cell"
    assert Entry.objects.count() == before


def half(prompt: str) -> str:
    """Right on every second task."""
    return solve(prompt) if number_of(prompt) % 2 else fail(prompt)


def _publish(track):
    return publish(track=track, signer=wiring.signer(), sealer=wiring.sealer(), by="test").board


def _log_is_in_order() -> bool:
    bodies = [bytes(b) for b in Entry.objects.order_by("index").values_list("body", flat=True)]
    assert [json.loads(b)["t"] for b in bodies] == [
        "rotation-commit",
        "run-start",
        "run-commit",
        "snapshot",
    ]
    return check_order(bodies) == []
