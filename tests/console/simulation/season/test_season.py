"""A season keeps its promises under the shipped rules, and notices each one that is taken away."""

from __future__ import annotations

import io
import json
import math
from dataclasses import replace

import pytest
from django.core.management import call_command

from benchserver.console.simulation.season import promises
from benchserver.console.simulation.season.cast import PANEL, cast
from benchserver.console.simulation.season.desk import Desk
from benchserver.console.simulation.season.promises import HELD_BY, gain_of
from benchserver.console.simulation.season.report import judge, trial
from benchserver.console.simulation.season.rules import Protection, Rules
from benchserver.console.simulation.season.season import Season, play
from benchserver.console.simulation.season.world import World
from benchserver.core.errors import BadInput, NotAllowed
from benchserver.measurement.contamination.evidence import Grade

SMALL = Rules(providers=16, rotations=3, tasks=60, samples=3)
SEEDS = range(3)


@pytest.fixture(scope="module")
def small() -> list[Season]:
    return [play(SMALL, seed=seed) for seed in SEEDS]


def broken(seasons: list[Season]) -> set[str]:
    return {promise.name for promise in judge(seasons) if not promise.holds}


def test_under_the_shipped_rules_every_promise_holds(small: list[Season]) -> None:
    assert broken(small) == set()
    assert sum(len(boards) for season in small for boards in season.z) > 40


@pytest.mark.parametrize(
    ("off", "noticed"),
    [
        (Protection.FIRST, "rows shown that are not a model's first"),
        (Protection.GROUPS, "evaluations beyond the quota of a company"),
        (Protection.LADDER, "verdicts an owner learns by asking again"),
        (Protection.FRESH, "exposures beyond the caps"),
        (Protection.COMPLETE, "gain of the withholder"),
        (Protection.AUDIT, "single results a reader can compute"),
        (Protection.SALTS, "leaks inside one window seen by salted canaries"),
        (Protection.EVIDENCE, "copies of the pool marked"),
    ],
)
def test_a_protection_that_is_taken_away_is_noticed(off: Protection, noticed: str) -> None:
    less = replace(SMALL, off=frozenset({off}))
    assert noticed in broken([play(less, seed=seed) for seed in SEEDS])


def test_without_a_quota_the_evaluations_are_seen_to_be_too_many() -> None:
    less = replace(SMALL, rotations=2, tasks=40, samples=1, off=frozenset({Protection.QUOTA}))
    season = play(less, seed=0, judged=False)
    assert gain_of([season], "variants").mean > gain_of([play(SMALL, seed=0)], "variants").mean
    assert season.gains["booster"]


@pytest.mark.parametrize("attacker", list(HELD_BY))
def test_every_attack_gains_more_than_one_error_where_nothing_holds_it(attacker: str) -> None:
    less = replace(SMALL, off=HELD_BY[attacker])
    control = gain_of([play(less, seed=seed, judged=False) for seed in SEEDS], attacker)
    assert control.mean - control.error > 1


def test_a_memorised_public_split_is_a_hint_and_a_foreign_number_is_proof(
    small: list[Season],
) -> None:
    closed = [grades for season in small for grades in season.grades]
    assert all(grades["crammer"] is Grade.ONE for grades in closed)
    proofs = [m for grades in closed for m, grade in grades.items() if grade is Grade.CONCLUSIVE]
    assert set(proofs) == {"neighbour"}
    assert len(proofs) == len(small)


def test_a_seed_gives_the_same_season_again(small: list[Season]) -> None:
    assert play(SMALL, seed=1) == small[1]
    assert play(SMALL, seed=1).z != small[0].z


@pytest.mark.parametrize(
    ("changed", "noticed"),
    [
        (Rules(providers=16, rotations=2, tasks=40, exposure_per_task=4), "turned away"),
        (Rules(providers=16, rotations=3, tasks=40, stock=60, intake=5), "pool ran short"),
        (Rules(providers=16, rotations=2, tasks=20, min_cell=25), "could not be published"),
    ],
)
def test_a_policy_that_does_not_work_is_seen_before_it_is_used(
    changed: Rules, noticed: str
) -> None:
    judged = promises.of_secrets([play(changed, seed=0)])
    assert any(noticed in promise.name for promise in judged if not promise.holds)


# --- the judges themselves ----------------------------------------------------------------------
def boards(z: float, count: int) -> Season:
    season = Season(rules=SMALL, seed=0)
    season.z = [[z, -z, z] for _ in range(count)]
    season.inside = [[abs(z) < 2] * 3 for _ in range(count)]
    season.equated_z = [z]
    return season


def test_errors_that_are_stated_too_small_are_noticed() -> None:
    assert all(p.holds for p in promises.of_scores([boards(1.0, 20)]))
    assert [p.holds for p in promises.of_scores([boards(2.1, 20)])][:2] == [False, False]


