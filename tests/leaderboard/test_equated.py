"""Across rotations: a board says what a score would be on the first form, or why it cannot tell."""

from __future__ import annotations

import math
from collections.abc import Callable
from uuid import UUID

import pytest

from benchserver import wiring
from benchserver.console.linkreport import link_report
from benchserver.core.errors import BadInput, NotAllowed
from benchserver.core.task import Split
from benchserver.core.verdict import Verdict
from benchserver.evaluations.models import Attempt, Evaluation, Exposure, IdentityMark
from benchserver.evaluations.panel import run_panel
from benchserver.evaluations.queries import exposed
from benchserver.evaluations.request import request
from benchserver.leaderboard.models import PublishedRotation, Snapshot
from benchserver.leaderboard.publish import publish
from benchserver.pools.ingest import ingest
from benchserver.pools.intake import Report
from benchserver.providers import panel
from benchserver.providers.models import Endpoint, PanelModel
from tests import arrange, factories

pytestmark = pytest.mark.django_db
TASKS, SAMPLES, SHIFT = 24, 4, 0.4
ABILITIES = (-3.6, -1.0, -0.4, 0.3, 1.0, 4.0)  # of the panel
FAMILIES = ("oak", "oak", "elm", "elm", "fir", "fir")


def member(number: int, *, frozen: str = "2026-01-01") -> Endpoint:
    found = factories.panel_endpoint(
        f"panel-{number}",
        family=FAMILIES[number],
        digest=digest(number),
        frozen=frozen,
        url=arrange.NOWHERE,
    )
    return factories.admitted(found)


def digest(number: int) -> str:
    return f"{number:064x}"


def chance(ability: float, place: int, shift: float) -> float:
    """Difficulties lie 3 logits to both sides; ``shift``: how much harder all of them are."""
    difficulty = (place * 7 % TASKS) / TASKS * 5 - 2.5 + shift
    return 1 / (1 + math.exp(difficulty - ability))


def of_ability(ability: float, shift: float) -> Callable[[Attempt], Verdict]:
    places: dict[UUID, int] = {}  # by task: its position is another one in every form

    def verdict(attempt: Attempt) -> Verdict:
        if not places:
            versions = attempt.entry.form.entries.order_by("version_id")
            places.update(
                (v, n) for n, v in enumerate(versions.values_list("version_id", flat=True))
            )
        passes = SAMPLES * chance(ability, places[attempt.entry.version_id], shift)
        return Verdict.PASSED if attempt.sample + 0.5 < passes else Verdict.WRONG_ANSWER

    return verdict


def run_all(stage: arrange.Board, members: list[Endpoint], shift: float) -> list[Evaluation]:
    runs = []
    for number, endpoint in enumerate(members):
        run = run_panel(
            endpoint=endpoint, track=stage.track, weights_digest=digest(number), by="test"
        )
        assert arrange.completed(run, of_ability(ABILITIES[number], shift)) == "complete"
        runs.append(run)
    return runs


def board_of(stage: arrange.Board) -> dict:
    return publish(
        track=stage.track, signer=wiring.signer(), sealer=wiring.sealer(), by="test"
    ).board


def compete(stage: arrange.Board, owner: str, ability: float, shift: float) -> Evaluation:
    made = arrange.started(stage, owner=owner, model=owner.lower())
    arrange.completed(made, of_ability(ability, shift))
    return made


def fresh_tasks(stage: arrange.Board) -> None:
    """As many new private tasks; the old ones are spent by then."""
    specs = [factories.task(200 + n, Split.PRIVATE) for n in range(TASKS)]
    pairs = [(s, Report(source_id=s.source_id, gates=(factories.GOOD,))) for s in specs]
    ingest(
        pool=stage.pool, tasks=pairs, sealer=wiring.sealer(), mac_key=wiring.mac_key(), by="test"
    )


@pytest.fixture
def stage(wired) -> arrange.Board:
    return arrange.board(private=TASKS, public=0, samples=SAMPLES)


