"""What a snapshot says about memory: null, nothing, or a mark with the answer beside it."""

from __future__ import annotations

import pytest

from benchserver import wiring
from benchserver.evaluations import evidence
from benchserver.evaluations.models import EvidenceRecord
from benchserver.leaderboard import publish as publishing
from benchserver.pools import rotate
from benchserver.pools.models import Form
from tests import arrange

pytestmark = pytest.mark.django_db


@pytest.fixture
def evaluation(wired):
    stage = arrange.board(private=24, public=4)
    made = arrange.started(stage)
    arrange.completed(made, arrange.first(12))
    return made


def shown(evaluation):
    snapshot = publishing.publish(
        track=evaluation.track, signer=wiring.signer(), sealer=wiring.sealer(), by="test"
    )
    (row,) = snapshot.board["rows"]
    return snapshot, row["evidence"]


def test_nobody_looked_and_nothing_found_are_told_apart(evaluation) -> None:
    assert shown(evaluation)[1] is None
    rotate.close_rotation(rotation=evaluation.rotation, by="test")
    evidence.examine(form=Form.objects.get(), by="test")
    _, told = shown(evaluation)
    assert (told["grade"], told["words"], told["reply"], told["tests"]) == ("", "", "", [])
    assert told["alarm_e6"] >= 500


@pytest.mark.parametrize(
    "state", ["review", "noticed", "awaiting", "answered", "expired", "withdrawn"]
)
def test_what_is_not_published_looks_like_nothing(evaluation, state: str) -> None:
    _record(evaluation, state)
    told = shown(evaluation)[1]
    assert (told["grade"], told["words"], told["reply"]) == ("", "", "")


def test_a_published_mark_names_its_tests_and_has_the_answer_beside_it(evaluation) -> None:
    _record(evaluation, "published")
    snapshot, told = shown(evaluation)
    assert (told["grade"], told["tests"]) == ("A", ["foreign-salt@1"])
    assert told["reply"] == "We do not know how."
    assert "p_e6" not in snapshot.body.split('"evidence"')[1].split("}")[0]


def _record(evaluation, state: str) -> None:
    finding = {"test": "foreign-salt@1", "source": "canaries", "effect_e4": 10_000, "p_e6": 1}
    EvidenceRecord.objects.create(
        evaluation=evaluation,
        state=state,
        grade="A",
        findings=[{**finding, "grade": "A"}],
        family=3,
        alarm_e6=501,
        reply="We do not know how.",
    )
