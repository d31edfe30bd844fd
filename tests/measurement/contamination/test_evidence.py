"""The rule: one hint is watched, two of different data may be said, and clean models are safe."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchserver.core.errors import BadInput
from benchserver.measurement.contamination import battery
from benchserver.measurement.contamination.canaries import Passes
from benchserver.measurement.contamination.evidence import (
    ALPHA,
    Finding,
    Grade,
    Source,
    false_alarm,
    grade,
    may_publish,
)
from benchserver.measurement.contamination.simulation import CLEAN, Cheat, Rates, World, run

GAP = Finding(test="gap-vs-panel@1", source=Source.PUBLIC_TASKS, p_value=1e-6, effect=0.2)
CLIFF = Finding(test="cliff-residuals@1", source=Source.PUBLIC_TASKS, p_value=1e-6, effect=0.2)
CANARY = Finding(test="canary-passes@1", source=Source.CANARIES, p_value=1e-6, effect=0.3)
SALT = Finding(
    test="foreign-salt@1", source=Source.CANARIES, p_value=1e-12, effect=1, conclusive=True
)
FINDINGS = st.builds(
    Finding,
    test=st.just("t@1"),
    source=st.sampled_from(Source),
    p_value=st.floats(0, 1),
    effect=st.floats(-1, 1),
)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([], Grade.NONE),
        ([GAP], Grade.ONE),
        ([GAP, CLIFF], Grade.ONE),
        ([GAP, CANARY], Grade.TWO),
        ([SALT], Grade.CONCLUSIVE),
    ],
)
def test_two_tests_of_the_same_data_are_one_hint(found: list[Finding], expected: Grade) -> None:
    assert grade(found, family=100) is expected
    assert may_publish(expected) is (expected in (Grade.TWO, Grade.CONCLUSIVE))


def test_every_test_on_the_board_is_paid_for() -> None:
    assert grade([GAP, CANARY], family=999) is Grade.TWO
    assert grade([GAP, CANARY], family=1001) is Grade.WATCH


def test_a_small_effect_is_watched_however_sure_it_is() -> None:
    small = Finding(test="gap-vs-panel@1", source=Source.PUBLIC_TASKS, p_value=0, effect=0.049)
    assert grade([small, CANARY], family=10) is Grade.ONE


@given(st.lists(FINDINGS, max_size=6), FINDINGS, st.integers(7, 500))
def test_more_evidence_never_lowers_a_grade_and_a_larger_family_never_raises_it(
    found: list[Finding], more: Finding, family: int
) -> None:
    order = [Grade.NONE, Grade.WATCH, Grade.ONE, Grade.TWO, Grade.CONCLUSIVE]
    before, after = grade(found, family=family), grade([*found, more], family=family)
    assert order.index(after) >= order.index(before)
    assert order.index(grade(found, family=family + 1)) <= order.index(before)
    assert grade(found[::-1], family=family) is before


def test_the_stated_false_alarm_rate_has_the_known_answers() -> None:
    rate = false_alarm(models=20)
    assert rate.independent == pytest.approx(2e-8)
    assert rate.bound == pytest.approx(ALPHA / 2)
    guessing = false_alarm(models=20, guesses=1000)
    assert guessing.conclusive == pytest.approx(1000 * 2.0**-40, rel=1e-6)
    assert guessing.bound > rate.bound


def test_impossible_families_and_findings_are_refused() -> None:
    with pytest.raises(BadInput):
        grade([GAP, CANARY], family=1)
    with pytest.raises(BadInput):
        Finding(test="t@1", source=Source.TWINS, p_value=1.1, effect=0)
    with pytest.raises(BadInput):
        false_alarm(models=0)


def test_without_data_nothing_is_tested() -> None:
    nothing = battery.Subject()
    assert battery.findings(nothing) == []
    assert battery.tests_of(nothing) == 0


def test_one_foreign_salt_is_conclusive_and_two_canaries_of_ten_are_a_hint() -> None:
    assert grade(battery.findings(battery.Subject(salts=1)), family=100) is Grade.CONCLUSIVE
    counted = battery.Counted(model=Passes(3, 10), panel=Passes(0, 1000))
    (found,) = battery.findings(battery.Subject(canaries=counted))
    assert found.effect == pytest.approx(0.3)
    assert grade([found], family=10) is Grade.ONE


def shown(clean: Rates, hard: Rates, faint: Rates) -> None:
    """The same statement, whatever the number of models drawn."""
    stated = false_alarm(models=World().models).bound
    assert clean.marked <= stated * clean.models + 1  # one may fall by chance, two hardly
    assert hard.marked >= 0.9 * hard.models
    assert faint.marked <= 0.5 * faint.models
    assert clean.grades["A"] == 0


def rates(models: int) -> tuple[Rates, Rates, Rates]:
    hard = Cheat(remembered=0.7, leaked=0.6, recited=0.6)
    faint = Cheat(remembered=0.1, leaked=0.05)
    return tuple(run(models=models, cheat=c, seed=5) for c in (CLEAN, hard, faint))


def test_clean_and_cheating_models_are_separated_at_the_stated_rate() -> None:
    shown(*rates(60))


@pytest.mark.soak
def test_clean_and_cheating_models_are_separated_over_2000_of_each() -> None:
    shown(*rates(2000))


def test_memory_of_the_public_tasks_alone_is_one_hint_and_stays_inside() -> None:
    found = run(models=40, cheat=Cheat(remembered=1.0), world=World(pairs=0), seed=2)
    assert found.grades["B"] >= 36
    assert found.marked == 0
    assert found.hits["cliff-residuals@1"] >= 36
    assert found.hits["gap-residuals@1"] >= 4


def test_twins_are_a_second_source_for_a_model_that_remembers_originals() -> None:
    found = run(models=40, cheat=Cheat(remembered=1.0), world=World(pairs=50), seed=2)
    assert found.hits["twins@1"] >= 4
    assert found.marked >= 4
    clean = run(models=40, cheat=CLEAN, world=World(pairs=50), seed=2)
    assert (clean.marked, sum(clean.hits.values())) == (0, 0)


def test_hidden_literals_are_seen_in_a_tenth_of_the_replies() -> None:
    found = run(models=20, cheat=Cheat(tabled=0.1), seed=3)
    assert found.hits["hidden-literals@1"] >= 18
    assert found.marked == 0
