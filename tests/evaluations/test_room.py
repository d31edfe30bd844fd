"""A plan says who would be turned away, before anybody is."""

from __future__ import annotations

import pytest
from django.core.management import call_command

from benchserver.evaluations import room
from benchserver.evaluations.models import Exposure
from benchserver.providers.models import Endpoint
from tests import arrange, factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def stage(wired) -> arrange.Board:
    return arrange.board(private=24, public=2)


def entrants(count: int) -> list[Endpoint]:
    return [
        factories.endpoint(factories.provider(f"Owner {n}"), arrange.NOWHERE, model=f"model-{n}")
        for n in range(count)
    ]


def plan_of(stage: arrange.Board, capsys: pytest.CaptureFixture[str]) -> str:
    call_command("rotation", "plan", "--pool", stage.pool.slug)
    return capsys.readouterr().out


def test_a_plan_for_twenty_groups_says_that_ten_do_not_fit_and_what_to_set(stage, capsys, settings):
    entrants(20)
    text = plan_of(stage, capsys)
    assert "20 owner groups have an endpoint that may be evaluated, and 10 of them fit" in text
    assert "EXPOSURE_PER_TASK=20 lets all in" in text
    settings.EXPOSURE_PER_TASK = 20
    assert "of them fit" not in plan_of(stage, capsys)


def test_groups_that_met_a_task_before_take_up_its_places(stage):
    one, two, *_ = entrants(2)
    versions = [str(v) for v in stage.rotation.plan["versions"]]
    assert room.shortage(stage.pool, versions, per_task=2) == ""
    evaluation = arrange.started(stage, owner="Owner early", model="early")
    Exposure.objects.filter(owner_group=evaluation.owner_group).update(
        first_sent_at=stage.rotation.opens_at
    )
    Endpoint.objects.filter(pk=evaluation.endpoint_id).update(state=Endpoint.State.PAUSED)
    assert "2 owner groups have an endpoint that may be evaluated, and 1 of them fit" in (
        room.shortage(stage.pool, versions, per_task=2)
    )
    assert "EXPOSURE_PER_TASK=3 lets all in" in room.shortage(stage.pool, versions, per_task=2)
    assert {one.state, two.state} == {Endpoint.State.ACTIVE}


def test_the_panel_and_endpoints_that_may_not_be_evaluated_need_no_place(stage):
    one, two, three = entrants(3)
    arrange.to_panel(one.model)
    Endpoint.objects.filter(pk=two.pk).update(state=Endpoint.State.AWAITING)
    assert room.candidates() == 1
    assert three.state == Endpoint.State.ACTIVE


def tasks(*numbers: int) -> frozenset[str]:
    return frozenset(map(str, numbers))


def test_two_tracks_that_share_tasks_and_hardly_differ_are_named():
    (words,) = room.crossings({"all": tasks(*range(100)), "most": tasks(*range(95))})
    assert "tracks all and most share 95 hidden tasks and differ by 5 and 0" in words


@pytest.mark.parametrize(
    "other",
    [tasks(*range(100, 200)), tasks(*range(50)), tasks(*range(100)), tasks(*range(5))],
    ids=["disjoint", "half", "the same", "too small to be told"],
)
def test_tracks_whose_totals_tell_of_no_few_tasks_are_not(other):
    assert room.crossings({"all": tasks(*range(100)), "other": other}) == []
