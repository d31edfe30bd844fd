"""Gaps, canaries, twins, relays: every known answer, and what must hold on any input."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from benchserver.core.errors import BadInput
from benchserver.measurement.contamination import canaries, gaps, relay, twins
from benchserver.measurement.contamination.canaries import Passes
from benchserver.measurement.contamination.relay import Shared
from benchserver.measurement.contamination.salts import MARKER, foreign, salt_of, salted
from benchserver.measurement.contamination.twins import Split

PANEL = (0.03, 0.05, -0.01, 0.04, 0.02, 0.06)
GAP_SE = math.hypot(math.sqrt(0.84 * 0.16 / 200), math.sqrt(0.66 * 0.34 / 200))
RATES = st.floats(0.001, 0.999)


def test_a_gap_is_judged_against_the_panels_own() -> None:
    found = gaps.against_panel(0.18, GAP_SE, PANEL)
    raw = 0.18 / GAP_SE
    assert raw == pytest.approx(4.25, abs=5e-3)
    assert found.adjusted == pytest.approx(0.148, abs=5e-4)
    assert found.statistic == pytest.approx(2.9587, abs=5e-5)
    assert found.p_value == pytest.approx(0.0158, abs=5e-5)
    assert found.p_normal == pytest.approx(0.0015, abs=5e-5)


@given(st.floats(-1, 1), st.lists(st.floats(-0.5, 0.5), min_size=2, max_size=8), st.floats(-1, 1))
def test_easier_public_tasks_shift_all_gaps_and_change_nothing(gap, panel, easier) -> None:
    one = gaps.against_panel(gap, 0.05, panel)
    other = gaps.against_panel(gap + easier, 0.05, [g + easier for g in panel])
    assert other.statistic == pytest.approx(one.statistic, abs=1e-6)


@pytest.mark.parametrize(
    ("passed", "chance", "factor"),
    [(0, 0.00156, 0.2365), (1, 0.1176, 8.08), (2, 0.9192, 300.5), (3, 0.99897, 12259)],
)
def test_canaries_have_the_known_posteriors(passed: int, chance: float, factor: float) -> None:
    plain = canaries.bayes_factor(Passes(passed, 10), honest=0.005, leaked=0.3)
    assert canaries.posterior(plain, prior=0.05) == pytest.approx(chance, abs=6e-5)
    assert canaries.mixed_factor(Passes(passed, 10)) == pytest.approx(factor, rel=5e-4)


def test_a_constants_bits_are_its_letters_without_what_a_salt_shows() -> None:
    assert canaries.secret_bits("8231907456612") == 43
    assert canaries.secret_bits("k7q2zt91xp") == 51
    assert canaries.secret_bits("a-{{salt}}-b") == canaries.secret_bits("a--b") < 40


def test_one_pass_never_convicts_and_the_power_is_the_stated_one() -> None:
    assert canaries.honest_rate(Passes(0, 400)) == pytest.approx(0.00746, abs=5e-6)
    assert canaries.reach(10, rate=0.3, least=2) == pytest.approx(0.851, abs=5e-4)
    assert canaries.reach(10, rate=0.1, least=2) == pytest.approx(0.264, abs=5e-4)
    assert canaries.reach(20, rate=0.1, least=2) == pytest.approx(0.608, abs=5e-4)
    assert canaries.chance(Passes(2, 10), honest=0.005) == pytest.approx(0.0011, abs=5e-5)


@given(st.integers(0, 9), RATES, RATES)
def test_another_pass_speaks_for_the_higher_rate(passed: int, one: float, two: float) -> None:
    honest, leaked = sorted((one, two))
    few, more = (
        canaries.bayes_factor(Passes(x, 10), honest=honest, leaked=leaked)
        for x in (passed, passed + 1)
    )
    assert more >= few * (1 - 1e-9)
    swapped = canaries.bayes_factor(Passes(passed, 10), honest=leaked, leaked=honest)
    assert few * swapped == pytest.approx(1)


SPLITS = [([0.6, 0.4], [0.6, 0.4]), ([0.4, 0.6], [0.4, 0.6])]


def test_a_gap_of_residuals_has_the_known_answer() -> None:
    found = gaps.residual_gap(([1, 0.8], [0.2, 0.4]), SPLITS, samples=5)
    assert found.adjusted == pytest.approx(0.6, abs=1e-9)
    # The panel has no gap at all, and its spread still counts what its sampling makes of it.
    among = 2 * (0.02 / 2 + 0.02 / 2) * 1.5
    own = 0.02 / 2 + 0.02 / 2
    assert found.statistic == pytest.approx(0.6 / (own + among) ** 0.5, abs=1e-9)
    assert found.df == pytest.approx((own + among) ** 2 / (own**2 + among**2), abs=1e-9)


@given(
    st.lists(st.integers(0, 5), min_size=24, max_size=24).filter(lambda x: 0 < sum(x) < 120),
    st.integers(0, 10**6),
)
@settings(max_examples=25, deadline=None)
def test_a_gap_does_not_know_the_order_of_tasks_or_of_the_panel(passes, seed) -> None:
    draw = random.Random(seed)
    panel = [[draw.randint(0, 4) / 5 for _ in range(24)] for _ in range(4)]
    panel[0][0] = 0.2
    rows = [[n / 5 for n in passes], *panel]
    splits = [(row[:12], row[12:]) for row in rows]
    found = gaps.residual_gap(splits[0], splits[1:], samples=5)
    order = draw.sample(range(12), 12)
    dealt = [([a[n] for n in order], b[::-1]) for a, b in splits]
    again = gaps.residual_gap(dealt[0], dealt[:0:-1], samples=5)
    assert again.p_value == pytest.approx(found.p_value, rel=1e-6)
    assert 3 - 1e-9 <= found.df <= 3 + 11 + 1e-9


def test_harder_public_tasks_are_no_memory_and_remembered_ones_are() -> None:
    draw = np.random.default_rng(5)
    hard = np.concatenate([draw.normal(-1, 1, 100), draw.normal(1, 1, 150)])  # public is easier

    def one(ability: float) -> gaps.Split:
        scores = draw.binomial(5, special.expit(ability - hard)) / 5
        return scores[:100].tolist(), scores[100:].tolist()

    panel = [one(ability) for ability in np.linspace(-1, 1, 6)]
    clean = one(1.5)
    assert gaps.residual_gap(clean, panel, samples=5).p_value > 0.01
    weak = one(-0.5)
    remembers = ([1.0] * 70 + list(weak[0][70:]), weak[1])
    assert gaps.residual_gap(weak, panel, samples=5).p_value > 0.01
    assert gaps.residual_gap(remembers, panel, samples=5).p_value < 1e-3


def test_a_gap_of_models_that_solve_everything_is_refused() -> None:
    whole = ([1.0, 1.0], [1.0, 1.0])
    for own, panel in ((whole, SPLITS), (SPLITS[0], [SPLITS[1], whole])):
        with pytest.raises(BadInput):
            gaps.residual_gap(own, panel, samples=5)
    with pytest.raises(BadInput):
        gaps.residual_gap(([0.5], [0.2]), [([0.4], [0.3]), ([0.3], [0.4])], samples=5)


def test_twins_have_the_known_answers() -> None:
    found = twins.twin_test(Split(18, 5), pairs=60)
    assert found.p_two_sided == pytest.approx(0.0106220245361, abs=1e-9)
    assert found.p_value == found.p_plain == pytest.approx(0.0053110122681, abs=1e-9)
    assert found.p_mid == pytest.approx(0.0066107511520, abs=1e-9)
    assert found.effect == pytest.approx(13 / 60)
    assert 2 * twins.one_sided(Split(6, 0)) == pytest.approx(0.03125, abs=1e-9)
    assert 2 * twins.one_sided(Split(12, 2)) == pytest.approx(0.012939453125, abs=1e-9)


def test_a_twin_that_is_harder_for_the_panel_too_proves_nothing() -> None:
    alike = twins.twin_test(Split(18, 5), pairs=60, panel=Split(36, 10), panel_pairs=120)
    assert alike.p_value > 0.5
    assert alike.effect == pytest.approx(0)
    fair = twins.twin_test(Split(18, 5), pairs=60, panel=Split(20, 20), panel_pairs=120)
    assert 0.0053 < fair.p_value < 0.05


@given(st.integers(0, 30), st.integers(0, 30))
def test_the_two_directions_of_a_twin_test_cover_everything(first: int, second: int) -> None:
    total = twins.one_sided(Split(first, second)) + twins.one_sided(Split(second, first))
    assert total >= 1 - 1e-9


def test_shared_failures_have_the_known_answers() -> None:
    assert relay.tail(Shared(40, 30), base=0.35) == pytest.approx(2.9e-7, abs=5e-9)
    assert 45 * relay.tail(Shared(40, 30), base=0.35) == pytest.approx(1.3e-5, abs=5e-7)
    assert relay.tail(Shared(40, 18), base=0.35) == pytest.approx(0.124, abs=5e-4)


def test_only_what_both_fail_is_counted_and_every_look_is_paid_for() -> None:
    same = {task: "a" for task in range(20)}
    own = {task: f"own {task}" for task in range(20)}
    found = relay.likest(same, [own, same | {99: "z"}, {1: "a"}, {}], base=0.3)
    assert found is not None
    assert found.shared == Shared(20, 20)
    assert found.excess == pytest.approx(0.7)
    assert found.p_value == pytest.approx(3 * 0.3**20)  # the empty one was not looked at
    again = relay.likest(same, [own, same], base=0.3, least=20)
    assert again is not None
    assert again.p_value == pytest.approx(2 * 0.3**20)
    assert relay.likest(same, [own], base=0.3, least=21) is None
    alone = relay.likest(same, [own], base=0.3)
    assert alone is not None
    assert alone.p_value == 1


def test_the_base_comes_from_the_panel_and_is_its_upper_end() -> None:
    panel = [{1: "a", 2: "b"}, {1: "a", 2: "c"}]
    assert 0.5 < relay.base_rate(panel) < 1
    with pytest.raises(BadInput):
        relay.base_rate([{1: "a"}, {2: "a"}])


def test_a_salt_is_one_recipients_own_and_always_the_same() -> None:
    ours, theirs = (salt_of(b"key", "version", group, "r1") for group in ("a", "b"))
    assert ours == salt_of(b"key", "version", "a", "r1") != salt_of(b"other", "version", "a", "r1")
    assert ours != theirs
    assert len(ours) == 14
    assert ours.isdigit()
    assert salted(f"Start at {MARKER}.", ours) == f"Start at {ours}."
    reply = f"x = {theirs}"
    assert foreign(reply, own=ours, others=[ours, theirs]) == 1
    assert foreign(f"x = {ours}", own=ours, others=[ours, theirs]) == 0


@pytest.mark.parametrize(
    "question",
    [
        lambda: gaps.against_panel(0.1, 0.1, [0.1]),
        lambda: gaps.against_panel(0.1, 0.0, [0.1, 0.1]),
        lambda: Passes(3, 2),
        lambda: canaries.bayes_factor(Passes(1, 2), honest=0.0, leaked=0.3),
        lambda: canaries.posterior(1.0, prior=1.0),
        lambda: canaries.mixed_factor(Passes(1, 2), leaked=(0, 1)),
        lambda: twins.twin_test(Split(3, 3), pairs=5),
        lambda: Split(-1, 0),
        lambda: relay.tail(Shared(3, 4), base=0.3),
    ],
)
def test_what_cannot_be_is_refused(question) -> None:
    with pytest.raises(BadInput):
        question()


def gap_alarms(models: int, *, taste: float) -> dict[float, float]:
    """Share of clean models with p below a level; ``taste``: how much models of the same ability
    really differ in how much easier public tasks are for them, in logits."""
    draw = np.random.default_rng(11)
    p_values = []
    for _ in range(models):
        hard = np.concatenate([draw.normal(0, 1, 40), draw.normal(0.3, 1, 60)])
        abilities = [*draw.normal(-0.3, 0.7, 6), draw.normal(0.3, 0.7)]
        splits = []
        for ability in abilities:
            easier = np.repeat([draw.normal(0, taste), 0.0], [40, 60])
            scores = draw.binomial(3, special.expit(ability - hard + easier)) / 3
            splits.append((scores[:40].tolist(), scores[40:].tolist()))
        p_values.append(gaps.residual_gap(splits[-1], splits[:-1], samples=3).p_value)
    found = np.array(p_values)
    return {level: float((found < level).mean()) for level in (0.05, 0.01, 0.001)}


def rate_holds(models: int) -> None:
    for taste in (0.0, 0.3):
        for level, share in gap_alarms(models, taste=taste).items():
            assert share <= level + 4 * math.sqrt(level * (1 - level) / models), (taste, level)


def test_a_clean_gap_alarms_no_more_often_than_stated() -> None:
    rate_holds(120)


@pytest.mark.soak
def test_a_clean_gap_alarms_no_more_often_than_stated_over_2000_of_each() -> None:
    rate_holds(2000)


@pytest.mark.soak
@pytest.mark.parametrize(("taste", "most"), [(0.0, 1.0), (0.5, 1.0), (1.0, 1.0), (2.0, 2.0)])
def test_far_out_the_rule_holds_while_taste_is_no_larger_than_sampling(taste, most) -> None:
    """The statistic alone, two million times; ``taste`` in errors of a panel model's gap."""
    draw, n, m = np.random.default_rng(3), 2_000_000, 6
    own, drawn = 1.0, 0.8
    real = taste**2 * drawn
    gap = draw.normal(0, np.sqrt(own + real + (drawn + real) / m), n)
    seen = (drawn + real) * draw.chisquare(m - 1, n) / (m - 1)
    among = np.maximum(seen, drawn) * (1 + 1 / m)
    df = (own + among) ** 2 / (own**2 / 99 + among**2 / (m - 1))
    p = stats.t.sf(gap / np.sqrt(own + among), df)
    for level in (1e-3, 1e-4, 1e-5):
        chance = 4 * math.sqrt(level / n)
        assert (p < level).mean() <= most * level + chance, level
