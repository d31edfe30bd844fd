"""A form is one order for all, each evaluation has its own, and both can be drawn again."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchserver.core.errors import BadInput
from benchserver.core.forms import freeze, order_for
from benchserver.core.task import Split

MIXED = {f"v{n}": Split.PUBLIC if n < 20 else Split.PRIVATE for n in range(60)}
choices = st.dictionaries(st.text(min_size=1), st.sampled_from(list(Split)), min_size=1)
seeds = st.text(min_size=1)


@settings(deadline=None)
@given(choices, seeds, st.randoms())
def test_the_form_does_not_depend_on_the_order_of_the_choice(chosen, seed, random) -> None:  # type: ignore[no-untyped-def]
    shuffled = dict(random.sample(list(chosen.items()), len(chosen)))
    assert freeze(chosen, seed=seed) == freeze(shuffled, seed=seed)


@settings(deadline=None)
@given(choices, seeds, seeds)
def test_every_evaluation_meets_the_same_set_with_the_same_positions(
    chosen: dict[str, Split], seed: str, evaluation_seed: str
) -> None:
    form = freeze(chosen, seed=seed)
    order = order_for(form, evaluation_seed=evaluation_seed)
    assert sorted(order, key=lambda e: e.position) == list(form.entries)
    assert {e.version_id: e.split for e in order} == chosen
    assert [e.position for e in form.entries] == list(range(len(chosen)))


def test_two_evaluations_walk_the_form_in_different_orders() -> None:
    form = freeze(MIXED, seed="form")
    one, other = (order_for(form, evaluation_seed=s) for s in ("e1", "e2"))
    assert one != other != form.entries
    assert one == order_for(form, evaluation_seed="e1")


def test_an_evaluation_seeded_like_its_form_still_gets_an_order_of_its_own() -> None:
    form = freeze(MIXED, seed="same")
    assert order_for(form, evaluation_seed="same") != form.entries


def test_place_does_not_tell_public_from_private() -> None:
    firsts = [
        next(iter(order_for(freeze(MIXED, seed="f"), evaluation_seed=str(n)))).split
        for n in range(600)
    ]
    public = sum(split is Split.PUBLIC for split in firsts)
    assert 155 <= public <= 245  # 600 draws at 1/3: mean 200, four standard deviations


def test_the_order_is_the_same_on_every_machine() -> None:
    form = freeze(dict.fromkeys("abcdef", Split.PRIVATE), seed="known answer")
    assert "".join(e.version_id for e in form.entries) == "dcabef"


def test_an_empty_choice_or_seed_is_refused() -> None:
    with pytest.raises(BadInput, match="at least one"):
        freeze({}, seed="s")
    with pytest.raises(BadInput, match="empty seed"):
        freeze(MIXED, seed="")
    with pytest.raises(BadInput, match="empty seed"):
        order_for(freeze(MIXED, seed="s"), evaluation_seed="")