def two_rotations(stage: arrange.Board, members: list[Endpoint]) -> dict:
    run_all(stage, members, 0.0)
    compete(stage, "Acme", 0.5, 0.0)
    first = board_of(stage)
    assert Snapshot.objects.count() == 1
    fresh_tasks(stage)
    arrange.next_rotation(stage)
    run_all(stage, members, SHIFT)
    compete(stage, "Bolt", 0.5, SHIFT)
    second = board_of(stage)
    return {"first": first, "second": second}


def test_two_equal_models_on_unequal_rotations_are_equal_on_the_first_form(stage):
    boards = two_rotations(stage, [member(n) for n in range(6)])
    (acme,), (bolt,) = boards["first"]["rows"], boards["second"]["rows"]
    assert boards["second"]["equating"]["reasons"] == []
    assert boards["second"]["equating"]["comparable"]
    link = boards["second"]["equating"]["link"]
    assert abs(link["shift_e3"] - 1000 * SHIFT) < 2 * link["shift_se_e3"]
    assert (link["panel_models"], link["panel_families"]) == (6, 3)
    # on the first form itself the equated number is the score
    assert abs(acme["equated"]["expected_e4"] - acme["private"]["score_e4"]) <= 1
    assert acme["private"]["score_e4"] - bolt["private"]["score_e4"] > 300
    assert abs(acme["equated"]["expected_e4"] - bolt["equated"]["expected_e4"]) < 150
    here = bolt["equated"]
    assert here["low_e4"] < here["expected_e4"] < here["high_e4"]
    assert boards["second"]["estimators"]["rows.*.equated.expected_e4"] == "equated-score@2"
    assert boards["second"]["estimators"]["equating.link.shift_e3"] == "panel-rasch@1"


def test_with_five_panel_models_nothing_is_said_across_rotations(stage):
    boards = two_rotations(stage, [member(n) for n in range(5)])
    for board in boards.values():
        assert not board["equating"]["comparable"]
        assert "5 panel models, 6 are needed" in board["equating"]["reasons"]
        assert [row["equated"] for row in board["rows"]] == [None]


def test_a_model_that_leaves_the_panel_links_nothing_more(stage):
    members = [member(n) for n in range(6)]
    run_all(stage, members, 0.0)
    compete(stage, "Acme", 0.5, 0.0)
    assert board_of(stage)["equating"]["comparable"]
    panel.retire(member=PanelModel.objects.first(), by="test")
    again = board_of(stage)["equating"]
    assert (again["comparable"], again["link"]["panel_models"]) == (False, 5)


@pytest.mark.parametrize("why", ["weights as young as the tasks", "an endpoint that changed"])
def test_a_run_that_may_have_met_the_tasks_or_another_model_is_left_out(stage, why):
    young = "2026-11-01" if why.startswith("weights") else "2026-01-01"
    members = [member(n) for n in range(5)] + [member(5, frozen=young)]
    runs = run_all(stage, members, 0.0)
    if why.startswith("an endpoint"):
        IdentityMark.objects.create(evaluation=runs[-1], moment="after", kinds=["wording"])
    assert board_of(stage)["equating"]["link"]["panel_models"] == 5


def test_the_panel_exposes_nothing_uses_no_quota_and_stands_on_no_board(stage):
    run_all(stage, [member(0), member(1)], 0.0)
    assert not Exposure.objects.exists()
    assert exposed(stage.pool) == {}
    board = board_of(stage)
    assert (board["rows"], board["unranked"], board["evaluations"]["started"]) == ([], [], 0)
    assert PublishedRotation.objects.get().evaluations_started == 0


def test_the_engine_sends_to_the_panel_without_an_exposure(stage):
    run = run_panel(endpoint=member(0), track=stage.track, weights_digest=digest(0), by="test")
    attempt = arrange.judged(run)
    assert attempt.sends.count() == 1
    assert not Exposure.objects.exists()


def test_a_panel_model_never_competes(stage):
    with pytest.raises(NotAllowed) as refusal:
        request(endpoint=member(0), track=stage.track, by="test")
    assert refusal.value.code == "panel_model"


