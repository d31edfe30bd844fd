"""A year of releases, with the auditor and without: what an attacker with all of them recovers."""

from __future__ import annotations

import random
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchserver.core.disclosure import Cell
from benchserver.core.releases import Release, audit, overlaps
from benchserver.measurement.leakage import Fact, read, settled

MIN = 20


def ids(numbers: Iterable[int]) -> frozenset[str]:
    return frozenset(f"t{n:04}" for n in numbers)


def release(
    numbers: Iterable[int],
    passed: int | None = None,
    *,
    model: str = "m",
    run: str = "r",
    form: frozenset[str] | None = None,
    label: str = "board",
) -> Release:
    tasks = ids(numbers)
    count = len(tasks) // 2 if passed is None else passed
    return Release(f"{model}/{run}", model, Cell(label, tasks, count, len(tasks)), form or tasks)


def codes(told: list[Release], fresh: list[Release]) -> set[str]:
    return {refusal.code for refusal in audit(told, fresh)}


def test_a_new_snapshot_of_what_was_told_is_never_refused():
    old = [release(range(60)), release(range(57), run="s")]  # however bad the past was
    assert codes(old, [release(range(60))]) == set()


@pytest.mark.parametrize(
    ("later", "code"),
    [
        (range(3, 60), "small_difference"),
        (range(3, 63), "small_difference"),
        (range(20, 80), None),
        (range(100, 160), None),
        (range(40, 100), None),
    ],
)
def test_the_next_rotation_exchanges_no_task_or_enough(later, code):
    found = codes([release(range(60))], [release(later, run="next")])
    assert (code in found) if code else not found


def test_a_variant_of_the_same_group_counts_as_the_same_model():
    told = [release(range(60), model="small")]
    assert "small_difference" in codes(told, [release(range(57), model="large")])


def test_a_corrected_count_waits_and_a_form_that_lost_enough_tasks_is_issued_again():
    told = [release(range(60), 30)]
    assert codes(told, [release(range(60), 29)]) == {"changed_count"}
    assert codes(told, [release(range(40), 20, form=ids(range(60)))]) == set()
    assert "small_difference" in codes(told, [release(range(41), 20, form=ids(range(60)))])


def test_a_remainder_that_all_passed_is_masked_over_rotations_too():
    told = [release(range(30, 90), 50)]
    assert codes(told, [release(range(30), 12, run="next")]) == set()
    nested = [release(range(90), 69, run="next")]  # 19 of the 30 new ones
    assert codes(told, nested) == set()
    assert codes(told, [release(range(90), 79, run="next")]) == {"one_sided_rest"}


def test_a_part_is_held_against_its_form_though_the_form_was_not_told():
    assert "small_difference" in codes([], [release(range(45), form=ids(range(60)))])
    assert "outside_form" in codes([], [release(range(30, 90), form=ids(range(60)))])


def test_forms_too_small_to_be_told_shut_nobody_out():
    assert overlaps({"old": ids(range(60))}, {"small": ids(range(10))}) == ()
    found = overlaps({"old": ids(range(60))}, {"new": ids(range(5, 70))})
    assert {r.code for r in found} >= {"small_difference"}
    assert all(not label.startswith("t0") for r in found for label in r.labels)


SETS = st.lists(st.frozensets(st.integers(0, 59), min_size=20), min_size=2, max_size=4)


@settings(deadline=None, max_examples=30)
@given(SETS, st.randoms())
def test_order_does_not_matter_and_another_set_never_makes_a_refusal_go_away(sets, shuffle):
    def of(members: Iterable[frozenset[int]]) -> set[str]:
        fresh = [release(s, model=f"m{sorted(s)}") for s in members]  # counts of no one model
        return codes([], fresh)

    other = list(sets)
    shuffle.shuffle(other)
    assert of(sets) == of(other)
    weaker = {"task_disclosed": {"task_disclosed", "small_block"}, "leverage": {"task_disclosed"}}
    for code in of(sets[:-1]):
        assert of(sets) & ({code} | weaker.get(code, set()))


def year(seed: int, *, audited: bool) -> tuple[list[Release], dict[str, dict[str, int]]]:
    """26 fortnightly rotations over one pool that keep, drop and add tasks as they like; two models
    of one group; two tracks; a correction now and then; a weekly snapshot of each board."""
    rng = random.Random(seed)
    truth = {f"t{n:04}": int(rng.random() < 0.6) for n in range(900)}
    results = {
        "a": truth,
        "b": {t: x if rng.random() < 0.9 else 1 - x for t, x in truth.items()},
    }
    form, fresh_from, told = list(range(60)), 60, []
    for rotation in range(26):
        few = rng.choice((0, 1, 2, 5, 20, 25, 60))
        form = sorted(rng.sample(form, len(form) - few)) + list(range(fresh_from, fresh_from + few))
        fresh_from += few
        boards = [form, form[: -rng.choice((1, 4, 20, 25))]]  # the second track takes fewer tasks
        if rng.random() < 0.3:
            boards.append(form[rng.choice((1, 3, 22)) :])  # some were withdrawn
        for number, board in enumerate(boards):
            for model in rng.sample(("a", "b"), rng.choice((1, 2))):
                passed = sum(results[model][t] for t in ids(board))
                run = f"{rotation}.{number}"
                new = release(board, passed, model=model, run=run, form=ids(board))
                for _week in range(2):
                    if not audited or not audit(told, [new]):
                        told = list(dict.fromkeys([*told, new]))
    return told, results


def recovered(told: list[Release]) -> dict[str, dict[str, int]]:
    """What whole-number and least-squares attackers are certain of, per model, from all counts."""
    found: dict[str, dict[str, int]] = {}
    for model in {r.model for r in told}:
        cells = list({r.cell.task_ids: r.cell for r in told if r.model == model}.values())
        facts: list[Fact] = [read(cell) for cell in cells]
        names = sorted(frozenset().union(*(f.tasks for f in facts)))
        rows = np.array([[float(t in f.tasks) for t in names] for f in facts])
        exact = [n for n, f in enumerate(facts) if f.low == f.high]
        guess, *_ = np.linalg.lstsq(rows[exact], [facts[n].low for n in exact], rcond=None)
        pinned = np.diag(np.linalg.pinv(rows[exact]) @ rows[exact]) > 1 - 1e-9
        sure = {t: round(g) for t, g, p in zip(names, guess, pinned, strict=True) if p}
        found[model] = sure | {t: -1 for t in settled(facts) if t not in sure}
    return found


def test_an_attacker_with_a_year_of_boards_recovers_no_verdict_and_without_the_auditor_some():
    told, results = year(1, audited=True)
    assert len(told) >= 10  # the auditor lets a board live
    assert all(not found for found in recovered(told).values())
    loose, results = year(1, audited=False)
    found = recovered(loose)
    right = [x == results[m][t] for m, tasks in found.items() for t, x in tasks.items() if x >= 0]
    assert right
    assert all(right)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(2, 42))
def test_so_in_forty_other_years(seed):
    told, _ = year(seed, audited=True)
    assert all(not found for found in recovered(told).values())
    assert any(recovered(year(seed, audited=False)[0]).values())
