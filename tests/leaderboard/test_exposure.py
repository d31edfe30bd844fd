"""A snapshot says who was sent how much, in whole numbers, and nothing of what came back."""

from __future__ import annotations

import json

import pytest

from benchserver import wiring
from benchserver.core.verdict import Verdict
from benchserver.evaluations.request import request
from benchserver.leaderboard import publish as publishing
from benchserver.leaderboard.exposure import exposure
from benchserver.leaderboard.provenance import leaves
from benchserver.pools.models import Form
from tests import arrange

pytestmark = pytest.mark.django_db
PRIVATE = 24


@pytest.fixture
def stage(wired) -> arrange.Board:
    return arrange.board(private=PRIVATE, public=2)


def board(stage: arrange.Board) -> dict:
    snapshot = publishing.publish(
        track=stage.track, signer=wiring.signer(), sealer=wiring.sealer(), by="test"
    )
    return snapshot.board


def test_every_group_has_its_line_and_the_public_tasks_count_nowhere(stage):
    for owner in ("Acme", "Beta"):
        evaluation = arrange.started(stage, owner=owner, model=f"model-{owner}")
        arrange.completed(evaluation, arrange.first(12))
    told = board(stage)["exposure"]
    assert [(g["owner_slug"], g["tasks"], g["share_e4"]) for g in told["groups"]] == [
        ("acme", PRIVATE, 10_000),
        ("beta", PRIVATE, 10_000),
    ]
    assert (told["pool_tasks"], told["gini_e4"]) == (PRIVATE, 0)
    assert told["forecast"]["groups"] == 2
    assert told["forecast"]["until"]
    assert "does not fill one more full form" in told["forecast"]["words"]


def test_a_second_evaluation_shows_nothing_new_and_is_not_counted_as_if(stage):
    first = arrange.started(stage)
    arrange.completed(first, arrange.first(12))
    before = exposure(Form.objects.get())["groups"]
    again = request(endpoint=first.endpoint, track=stage.track, by="test")
    arrange.completed(again, lambda attempt: Verdict.PASSED)
    assert [g["tasks"] for g in exposure(Form.objects.get())["groups"]] == [
        g["tasks"] for g in before
    ]


@pytest.mark.parametrize("verdict", [Verdict.PASSED, Verdict.WRONG_ANSWER])
def test_results_do_not_show_in_it(stage, verdict):
    arrange.judge_all(arrange.started(stage), lambda attempt: verdict)
    (line,) = exposure(Form.objects.get())["groups"]
    assert line == {
        "owner": "Acme",
        "owner_slug": "acme",
        "tasks": PRIVATE,
        "share_e4": 10_000,
        "samples": 0,
        "sends": 0,
    }


def test_a_board_that_nobody_met_has_no_line_and_no_end(stage):
    told = exposure(Form.objects.get())
    assert (told["groups"], told["gini_e4"], told["forecast"]["until"]) == ([], None, "")


def test_all_its_numbers_are_whole_and_say_what_made_them(stage):
    evaluation = arrange.started(stage)
    arrange.completed(evaluation, arrange.first(12))
    body = board(stage)
    mine = {path for path in leaves(body) if path.startswith("exposure.")}
    assert mine
    assert mine <= set(body["estimators"])
    assert body["estimators"]["exposure.gini_e4"] == "exposure-gini@1"
    assert "." not in json.dumps([n for n in numbers(body["exposure"])])


def numbers(value: object) -> list[object]:
    if isinstance(value, dict):
        return [n for inner in value.values() for n in numbers(inner)]
    if isinstance(value, list):
        return [n for inner in value for n in numbers(inner)]
    return [value] if isinstance(value, int | float) else []
