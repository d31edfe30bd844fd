"""Rotations: opened inside their window, committed to before any send, never overlapping."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from benchserver import wiring
from benchserver.audit.models import Event
from benchserver.core.errors import BadInput, NotAllowed
from benchserver.core.lifecycle import ROTATION, RotationState
from benchserver.core.protocol import Protocol
from benchserver.core.rotation import Policy, Window
from benchserver.core.task import JudgingClass
from benchserver.core.verdict import Verdict
from benchserver.evaluations.models import Exposure
from benchserver.evaluations.queries import exposed, worn_out
from benchserver.ledger.models import Entry
from benchserver.pools import rotate
from benchserver.pools.models import FormEntry, Rotation, Task, Track
from benchserver.pools.tracks import ensure_track
from benchserver.transparency import verify as outsider
from tests import arrange, factories

pytestmark = pytest.mark.django_db
POLICY = Policy(private_target=4, public_target=2, min_private=1)


def plan(pool, *, starts: timedelta = timedelta(0), days: float = 1, name: str = "ro-x"):
    now = rotate.database_now()
    made = rotate.preview(pool=pool, policy=POLICY, exposed=exposed(pool), now=now)
    window = Window(now + starts, now + starts + timedelta(days=days), name)
    return rotate.save_plan(pool=pool, plan=made, window=window, by="test")


def opened(rotation: Rotation) -> Rotation:
    return rotate.open_rotation(rotation=rotation, judge_image="sha256:j", by="test")


@pytest.fixture
def pool(wired):
    pool = factories.pool_of(factories.tasks(private=8, public=2))
    factories.track_of(pool)
    return pool


def test_a_preview_changes_nothing(pool):
    before = arrange.row_counts()
    rotate.preview(pool=pool, policy=POLICY, exposed={}, now=rotate.database_now())
    assert arrange.row_counts() == before


def test_the_root_in_the_log_is_the_one_an_outsider_computes(pool):
    rotation = opened(plan(pool))
    entry = json.loads(bytes(Entry.objects.get(index=rotation.log_index).body))
    leaves = rotate.commitment_leaves(rotation, rotate._planned_versions(rotation))
    assert outsider.tree_root(leaves).hex() == entry["root"] == rotation.root
    assert (entry["n"], entry["r"], entry["judge_image"]) == (6, "ro-x", "sha256:j")
    assert "sandbox_images" not in entry  # no container engine, nothing to say
    told = {key for leaf in leaves for key in outsider.parse_entry(leaf)}
    assert told == {"c", "i", "r", "t", "v"}  # no title, topic or difficulty


def test_the_images_that_programs_run_in_are_committed_to_when_there_are_any(pool):
    images = {"base": "sha256:1", "rust": "sha256:2"}
    rotation = rotate.open_rotation(
        rotation=plan(pool), judge_image="sha256:j", sandbox_images=images, by="test"
    )
    entry = json.loads(bytes(Entry.objects.get(index=rotation.log_index).body))
    assert entry["sandbox_images"] == images


def test_opening_twice_is_opening_once(pool):
    rotation = opened(plan(pool))
    again = opened(rotation)
    assert again.log_index == rotation.log_index
    assert Entry.objects.count() == 1
    assert FormEntry.objects.count() == 6


@pytest.mark.parametrize(
    ("starts", "days"), [(timedelta(hours=1), 1), (timedelta(days=-2), 1)], ids=["early", "late"]
)
def test_a_rotation_opens_inside_its_window_only(pool, starts, days):
    rotation = plan(pool, starts=starts, days=days)
    before = arrange.row_counts()
    with pytest.raises(NotAllowed) as refusal:
        opened(rotation)
    assert refusal.value.code == "window"
    assert arrange.row_counts() == before


def test_a_planned_task_that_was_retired_meanwhile_stops_the_opening(pool):
    rotation = plan(pool)
    Task.objects.filter(versions__id=rotation.plan["versions"][0]).update(
        retired_at=rotate.database_now()
    )
    before = arrange.row_counts()
    with pytest.raises(NotAllowed) as refusal:
        opened(rotation)
    assert refusal.value.code == "plan_stale"
    assert arrange.row_counts() == before
    assert Rotation.objects.get().state == "planned"


def test_a_planned_task_that_is_said_to_have_leaked_stops_the_opening(pool):
    rotation = plan(pool)
    Task.objects.filter(versions__id=rotation.plan["versions"][0]).update(
        leaked_at=rotate.database_now()
    )
    with pytest.raises(NotAllowed) as refusal:
        opened(rotation)
    assert refusal.value.code == "plan_stale"


def test_what_retires_at_a_turn_says_why(pool):
    version = Task.objects.filter(split="private").first().versions.get()
    made = rotate.preview(
        pool=pool,
        policy=POLICY,
        exposed={},
        now=rotate.database_now(),
        unfit={version.pk: "nearly every model passes it"},
    )
    window = Window(rotate.database_now(), rotate.database_now() + timedelta(days=1), "ro-w")
    opened(rotate.save_plan(pool=pool, plan=made, window=window, by="test"))
    task = Task.objects.exclude(retired_at=None).get()
    assert task == version.task
    assert task.retire_reason == "retires: nearly every model passes it"


def test_provable_and_mitigated_tasks_are_never_on_one_board(wired):
    specs = factories.tasks(private=6, public=2)
    mixed = [
        replace(spec, judging_class=JudgingClass.MITIGATED) if n % 2 else spec
        for n, spec in enumerate(specs)
    ]
    pool = factories.pool_of(mixed)
    sure = factories.track_of(pool, slug="sure")
    guarded = ensure_track(
        pool=pool,
        slug="guarded",
        name="g",
        protocol=sure.protocol,
        by="test",
        judging_class="mitigated",
    )
    opened(plan(pool))
    for track, judging_class in ((sure, "provable"), (guarded, "mitigated")):
        entries = FormEntry.objects.filter(form__track=track)
        assert {entry.version.judging_class for entry in entries} == {judging_class}
    with pytest.raises(BadInput, match="one board holds one class"):
        factories.track_of(pool, slug="guarded")


def test_a_pool_without_a_fitting_track_cannot_open(wired):
    pool = factories.pool_of(factories.tasks(private=3, public=0))
    ensure_track(
        pool=pool,
        slug="programs",
        name="p",
        protocol=Protocol(),
        by="test",
        shapes=["program"],
    )
    with pytest.raises(NotAllowed) as refusal:
        opened(plan(pool))
    assert refusal.value.code == "no_track"
    assert Entry.objects.count() == 0


@pytest.mark.parametrize("rule", ["extraction", "template"])
def test_a_board_committed_to_a_rule_that_is_gone_is_not_run_by_another(wired, rule):
    pool = factories.pool_of(factories.tasks(private=3, public=0))
    old = factories.track_of(pool, slug="old")
    Track.objects.filter(pk=old.pk).update(protocol_payload={**old.protocol_payload, rule: "0"})
    with pytest.raises(NotAllowed, match=f"track old is committed to {rule} '0'") as refusal:
        opened(plan(pool))
    assert refusal.value.code == "protocol"
    assert Entry.objects.count() == 0
    # beside one that can be run it is left out, and that is noted
    new = factories.track_of(pool, slug="new")
    rotation = opened(Rotation.objects.get())
    assert [form.track for form in rotation.forms.all()] == [new]
    noted = Event.objects.filter(verb="rotation.track_left_out").get()
    assert noted.facts == {"track": "old", "rule": rule}


def test_windows_of_a_pool_never_overlap_and_may_touch(pool):
    first = plan(pool, name="a")
    with pytest.raises(NotAllowed) as refusal:
        plan(pool, starts=timedelta(hours=23), name="b")
    assert refusal.value.code == "window_overlap"
    made = rotate.preview(pool=pool, policy=POLICY, exposed={}, now=rotate.database_now())
    touching = Window(first.closes_at, first.closes_at + timedelta(days=1), "c")
    rotate.save_plan(pool=pool, plan=made, window=touching, by="test")
    with pytest.raises(BadInput, match="exists"):
        plan(pool, starts=timedelta(days=9), name="a")


def test_an_abandoned_plan_makes_room(pool):
    dropped = plan(pool, name="a")
    rotate.abandon(rotation=dropped, by="test")
    other = opened(plan(pool, name="b"))
    dropped.refresh_from_db()
    other.refresh_from_db()
    assert (dropped.state, other.state) == ("abandoned", "open")


def test_a_pool_with_nothing_fresh_left_says_no(pool):
    rotation = opened(plan(pool, name="a"))
    Exposure.objects.bulk_create(
        Exposure(
            version_id=version,
            owner_group=factories.provider(f"g{n}").owner_group,
            rotation=rotation,
            first_sent_at=rotate.database_now(),
        )
        for n, version in enumerate(Task.objects.values_list("versions__id", flat=True))
    )
    rotate.close_rotation(rotation=rotation, by="test")
    with pytest.raises(NotAllowed) as refusal:
        plan(pool, name="b")
    assert refusal.value.code == "pool_exhausted"


def test_two_rotations_in_a_row_share_no_hidden_task(wired):
    stage = arrange.board(private=4, public=2)
    first = arrange.started(stage)
    arrange.completed(first, lambda _: Verdict.PASSED)
    met = set(stage.rotation.forms.get().entries.values_list("version_id", "split"))
    fresh = [factories.task(n, factories.Split.PRIVATE) for n in range(50, 54)]
    factories.pool_of(fresh)
    second = arrange.next_rotation(stage)
    entries = set(second.forms.get().entries.values_list("version_id", "split"))
    assert {split for _, split in met & entries} == {"public"}
    assert len(entries) == 6
    hidden = {version for version, split in met if split == "private"}
    assert set(Task.objects.exclude(retired_at=None).values_list("versions__id", flat=True)) == (
        hidden
    )


def test_a_plan_made_ahead_does_not_open_over_tasks_that_were_met_meanwhile(wired):
    """Planned while its tasks were fresh, due after the running rotation has shown them."""
    stage = arrange.board(private=4, public=2)
    now = rotate.database_now()
    ahead = rotate.preview(pool=stage.pool, policy=POLICY, exposed=exposed(stage.pool), now=now)
    window = Window(stage.rotation.closes_at, stage.rotation.closes_at + timedelta(days=1), "next")
    rotation = rotate.save_plan(pool=stage.pool, plan=ahead, window=window, by="test")
    arrange.completed(arrange.started(stage), lambda _: Verdict.PASSED)
    rotate.close_rotation(rotation=stage.rotation, by="test")
    Rotation.objects.filter(pk=rotation.pk).update(opens_at=rotate.database_now())
    with pytest.raises(NotAllowed) as refusal:
        rotate.open_rotation(
            rotation=rotation,
            judge_image="sha256:j",
            by="test",
            worn=worn_out(stage.pool, arrange.POLICY),
        )
    assert refusal.value.code == "plan_stale"


def test_the_first_send_comes_after_the_commitment(wired):
    stage = arrange.board()
    arrange.sent(arrange.started(stage))
    stage.rotation.refresh_from_db()
    first = Exposure.objects.exclude(first_sent_at=None).get().first_sent_at
    assert stage.rotation.committed_at <= first
    assert Entry.objects.get(index=stage.rotation.log_index).at <= first


def test_closing_early_ends_the_window_now_and_only_once(pool):
    rotation = rotate.close_rotation(rotation=opened(plan(pool)), by="test")
    assert rotation.closes_at <= rotate.database_now()
    assert rotate.close_rotation(rotation=rotation, by="test").closes_at == rotation.closes_at


def test_the_database_knows_exactly_the_edges_of_a_rotation(pool):
    rotation = plan(pool)
    for source in RotationState:
        for target in RotationState:
            if source == target:
                continue
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL session_replication_role = replica")
                cursor.execute("UPDATE pools_rotation SET state = %s", [source])
                cursor.execute("SET LOCAL session_replication_role = origin")
            allowed = True
            try:
                with transaction.atomic():
                    Rotation.objects.filter(pk=rotation.pk).update(state=target)
            except IntegrityError:
                allowed = False
            assert allowed == ROTATION.allows(source, target), (source, target)


def test_a_form_never_changes_whoever_writes(pool):
    opened(plan(pool))
    for change in (lambda q: q.update(position=99), lambda q: q.delete()):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            change(FormEntry.objects.all())


def test_another_protocol_is_another_board(pool):
    with pytest.raises(BadInput, match="another pool or protocol"):
        factories.track_of(pool, samples=2)
    assert factories.track_of(pool).slug == "python"
    assert wiring.judge_image().startswith("sha256:")
