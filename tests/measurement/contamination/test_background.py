"""Figures beside the findings: what they say, and that no grade ever rests on them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from benchserver.measurement.contamination import background, battery, canaries, cliff
from benchserver.measurement.contamination.canaries import Passes

CUTOFF = date(2026, 1, 1)


def named(subject: battery.Subject) -> dict[str, background.Figure]:
    return {figure.test: figure for figure in background.figures(subject)}


def counted(passed: int, *, panel: Passes) -> battery.Subject:
    return battery.Subject(canaries=battery.Counted(model=Passes(passed, 10), panel=panel))


def dated(before: int, after: int, *, hardness: tuple[float, ...] = (0.5,)) -> battery.Subject:
    """100 tasks on each side of the cutoff, so many of them solved."""
    written = [CUTOFF - timedelta(days=200)] * 100 + [CUTOFF + timedelta(days=200)] * 100
    scores = [float(n < solved) for solved in (before, after) for n in range(100)]
    rates = [hardness[n % len(hardness)] for n in range(200)]
    return battery.Subject(
        dated=battery.Dated(
            written=tuple(written),
            cutoff=CUTOFF,
            start=None,
            scores=tuple(scores),
            panel_passed=tuple(8 * rate for rate in rates),
            panel_samples=(8.0,) * 200,
        )
    )


def test_canaries_become_a_chance_by_the_panels_own_rate() -> None:
    found = named(counted(2, panel=Passes(0, 400)))
    factor = canaries.bayes_factor(Passes(2, 10), honest=1 - 0.05 ** (1 / 400), leaked=0.3)
    known = canaries.posterior(factor, prior=0.05)
    assert found["canary-posterior@1"].value == pytest.approx(known, abs=1e-6)
    assert "honest 0.75%, leaked 30%" in found["canary-posterior@1"].what
    mixed = 0.05 * 300.5 / (0.05 * 300.5 + 0.95)
    assert found["canary-factor@1"].value == pytest.approx(mixed, abs=1e-4)


def test_a_panel_of_few_runs_leaves_only_the_factor_that_knows_no_rate() -> None:
    assert set(named(counted(2, panel=Passes(0, 5)))) == {"canary-factor@1"}


def test_more_passes_never_make_a_leak_less_likely() -> None:
    chances = [
        named(counted(n, panel=Passes(0, 400)))["canary-posterior@1"].value for n in range(11)
    ]
    assert chances == sorted(chances)


def test_a_fall_at_the_cutoff_has_its_plain_and_its_stratified_odds_ratio() -> None:
    found = named(dated(62, 41))
    assert found["cliff-fisher@1"].value == pytest.approx(2.348, abs=1e-3)
    assert found["cliff-fisher@1"].p_value == pytest.approx(0.00453864723553, abs=1e-9)
    one = cliff.mantel_haenszel([cliff.Table(62, 100, 41, 100)])
    assert found["cliff-strata@1"].value == pytest.approx(one.odds_ratio, abs=1e-9)
    assert found["cliff-strata@1"].p_value == pytest.approx(one.p_corrected, abs=1e-9)


def test_strata_take_out_what_harder_newer_tasks_make_of_a_fall() -> None:
    subject = dated(50, 50)
    assert subject.dated is not None
    easy = [n % 100 < (80 if n < 100 else 20) for n in range(200)]  # old tasks are mostly easy
    harder = battery.Dated(
        written=subject.dated.written,
        cutoff=CUTOFF,
        start=None,
        scores=tuple(float((n * 7919) % 100 < (90 if e else 20)) for n, e in enumerate(easy)),
        panel_passed=tuple(7.0 if e else 1.0 for e in easy),
        panel_samples=(8.0,) * 200,
    )
    found = named(battery.Subject(dated=harder))
    assert found["cliff-fisher@1"].p_value < 0.001
    assert found["cliff-strata@1"].p_value > 0.05


def test_without_data_there_is_nothing_and_a_side_without_tasks_is_none() -> None:
    assert background.figures(battery.Subject()) == []
    late = dated(62, 41)
    assert late.dated is not None
    only = battery.Dated(
        written=(CUTOFF + timedelta(days=200),) * 200,
        cutoff=CUTOFF,
        start=None,
        scores=late.dated.scores,
        panel_passed=late.dated.panel_passed,
        panel_samples=late.dated.panel_samples,
    )
    assert background.figures(battery.Subject(dated=only)) == []


def test_hidden_literals_are_held_against_the_panel_and_without_one_have_no_p() -> None:
    panel = Passes(2, 600)
    many = battery.Counted(model=Passes(9, 100), panel=panel)
    (found,) = battery.findings(battery.Subject(literals=many))
    assert found.p_value < 1e-5
    assert found.effect == pytest.approx(0.09 - 2 / 600)
    alone = battery.Counted(model=Passes(9, 100), panel=Passes(0, 0))
    (silent,) = battery.findings(battery.Subject(literals=alone))
    assert silent.p_value == 1.0
    assert battery.tests_of(battery.Subject(literals=alone)) == 1
