"""Taking tasks in: sealed, versioned, committed to, split for life, and unreadable by name."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from django.db import IntegrityError, connection, transaction

from benchserver import wiring
from benchserver.audit.keys import fetch, shred
from benchserver.audit.models import DataKey, Event
from benchserver.core.mutants import Mutant
from benchserver.core.payload import to_payload
from benchserver.core.task import Split
from benchserver.engines.vault.base import CannotOpen
from benchserver.engines.vault.opener import HpkeOpener
from benchserver.pools import unseal
from benchserver.pools.gauge import Gauge
from benchserver.pools.ingest import Ingested, already_stored, ingest
from benchserver.pools.intake import Gate, Report, Weight
from benchserver.pools.models import Task, TaskVersion
from benchserver.pools.tracks import ensure_pool
from benchserver.transparency import commitments
from benchserver.transparency import verify as outsider
from tests import factories

pytestmark = pytest.mark.django_db
MARKER = "mark-9b1c"
TASK = factories.task(7, Split.PRIVATE, marker=MARKER)


@pytest.fixture
def pool(wired):
    return ensure_pool(slug="p", name="p", by="test")


def take(pool, *tasks, good: bool = True) -> list[Ingested]:
    gate = Gate(name="reference", held=good, figure="3 of 3" if good else "1 of 3 runs passed")
    return ingest(
        pool=pool,
        tasks=[(t, Report(source_id=t.source_id, gates=(gate,))) for t in tasks],
        sealer=wiring.sealer(),
        mac_key=wiring.mac_key(),
        by="test",
    )


def test_the_same_task_again_stores_nothing(pool):
    assert take(pool, TASK)[0].result == "stored"
    assert already_stored(pool=pool, task=TASK, mac_key=wiring.mac_key())
    assert take(pool, TASK)[0].result == "unchanged"
    assert (Task.objects.count(), TaskVersion.objects.count(), DataKey.objects.count()) == (1, 1, 2)


def test_a_changed_task_is_a_new_version_of_the_same_task(pool):
    take(pool, TASK)
    changed = replace(TASK, statement="Other words.")
    assert not already_stored(pool=pool, task=changed, mac_key=wiring.mac_key())
    assert take(pool, changed)[0].result == "stored"
    assert list(TaskVersion.objects.order_by("number").values_list("number", flat=True)) == [1, 2]
    assert Task.objects.count() == 1
    # the old version is as it was
    old = TaskVersion.objects.get(number=1)
    assert unseal.task(version=old, opener=wiring.opener(), by="test") == TASK


def test_a_split_is_for_life(pool):
    take(pool, TASK)
    moved = replace(TASK, split=Split.PUBLIC, statement="x")
    done = take(pool, moved)[0]
    assert (done.result, "for life" in done.reason) == ("refused", True)
    assert Task.objects.get().split == "private"
    assert TaskVersion.objects.count() == 1


def test_a_task_that_is_not_good_changes_nothing_and_its_neighbours_are_stored(pool):
    bad = take(pool, TASK, good=False)[0]
    assert (bad.result, bad.reason) == ("refused", "reference: 1 of 3 runs passed")
    assert (Task.objects.count(), DataKey.objects.count()) == (0, 0)
    garbled = replace(TASK, source_id="other", created="last Tuesday")
    done = take(pool, TASK, garbled, replace(TASK, source_id="third"))
    assert [d.result for d in done] == ["stored", "refused", "stored"]
    assert "YYYY-MM-DD" in done[1].reason
    assert (Task.objects.count(), DataKey.objects.count()) == (2, 4)


def test_nothing_of_a_task_is_in_the_database_in_the_clear(pool):
    take(pool, TASK)
    with connection.cursor() as cursor:
        for table in ("pools_task", "pools_taskversion", "audit_event", "audit_datakey"):
            cursor.execute(f"SELECT row_to_json(t)::text FROM {table} t")
            text = "".join(row[0] for row in cursor.fetchall())
            assert MARKER not in text
            assert MARKER.encode().hex() not in text
            assert TASK.source_id not in text
            assert "shift_7" not in text


def test_a_mac_says_nothing_without_its_key_and_nothing_across_pools(pool):
    other = ensure_pool(slug="q", name="q", by="test")
    take(pool, TASK)
    take(other, TASK)
    here, there = Task.objects.get(pool=pool), Task.objects.get(pool=other)
    assert here.source_mac != there.source_mac
    ingest(
        pool=pool,
        tasks=[(TASK, Report(source_id="x", gates=()))],
        sealer=wiring.sealer(),
        mac_key=b"another key",
        by="test",
    )
    assert Task.objects.filter(pool=pool).count() == 2  # not recognised: the key makes the name


def test_of_mutants_counts_are_kept_and_not_which_of_them_live(pool):
    lived = Mutant(key="0a1b2c3d", code="def shift_7(x): ...", line=2, change="operator")
    found = Gauge(kind="mutants", tried=13, killed=11, equivalent=1, survivors=(lived,))
    gate = Gate(name="mutants", held=False, figure=found.figure, weight=Weight.ADVISES)
    report = Report(source_id=TASK.source_id, gates=(gate,), gauge=found)
    (done,) = ingest(
        pool=pool,
        tasks=[(TASK, report)],
        sealer=wiring.sealer(),
        mac_key=wiring.mac_key(),
        by="test",
    )
    assert (done.result, done.advice) == ("stored", (f"mutants: {found.figure}",))
    kept = TaskVersion.objects.get().intake
    assert (kept["faults_tried"], kept["faults_noticed"]) == (12, 11)
    assert "0a1b2c3d" not in str(kept)


def test_tasks_of_one_family_are_known_as_such(pool):
    take(pool, *(replace(TASK, source_id=name, family="f") for name in "ab"))
    take(pool, replace(TASK, source_id="c", family="g"))
    assert len(set(TaskVersion.objects.values_list("family_mac", flat=True))) == 2


def test_a_right_opens_its_own_part_only(pool, key_folder):
    take(pool, TASK)
    version = TaskVersion.objects.get()
    from benchserver.engines.vault.base import Right

    generate = HpkeOpener.from_files({Right.GENERATE: key_folder / "open_generate.key"})
    shown = unseal.prompt(version=version, opener=generate, by="test")
    assert shown.statement == TASK.statement
    assert not hasattr(shown, "tests")
    with pytest.raises(CannotOpen):
        unseal.task(version=version, opener=generate, by="test")
    execute = HpkeOpener.from_files({Right.EXECUTE: key_folder / "open_execute.key"})
    assert unseal.task(version=version, opener=execute, by="test") == TASK
    with pytest.raises(CannotOpen):
        unseal.prompt(version=version, opener=execute, by="test")


def test_every_opening_is_in_the_audit_trail_without_content(pool):
    take(pool, TASK)
    version = TaskVersion.objects.get()
    unseal.task(version=version, opener=wiring.opener(), by="judge w1")
    event = Event.objects.filter(verb="task.opened").get()
    assert (event.actor, event.target, event.facts) == ("judge w1", str(version.pk), {})


def test_a_database_writer_cannot_move_one_tasks_tests_to_another(pool):
    take(pool, TASK, factories.task(8, Split.PRIVATE))
    first, second = TaskVersion.objects.order_by("pk")
    forged = TaskVersion.objects.get(pk=first.pk)
    forged.task_sealed, forged.task_data_key = second.task_sealed, second.task_data_key
    with pytest.raises(CannotOpen):
        unseal.task(version=forged, opener=wiring.opener(), by="test")
    # nor a field into another field, nor one revision into another
    forged = TaskVersion.objects.get(pk=first.pk)
    forged.salt_sealed = forged.task_sealed
    with pytest.raises(CannotOpen):
        unseal.salt(version=forged, opener=wiring.opener(), by="test")
    forged.number = 2
    with pytest.raises(CannotOpen):
        unseal.task(version=forged, opener=wiring.opener(), by="test")


def test_a_shredded_task_is_gone_for_good(pool):
    take(pool, TASK)
    version = TaskVersion.objects.get()
    shred(version.task_data_key)
    with pytest.raises(CannotOpen) as gone:
        unseal.task(version=version, opener=wiring.opener(), by="test")
    assert gone.value.code == "shredded"
    assert fetch(version.prompt_data_key).right == "generate"  # its other part has its own key


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE pools_taskversion SET commitment = repeat('0', 64)",
        "UPDATE pools_taskversion SET task_sealed = ''",
        "DELETE FROM pools_taskversion",
    ],
)
def test_a_version_never_changes_whoever_writes(pool, sql):
    take(pool, TASK)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(sql)


def test_a_commitment_opens_at_the_reveal_also_for_an_outsider(pool):
    take(pool, TASK)
    version = TaskVersion.objects.get()
    salt = unseal.salt(version=version, opener=wiring.opener(), by="test")
    shown = unseal.task(version=version, opener=wiring.opener(), by="test")
    payload = json.loads(json.dumps(to_payload(shown)))  # as the reveal document carries it
    assert outsider.task_commitment(salt, payload).hex() == version.commitment
    leaf = commitments.task_leaf(bytes.fromhex(version.commitment), index=0, rotation="r")
    assert commitments.reveals_task(leaf, salt, payload)
    assert not commitments.reveals_task(leaf, salt, {**payload, "statement": "other"})
    assert not commitments.reveals_task(leaf, bytes(32), payload)