def test_too_many_boards_with_a_false_claim_are_noticed() -> None:
    season = Season(rules=SMALL, seed=0, false_claims=[0] * 38 + [1, 1])
    assert promises.of_tiers([season])[0].holds
    season.false_claims = [0] * 20 + [1] * 20
    assert not promises.of_tiers([season])[0].holds


def test_a_gain_of_one_error_or_more_is_noticed() -> None:
    season = Season(rules=SMALL, seed=0)
    season.gains["booster"] = [1.4, 1.6, 1.5, 1.5]
    held = {p.name: p.holds for p in promises.of_attacks([season])}
    assert held["gain of the booster"] is False
    assert held["gain of the variants"] is True  # it was never shown


@pytest.mark.parametrize(
    ("grades", "noticed"),
    [
        ({"honest-0": Grade.TWO}, "boards on which a clean model is marked"),
        ({"crammer": Grade.WATCH}, "memorised public splits seen (B)"),
        ({"insider": Grade.ONE}, "copies of the pool marked"),
    ],
)
def test_marks_that_are_wrong_or_missing_are_noticed(
    grades: dict[str, Grade], noticed: str
) -> None:
    right = {"honest-0": Grade.NONE, "crammer": Grade.ONE, "insider": Grade.TWO}
    season = Season(rules=SMALL, seed=0, grades=[right] * 12)
    assert all(promise.holds for promise in promises.of_memory([season]))
    season.grades = [right | grades] * 12
    assert [p.name for p in promises.of_memory([season]) if not p.holds] == [noticed]


# --- the desk and the world ---------------------------------------------------------------------
def test_the_desk_refuses_what_the_server_refuses() -> None:
    desk = Desk(SMALL, World(5))
    desk.open_rotation()
    variants = next(m for m in cast(SMALL) if m.name == "variants")
    variants.turn(desk)
    assert len(desk.runs) == 2  # 27 variants, three accounts, one owner
    account = desk.runs[0].account
    with pytest.raises(NotAllowed) as refusal:
        desk.ask(account, "one more", desk.runs[0].passed)
    assert refusal.value.code == "quota_used"


def test_no_task_is_sent_in_two_rotations() -> None:
    season = Desk(SMALL, World(5))
    for _ in range(3):
        season.open_rotation()
        for member in cast(SMALL)[:3]:
            member.turn(season)
    first, second, third = (set(form) for form in season.forms)
    assert not first & second
    assert not (first | second) & third


@pytest.mark.parametrize("ability", [PANEL[0], 0.0, PANEL[-1]])
def test_the_stated_truth_is_the_mean_of_what_is_drawn(ability: float) -> None:
    world = World(3)
    tasks = world.add_batch(4000)
    drawn = world.chances("some model", ability, tasks)
    error = float(drawn.std()) / math.sqrt(len(tasks))
    assert world.rate(ability, tasks) == pytest.approx(drawn.mean(), abs=4 * error)
    assert world.rate_on(ability, tasks) == pytest.approx(drawn.mean(), abs=4 * error)


@pytest.mark.parametrize(
    "wrong", [{"providers": 14}, {"tasks": 19}, {"rotations": 1}, {"stock": -1}]
)
def test_sizes_that_make_no_season_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(BadInput):
        Rules(**wrong)


# --- the command --------------------------------------------------------------------------------
def run(*words: str) -> tuple[str, int]:
    out = io.StringIO()
    try:
        call_command("simulate", "season", *words, stdout=out)
    except SystemExit as end:
        return out.getvalue(), int(end.code or 0)
    return out.getvalue(), 0


TINY = ("--providers", "15", "--rotations", "2", "--tasks", "40", "--samples", "1", "--seeds", "1")


def test_the_command_prints_the_table_and_one_document() -> None:
    text, code = run(*TINY, "--seed", "2")
    assert code == 0
    assert "promises broken" in text
    assert "BROKEN" not in text
    assert "first, ladder, quota" in text
    document = json.loads(run(*TINY, "--seed", "2", "--json")[0])
    assert document["holds"] is True
    assert document["secrets"]["computed by readers (audit)"]["count"] == 0
    assert document["attacks"]["memoriser"]["gain_without"] > 1


def test_a_broken_promise_ends_with_1() -> None:
    text, code = run(*TINY, "--without", "audit")
    assert code == 1
    assert "BROKEN" in text


# --- the whole of it ----------------------------------------------------------------------------
@pytest.mark.soak
def test_twenty_providers_over_four_rotations() -> None:
    """The same statements as above, at full size and over twelve seeds."""
    found = trial(Rules(), seeds=range(12))
    assert [p.name for p in found.promises if not p.holds] == []
    for gain, control in found.gains.values():
        assert gain.mean < 1 < control.mean
    kept, without = zip(*found.secrets.values(), strict=True)
    assert kept == (0, 0, 12)
    assert min(without[:2]) > 0
    assert without[2] == 0
