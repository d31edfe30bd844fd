"""Every evaluation that was started is in the public count, whatever became of it."""

from __future__ import annotations

import json

import pytest

from benchserver import wiring
from benchserver.core.verdict import FaultKind
from benchserver.evaluations.control import cancel
from benchserver.evaluations.request import request
from benchserver.leaderboard.models import PublishedRotation
from benchserver.leaderboard.publish import publish
from benchserver.ledger.models import Entry
from benchserver.providers.models import Endpoint
from benchserver.providers.register import merge_groups
from tests import arrange, factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def stage(wired) -> arrange.Board:
    return arrange.board(private=24, public=0)


def board(stage: arrange.Board) -> dict:
    made = publish(track=stage.track, signer=wiring.signer(), sealer=wiring.sealer(), by="test")
    return json.loads(made.body)


def test_one_withdrawn_before_anything_was_sent_counts_and_is_shown_as_that(stage):
    arrange.completed(arrange.started(stage), arrange.first(9))
    gone = arrange.started(stage, owner="Bolt", model="bolt")
    cancel(evaluation=gone, by="test")
    shown = board(stage)
    assert shown["evaluations"]["started"] == 2
    (row,) = shown["unranked"]
    assert row["reason"] == "withdrawn by its provider before any task was sent"
    assert row["evaluations"] == 1
    assert PublishedRotation.objects.get().evaluations_started == 2


def test_one_cancelled_after_a_send_is_not_called_withdrawn(stage):
    arrange.completed(arrange.started(stage), arrange.first(9))
    gone = arrange.started(stage, owner="Bolt", model="bolt")
    arrange.sent(gone)
    cancel(evaluation=gone, by="test")
    assert board(stage)["unranked"][0]["reason"] == "cancelled by its provider"


def test_withdrawn_and_failed_tries_of_a_ranked_model_are_in_its_count(stage):
    gone = arrange.started(stage)
    cancel(evaluation=gone, by="test")
    broken = request(endpoint=gone.endpoint, track=stage.track, by="test")
    arrange.completed(broken, lambda _: FaultKind.ENDPOINT)
    good = request(endpoint=gone.endpoint, track=stage.track, by="test")
    arrange.completed(good, arrange.first(9))
    shown = board(stage)
    assert [(r["evaluation"], r["evaluations"]) for r in shown["rows"]] == [(good.slug, 3)]
    assert shown["evaluations"]["started"] == 3
    assert Entry.objects.filter(kind="run-start").count() == 3


def test_a_row_tells_how_often_its_owner_tried_with_any_model(stage):
    one = arrange.started(stage)
    arrange.completed(one, arrange.first(9))
    other = factories.endpoint(one.provider, arrange.NOWHERE, model="variant")
    cancel(evaluation=request(endpoint=other, track=stage.track, by="test"), by="test")
    arrange.completed(arrange.started(stage, owner="Bolt", model="bolt"), arrange.first(12))
    rows = {r["model"]["slug"]: r for r in board(stage)["rows"]}
    assert {slug: r["owner_evaluations"] for slug, r in rows.items()} == {
        "model-a-1": 2,
        "bolt-1": 1,
    }
    assert rows["model-a-1"]["evaluations"] == 1


def test_merging_accounts_takes_nothing_out_of_the_count(stage):
    small = arrange.started(stage, owner="Small", model="s")
    arrange.completed(small, arrange.first(9))
    big = arrange.started(stage, owner="Big", model="b")
    arrange.completed(big, arrange.first(12))
    before = board(stage)
    merge_groups(source=small.owner_group, into=big.owner_group, by="test")
    after = board(stage)
    assert Endpoint.objects.count() == 2
    for shown in (before, after):
        assert shown["evaluations"]["started"] == 2
        assert {r["model"]["slug"]: r["evaluations"] for r in shown["rows"]} == {"s-1": 1, "b-1": 1}
    assert [r["owner_evaluations"] for r in before["rows"]] == [1, 1]
    assert [r["owner_evaluations"] for r in after["rows"]] == [2, 2]  # one adversary, also before
