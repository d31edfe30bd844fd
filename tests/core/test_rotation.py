"""A plan never reuses a worn task, does not depend on the order of its input, and says why."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchserver.core.errors import BadInput, NotAllowed
from benchserver.core.rotation import (
    Candidate,
    Policy,
    Window,
    apportion,
    check_windows,
    make_plan,
    spent,
)
from benchserver.core.task import Split

POLICY = Policy(private_target=30, public_target=5, min_private=20)


def fresh(number: int, **changes: object) -> Candidate:
    base = Candidate(version_id=f"v{number:03}", family=f"f{number}", split=Split.PRIVATE)
    return replace(base, **changes)  # type: ignore[arg-type]


candidates = st.lists(
    st.builds(
        Candidate,
        version_id=st.integers(0, 10**6).map(lambda n: f"v{n}"),
        family=st.sampled_from(["a", "b", "c"]),
        split=st.sampled_from(list(Split)),
        age_days=st.integers(0, 240),
        exposures_by_group_max=st.integers(0, 3),
        exposed_groups=st.integers(0, 14),
        topic=st.sampled_from(["graphs", "text", ""]),
        language=st.sampled_from(["python", "rust"]),
        difficulty=st.sampled_from(["easy", "hard"]),
        in_current=st.booleans(),
        retired=st.booleans(),
        unfit=st.sampled_from(["", "", "", "leaked"]),
    ),
    max_size=60,
    unique_by=lambda c: c.version_id,
)
policies = st.builds(
    Policy,
    private_target=st.integers(5, 30),
    public_target=st.integers(0, 10),
    min_private=st.integers(1, 5),
    exposure_per_provider=st.integers(1, 3),
    exposure_per_task=st.integers(1, 12),
    topic_weights=st.dictionaries(st.sampled_from(["graphs", "text"]), st.integers(0, 4)),
    seed=st.text(max_size=4),
)


@settings(deadline=None)
@given(candidates, policies)
def test_a_worn_or_retired_task_is_never_used_again(pool: list[Candidate], policy: Policy) -> None:
    plan = make_plan(pool, policy)
    by_id = {c.version_id: c for c in pool}
    for version in (*plan.enter, *plan.stay):
        chosen = by_id[version]
        assert not chosen.retired
        assert not chosen.unfit
        if chosen.split is Split.PRIVATE:
            assert chosen.exposures_by_group_max < policy.exposure_per_provider
            assert chosen.exposed_groups < policy.exposure_per_task
            assert chosen.age_days <= policy.max_age_days


@settings(deadline=None)
@given(candidates, policies, st.randoms())
def test_the_order_of_the_input_changes_nothing(pool, policy, random) -> None:  # type: ignore[no-untyped-def]
    shuffled = random.sample(pool, len(pool))
    assert make_plan(pool, policy) == make_plan(shuffled, policy)


@settings(deadline=None)
@given(candidates, policies)
def test_every_version_has_one_fate_and_one_reason(pool: list[Candidate], policy: Policy) -> None:
    plan = make_plan(pool, policy)
    fates = [*plan.enter, *plan.stay, *plan.retire, *plan.rest]
    gone = [c.version_id for c in pool if c.retired]
    assert sorted([*fates, *gone]) == sorted(c.version_id for c in pool)
    assert set(plan.reasons) == {c.version_id for c in pool}
    assert all(plan.reasons.values())
    assert set(plan.stay) <= {c.version_id for c in pool if c.in_current}


@settings(deadline=None)
@given(candidates, policies, st.integers(0, 3), st.integers(0, 5), st.integers(0, 90))
def test_more_exposure_or_age_never_brings_a_retired_task_back(
    pool: list[Candidate], policy: Policy, more: int, groups: int, days: int
) -> None:
    older = [
        replace(
            c,
            exposures_by_group_max=c.exposures_by_group_max + more,
            exposed_groups=c.exposed_groups + groups,
            age_days=c.age_days + days,
        )
        for c in pool
    ]
    assert set(make_plan(pool, policy).retire) <= set(make_plan(older, policy).retire)


@settings(deadline=None)
@given(candidates, policies)
def test_targets_are_upper_bounds_and_are_met_when_supply_allows(
    pool: list[Candidate], policy: Policy
) -> None:
    plan = make_plan(pool, policy)
    usable = [c for c in pool if not c.retired and not spent(c, policy)]
    open_ = [c for c in usable if policy.weight(c.stratum) and c.split is Split.PRIVATE]
    assert plan.effects.private_tasks == min(policy.private_target, len(open_))
    assert plan.effects.public_tasks <= policy.public_target


def test_a_task_one_provider_met_retires_and_the_reason_says_so() -> None:
    pool = [fresh(n) for n in range(30)]
    pool[3] = fresh(3, exposures_by_group_max=1, exposed_groups=1, in_current=True)
    plan = make_plan(pool, POLICY)
    assert plan.retire == ("v003",)
    assert plan.reasons["v003"] == "retires: one provider has met it once (limit 1)"


@pytest.mark.parametrize(
    ("changes", "phrase"),
    [
        ({"exposed_groups": 10}, "10 providers met it (limit 10)"),
        ({"age_days": 121}, "in use for 121 days (limit 120)"),
        ({"exposed_groups": 9}, ""),
        ({"age_days": 120}, ""),
    ],
)
def test_each_limit_bites_exactly_at_its_number(changes: dict[str, int], phrase: str) -> None:
    assert spent(fresh(1, **changes), POLICY) == phrase


def test_public_control_tasks_have_no_exposure_cap() -> None:
    worn = fresh(1, split=Split.PUBLIC, exposures_by_group_max=9, exposed_groups=99, age_days=900)
    plan = make_plan([worn, *(fresh(n) for n in range(2, 32))], POLICY)
    assert "v001" in plan.enter
    assert plan.reasons["v001"] == "enters: public control"


def test_too_few_fresh_tasks_make_a_plan_that_says_no() -> None:
    worn = [fresh(n, exposures_by_group_max=1) for n in range(100)]
    plan = make_plan([*worn, *(fresh(n) for n in range(100, 119))], POLICY)
    assert not plan.ok
    assert "only 19 private tasks" in plan.refusal
    assert not set(plan.enter) & {c.version_id for c in worn}
    with pytest.raises(NotAllowed, match="Bring fresh tasks") as refused:
        plan.require_ok()
    assert refused.value.code == "pool_exhausted"


def test_a_form_below_target_is_allowed_with_a_warning() -> None:
    plan = make_plan([fresh(n) for n in range(25)], POLICY)
    plan.require_ok()
    assert "25 private tasks instead of 30" in plan.warnings


def test_unexposed_tasks_of_the_current_form_stay_before_others_enter() -> None:
    pool = [fresh(n, in_current=n >= 30) for n in range(60)]
    plan = make_plan(pool, POLICY)
    assert plan.stay == tuple(f"v{n:03}" for n in range(30, 60))
    assert not plan.enter
    assert plan.effects.rotations_left == 1


def test_the_seed_draws_between_equals_and_only_between_equals() -> None:
    pool = [fresh(n) for n in range(200)]
    one = make_plan(pool, replace(POLICY, seed="a"))
    other = make_plan(pool, replace(POLICY, seed="b"))
    assert one.enter != other.enter
    assert one == make_plan(pool, replace(POLICY, seed="a"))


def test_topics_and_difficulty_share_the_form_by_quota() -> None:
    pool = [fresh(n, topic="graphs" if n < 90 else "text") for n in range(120)]
    plan = make_plan(pool, replace(POLICY, public_target=0))
    assert plan.counts["topic"] == {"graphs": 15, "text": 15}
    weighted = make_plan(pool, replace(POLICY, topic_weights={"graphs": 2}))
    assert weighted.counts["topic"] == {"graphs": 20, "text": 10}


def test_largest_remainder_matches_hand_counts() -> None:
    a, b, c = ("python", "a", ""), ("python", "b", ""), ("python", "c", "")
    plenty = {a: 99, b: 99, c: 99}
    assert apportion(10, weights={a: 5, b: 3, c: 2}, supply=plenty) == {a: 5, b: 3, c: 2}
    assert apportion(7, weights={a: 5, b: 3, c: 2}, supply=plenty) == {a: 4, b: 2, c: 1}
    assert apportion(9, weights={a: 1, b: 1, c: 1}, supply={a: 1, b: 99, c: 99}) == {
        a: 1,
        b: 4,
        c: 4,
    }
    assert apportion(50, weights={a: 1}, supply={a: 3}) == {a: 3}


def test_a_version_listed_twice_is_refused() -> None:
    with pytest.raises(BadInput, match="v001 is listed twice"):
        make_plan([fresh(1), fresh(1)], POLICY)


def test_a_target_below_the_minimum_is_refused() -> None:
    with pytest.raises(BadInput, match="below min_private"):
        Policy(private_target=10, public_target=0)


def day(number: int) -> datetime:
    return datetime(2026, 12, number, tzinfo=UTC)


def test_windows_that_touch_do_not_overlap() -> None:
    check_windows([Window(day(1), day(10)), Window(day(20), day(30))], Window(day(10), day(20)))


@pytest.mark.parametrize(("opens", "closes"), [(9, 12), (12, 15), (1, 30), (10, 20), (19, 21)])
def test_an_overlapping_window_is_refused_by_name(opens: int, closes: int) -> None:
    running = Window(day(10), day(20), "winter")
    with pytest.raises(NotAllowed, match="overlaps winter"):
        check_windows([running], Window(day(opens), day(closes)))


def test_a_window_is_utc_and_ends_after_it_starts() -> None:
    with pytest.raises(BadInput, match="UTC"):
        Window(datetime(2026, 1, 1), day(2))
    with pytest.raises(BadInput, match="UTC"):
        Window(datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=1))), day(2))
    with pytest.raises(BadInput, match="closes after"):
        Window(day(2), day(2))


def test_what_is_said_against_a_task_retires_it_and_is_the_reason() -> None:
    pool = [fresh(n) for n in range(30)] + [fresh(30, unfit="marked as leaked")]
    plan = make_plan(pool, POLICY)
    assert plan.retire == ("v030",)
    assert plan.reasons["v030"] == "retires: marked as leaked"
    assert plan.ok
