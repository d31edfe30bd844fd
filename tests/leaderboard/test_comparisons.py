"""Pairs: what leaves agrees with the tiers and tells no single result to whoever chose a set."""

from __future__ import annotations

import random
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from benchserver.evaluations import score
from benchserver.leaderboard import comparisons
from benchserver.measurement import ranks
from benchserver.measurement.pairs import paired_difference

TASKS = 60


def entrant(slug: str, passed: list[int], *, owner: str = "", samples: int = 1, families: int = 0):
    tasks = [
        score.TaskResult(
            version_id=str(n),
            family=str(n % families if families else n),
            passed=p,
            samples=samples,
            missing=0,
        )
        for n, p in enumerate(passed)
    ]
    return comparisons.Entrant(
        slug=slug, owner=owner or slug, tasks=tasks, cell=score.disclosed(tasks) or {}
    )


def told(*entrants: comparisons.Entrant) -> dict[str, dict[frozenset[str], int]]:
    found = comparisons.compare(entrants)
    order = [e.slug for e in entrants]
    body = comparisons.pairs(entrants, found, order=order)
    places = [frozenset(pair) for pair in combinations(order, 2)]
    return {
        name: dict(zip(places, values, strict=True))
        for name, values in body.items()
        if name not in ("models", "tasks")
    }


def drawn(rng: random.Random, skill: float, tasks: int = TASKS, samples: int = 1) -> list[int]:
    return [sum(rng.random() < skill for _ in range(samples)) for _ in range(tasks)]


def table(seed: int, *, models: int = 6, samples: int = 1, families: int = 0):
    rng = random.Random(seed)
    return [
        entrant(
            f"m{n}", drawn(rng, rng.random(), samples=samples), samples=samples, families=families
        )
        for n in range(models)
    ]


@given(st.integers(0, 10_000), st.sampled_from([1, 3]), st.sampled_from([0, 20]))
@settings(max_examples=40, deadline=None)
def test_the_standings_are_those_of_the_measurement_room_and_p_never_understates(
    seed: int, samples: int, families: int
) -> None:
    entrants = table(seed, samples=samples, families=families)
    found = comparisons.compare(entrants)
    places = comparisons.standings(entrants, found)
    cells = {e.slug: e.cell for e in entrants}
    labels = score.families(entrants[0].tasks)
    for line in ranks.board({e.slug: e.vector for e in entrants}, families=labels):
        assert places[line.model] == {
            "tier": line.tier,
            "rank_best": line.rank_low,
            "rank_worst": line.rank_high,
            "rank_upper_bound": 1
            + sum(e.cell["low_e4"] > cells[line.model]["high_e4"] for e in entrants),
        }
    shown = told(*entrants)
    for pair in found:
        key = frozenset((pair.first, pair.second))
        assert shown["p_adjusted_e6"][key] >= min(1.0, pair.p_adjusted) * 1_000_000 - 1e-6
        assert (shown["p_adjusted_e6"][key] <= 50_000) == (pair.p_adjusted <= 0.05)


def test_the_interval_contains_the_exact_paired_one_where_models_agree_on_what_is_hard() -> None:
    rng = random.Random(3)
    for _ in range(30):
        hard = [rng.random() for _ in range(TASKS)]
        a = [int(rng.random() < 1.1 * h) for h in hard]
        b = [int(rng.random() < 0.7 * h) for h in hard]
        one, other = entrant("a", a), entrant("b", b)
        exact = paired_difference(a, b)
        half = told(one, other)["margin_e4"][frozenset("ab")]
        if half is not None and exact.p_value > 0.2:
            assert half >= (exact.interval.high - exact.mean) * 10_000 - 1


def test_who_chooses_two_sets_that_differ_by_one_task_learns_nothing_from_them() -> None:
    """The attack the steps and the rule for near entries are there for: B solves a chosen set, its
    owner's second model one task more; whatever A did on that task, all of A's pairs read alike."""
    rng = random.Random(8)
    chosen = [int(n < 30) for n in range(TASKS)]
    one_more = [int(n <= 30) for n in range(TASKS)]
    for _ in range(20):
        a = drawn(rng, 0.5)
        seen = set()
        for result in (0, 1):
            a[30] = result
            a[31] = 1 - result  # the score stays, only the verdict moves
            shown = told(
                entrant("a", a),
                entrant("b", chosen, owner="x"),
                entrant("c", one_more, owner="x"),
            )
            pairs = [frozenset("ab"), frozenset("ac")]
            seen.add(tuple(shown[c][p] for c in ("p_e6", "p_adjusted_e6") for p in pairs))
        assert all(p in (50_000, 1_000_000) for row in seen for p in row)
        assert len(seen) == 1


def test_near_models_of_two_owners_are_told_in_steps() -> None:
    shown = told(
        entrant("a", [1] * 45 + [0] * 15),
        entrant("b", [1] * 10 + [0] * 50),
        entrant("c", [1] * 11 + [0] * 49),
    )
    assert shown["p_e6"][frozenset("ab")] == 100
    assert shown["p_e6"][frozenset("bc")] == 1_000_000


def test_a_bound_is_not_undone_by_its_pairs() -> None:
    rival = [1] * 30 + [0] * 30
    rows = [
        told(entrant("a", [1] * count + [0] * (TASKS - count)), entrant("b", rival))
        for count in (TASKS, TASKS - 1)
    ]
    assert rows[0] == rows[1]
    assert rows[0]["margin_e4"][frozenset("ab")] is None
    assert rows[0]["difference_e4"][frozenset("ab")] == score.e4(59 / 60) - 5000


def test_two_equal_bounds_have_no_difference_to_tell() -> None:
    shown = told(entrant("a", [1] * TASKS), entrant("b", [1] * 59 + [0]))
    assert shown["difference_e4"][frozenset("ab")] is None
    assert shown["p_adjusted_e6"][frozenset("ab")] == 1_000_000


@given(st.integers(0, 10_000), st.permutations(range(6)))
@settings(max_examples=25, deadline=None)
def test_names_and_their_order_decide_nothing(seed: int, order: list[int]) -> None:
    """Ties included: on few tasks many means are equal, and no name may break the tie."""
    rng = random.Random(seed)
    rows = [drawn(rng, rng.random(), tasks=24) for _ in range(6)]
    rows[1] = rows[0][::-1]
    plain = [entrant(f"m{n}", row) for n, row in enumerate(rows)]
    named = [entrant(f"m{order[n]}", row) for n, row in enumerate(rows)]
    first = comparisons.standings(plain, comparisons.compare(plain))
    second = comparisons.standings(named, comparisons.compare(named))
    for n in range(6):
        assert first[f"m{n}"] == second[f"m{order[n]}"]


def test_two_hundred_models_stay_a_reasonable_file() -> None:
    import json

    rng = random.Random(1)
    entrants = [entrant(f"model-{n}", drawn(rng, rng.uniform(0.1, 0.9), 150)) for n in range(200)]
    order = [e.slug for e in entrants]
    exact = [
        ranks.Comparison(first=a, second=b, difference=0.1, p_value=0.01, p_adjusted=0.9)
        for a, b in combinations(order, 2)
    ]
    body = comparisons.pairs(entrants, exact, order=order)
    assert len(body["p_e6"]) == 19_900
    assert len(json.dumps(body, separators=(",", ":"))) < 800_000
