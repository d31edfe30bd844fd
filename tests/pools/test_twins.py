"""A twin is taken in with its original or not at all, and stands in one form with it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.db import connection

from benchserver.core.task import JudgingClass, Split
from benchserver.pools import rotate, twins
from benchserver.pools.intake import Report
from benchserver.pools.models import Task, TaskVersion
from benchserver.pools.queries import originals_of
from benchserver.pools.tracks import ensure_pool
from tests import arrange, factories
from tests.pools.test_ingest import take

PUBLIC = factories.task(1, Split.PUBLIC)
HIDDEN = factories.task(2, Split.PRIVATE)
TWIN = factories.twin(PUBLIC)


@pytest.fixture
def pool(wired):
    return ensure_pool(slug="p", name="p", by="test")


def test_a_rewritten_task_passes_the_gate_and_a_near_copy_does_not() -> None:
    good = twins.gate(TWIN, PUBLIC)
    assert good.held
    assert "below 50%" in good.figure
    copy = replace(TWIN, statement=PUBLIC.statement + " Now.")
    assert not twins.gate(copy, PUBLIC).held


@pytest.mark.parametrize(
    ("twin", "original", "phrase"),
    [
        (TWIN, None, "not in this source"),
        (replace(PUBLIC, twin_of=PUBLIC.source_id), PUBLIC, "not in this source"),
        (replace(TWIN, split=Split.PUBLIC), HIDDEN, "a twin is private"),
        (replace(TWIN, split=Split.CANARY), PUBLIC, "a twin is private"),
        (TWIN, factories.task(3, Split.CANARY), "canary"),
        (TWIN, factories.twin(HIDDEN), "a twin itself"),
        (TWIN, replace(PUBLIC, judging_class=JudgingClass.MITIGATED), "no track takes both"),
        (TWIN, replace(PUBLIC, language="javascript"), "no track takes both"),
    ],
)
def test_what_could_not_be_a_pair_is_said(twin, original, phrase) -> None:
    found = twins.gate(twin, original)
    assert not found.held
    assert phrase in found.figure


def test_only_twins_have_the_gate_and_a_bad_one_spoils_the_report() -> None:
    clean = Report(source_id="x", gates=(factories.GOOD,))
    assert twins.with_gate(PUBLIC, clean, known={}) == clean
    spoilt = twins.with_gate(TWIN, clean, known={})
    assert not spoilt.good
    assert spoilt.first_fault() == "twin: its original is not in this source"


@pytest.mark.django_db
def test_the_link_is_a_keyed_hash_and_the_family_is_shared(pool) -> None:
    assert [d.result for d in take(pool, PUBLIC, TWIN)] == ["stored", "stored"]
    original, twin = TaskVersion.objects.order_by("imported_at", "pk")
    assert twin.twin_mac == original.task.source_mac
    assert twin.family_mac == original.family_mac
    assert (original.twin_mac, original.task.split, twin.task.split) == ("", "public", "private")
    assert originals_of(pool) == {twin.pk: original.pk}
    with connection.cursor() as cursor:
        cursor.execute("SELECT t::text, v::text FROM pools_task t, pools_taskversion v")
        stored = str(cursor.fetchall())
    assert PUBLIC.source_id not in stored
    assert TWIN.source_id not in stored


@pytest.mark.django_db
def test_a_twin_keeps_its_original_when_that_gets_a_new_version(pool) -> None:
    take(pool, PUBLIC, TWIN)
    take(pool, replace(PUBLIC, statement="Newer words."))
    newest = TaskVersion.objects.get(task__split="public", number=2)
    assert list(originals_of(pool).values()) == [newest.pk]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("twin", "phrase"),
    [
        (factories.twin(HIDDEN), "not in this pool"),
        (replace(TWIN, family="another"), "family"),
        (replace(TWIN, split=Split.PUBLIC), "a twin is private"),
    ],
)
def test_a_twin_that_does_not_fit_is_refused_and_leaves_nothing(pool, twin, phrase) -> None:
    take(pool, PUBLIC)
    (done,) = take(pool, twin)
    assert done.result == "refused"
    assert phrase in done.reason
    assert Task.objects.count() == 1


@pytest.mark.django_db
def test_another_pools_task_is_no_original(pool) -> None:
    take(pool, PUBLIC)
    other = ensure_pool(slug="q", name="q", by="test")
    assert take(other, TWIN)[0].result == "refused"


@pytest.mark.django_db
def test_a_pair_is_planned_into_one_form(wired) -> None:
    originals = [factories.task(n, Split.PUBLIC) for n in range(1, 9)]
    hidden = [factories.task(n, Split.PRIVATE) for n in range(20, 36)]
    pairs = [factories.twin(original) for original in originals[:3]]
    pool = factories.pool_of([*originals, *hidden, *pairs])
    policy = rotate.Policy(private_target=6, public_target=4, min_private=1)
    now = rotate.database_now()
    plan = rotate.preview(pool=pool, policy=policy, exposed={}, now=now)
    chosen = set(plan.enter)
    known = originals_of(pool)
    assert len(known) == 3
    assert all({str(twin), str(original)} <= chosen for twin, original in known.items())
    assert not any("twin" in warning for warning in plan.warnings)
    none = rotate.Policy(private_target=6, public_target=0, min_private=1)
    lonely = rotate.preview(pool=pool, policy=none, exposed={}, now=now)
    assert any("without the original" in warning for warning in lonely.warnings)


@pytest.mark.django_db
def test_both_sides_of_a_pair_are_counted_as_exposure(wired) -> None:
    pool = factories.pool_of([HIDDEN, factories.twin(HIDDEN)])
    track = factories.track_of(pool)
    stage = arrange.Board(pool, track, factories.open_rotation(pool))
    evaluation = arrange.started(stage)
    assert evaluation.owner_group.exposures.count() == 2