def test_other_weights_are_refused_and_nothing_is_written(stage):
    endpoint = member(0)
    before = arrange.row_counts()
    with pytest.raises(NotAllowed) as refusal:
        run_panel(endpoint=endpoint, track=stage.track, weights_digest=digest(9), by="test")
    assert refusal.value.code == "panel_weights_changed"
    assert arrange.row_counts() == before


def test_a_model_runs_a_form_once(stage):
    endpoint = member(0)
    run_panel(endpoint=endpoint, track=stage.track, weights_digest=digest(0), by="test")
    with pytest.raises(NotAllowed) as refusal:
        run_panel(endpoint=endpoint, track=stage.track, weights_digest=digest(0), by="test")
    assert refusal.value.code == "panel_has_run"


def test_frozen_weights_cannot_be_changed_in_the_database_either(stage):
    member(0)
    with pytest.raises(Exception, match="frozen"):
        PanelModel.objects.update(weights_digest=digest(9))


def test_an_endpoint_elsewhere_than_on_the_named_host_is_refused(stage, monkeypatch):
    monkeypatch.setattr(arrange, "NOWHERE", "https://api.example.org/v1")
    with pytest.raises(BadInput, match="host you named"):
        member(0)


def test_a_bounded_score_has_no_equated_number_whatever_lies_behind_the_bound(stage):
    run_all(stage, [member(n) for n in range(6)], 0.0)
    compete(stage, "Acme", 9.0, 0.0)
    compete(stage, "Bolt", 0.5, 0.0)
    board = board_of(stage)
    assert board["equating"]["comparable"]
    told = {
        row["model"]["name"]: (row["private"]["bound"], row["equated"]) for row in board["rows"]
    }
    assert told["acme"] == ("at_least", None)
    assert told["bolt"][0] == ""
    assert told["bolt"][1] is not None


def test_an_equated_number_follows_from_the_total_alone(stage):
    """Two models with one total and other tasks passed get the same number, to the digit."""
    run_all(stage, [member(n) for n in range(6)], 0.0)
    for owner, turn in (("Acme", 0), ("Bolt", 5)):
        made = arrange.started(stage, owner=owner, model=owner.lower())
        arrange.completed(
            made,
            lambda a, turn=turn: (
                Verdict.PASSED if (a.entry.position + turn) % TASKS < 10 else Verdict.WRONG_ANSWER
            ),
        )
    one, other = board_of(stage)["rows"]
    assert one["private"]["passed"] == other["private"]["passed"]
    assert one["equated"] == other["equated"]


def test_who_else_competes_moves_no_equated_number(stage):
    run_all(stage, [member(n) for n in range(6)], 0.0)
    compete(stage, "Acme", 0.5, 0.0)
    (alone,) = board_of(stage)["rows"]
    compete(stage, "Bolt", -0.5, 0.0)
    beside = {row["model"]["name"]: row["equated"] for row in board_of(stage)["rows"]}
    assert beside["acme"] == alone["equated"]


def test_without_a_panel_run_the_board_says_so(stage):
    compete(stage, "Acme", 0.5, 0.0)
    board = board_of(stage)
    assert board["equating"]["reasons"] == ["no panel model has run this form, the first one"]
    assert board["equating"]["link"] is None
    assert board["rows"][0]["equated"] is None


def test_shared_tasks_are_a_cross_check_of_the_link(stage):
    members = [member(n) for n in range(6)]
    run_all(stage, members, 0.0)
    board_of(stage)
    arrange.next_rotation(stage)  # nobody but the panel met the tasks, so they come again
    run_all(stage, members, 0.0)
    report = link_report(stage.track)
    assert report["harder by"].startswith("0.000")  # all tasks are shared: nothing to link
    assert report["shared tasks"] == f"{TASKS}, 0 drifted"
    assert report["shared tasks moved by"].startswith(("0.000", "-0.000"))
    for method in ("mean-mean", "mean-sigma", "Stocking-Lord", "Haebara"):
        assert report[method].startswith("1.000 x theta")
    assert report["difficulties by marginal likelihood"] > "correlation 0.9"
