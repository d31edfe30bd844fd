"""A task that is nearly another one is told to its author; declared kin are not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchserver import wiring
from benchserver.audit.models import Event
from benchserver.core.task import Split
from benchserver.engines.vault.base import CannotOpen, Right
from benchserver.engines.vault.opener import HpkeOpener
from benchserver.measurement.similarity import HUMAN_LOOK
from benchserver.pools.ingest import stored_documents
from benchserver.pools.intake import Report
from benchserver.pools.models import Task
from benchserver.pools.neighbours import screen, with_gate
from tests import factories

LOCK = (
    "A lock keeper writes down when each boat came and went. Given the list of times and how many "
    "boats the lock holds at once, say how long the longest queue before the gate was that day."
)
COPY = LOCK.replace("that day", "on this day")
CODE = """def f(times, n):
    best = 0
    for a, b in times:
        best = max(best, b - a)
    return best // n
"""
RENAMED = CODE.replace("times", "boats").replace("best", "most").replace("def f", "def shift_4")


def task(number: int, **fields):
    return replace(factories.task(number, Split.PRIVATE), source_id=f"t{number}", **fields)


ONE = task(3, statement=LOCK)


def test_a_copied_statement_is_found_and_named_to_the_author_only():
    near = screen([ONE, task(4, statement=COPY), task(5)])
    assert {key: len(found) for key, found in near.items()} == {"t3": 1, "t4": 1, "t5": 0}
    report = with_gate(Report(source_id="t3", gates=()), near["t3"], among=2)
    (gate,) = report.gates
    assert (gate.name, gate.held, report.good) == ("near_duplicates", False, True)
    assert gate.figure.startswith("1 of 2 others share up to 86% of the statement")
    assert "t4" not in gate.figure
    assert report.near[0].endswith("% of the statement is that of t4")


def test_a_reference_with_new_names_is_still_a_copy():
    left = task(3, statement="Say how long the longest wait was.", reference=CODE)
    right = task(4, statement="Find the fattest hen of the yard.", reference=RENAMED)
    (found,) = screen([left, right])["t4"]
    assert (found.part, found.jaccard) == ("reference", 1.0)


def test_short_references_are_alike_by_need_and_count_for_nothing():
    left = task(3, statement="Add three.", reference="def shift_3(x):\n    return x + 3\n")
    right = task(4, statement="Four more than that.", reference="def f(y):\n    return y + 4\n")
    assert screen([left, right]) == {"t3": (), "t4": ()}


@pytest.mark.parametrize("kin", [{"family": "lock"}, {"twin_of": "t3"}])
def test_one_family_and_twins_are_meant_to_be_alike(kin):
    copy = task(4, statement=COPY, **kin)
    first = replace(ONE, family=kin.get("family", ""))
    assert screen([first, copy]) == {"t3": (), "t4": ()}


def test_a_lone_task_is_held_against_nothing_and_gets_no_gate():
    report = Report(source_id="t3", gates=())
    assert with_gate(report, screen([ONE])["t3"], among=0) == report
    (gate,) = with_gate(report, (), among=7).gates
    assert gate.held
    assert gate.figure == (
        f"none of 7 others shares {HUMAN_LOOK:.0%}; one that did would be seen with a chance of "
        "99.5%"
    )


@pytest.mark.django_db
def test_a_new_task_is_held_against_those_that_are_stored_and_each_opening_is_audited(
    wired, key_folder
):
    old = [ONE, task(7, family="moths"), task(8)]
    pool = factories.pool_of(old)
    retired = Task.objects.filter(pool=pool).order_by("pk").last()
    Task.objects.filter(pk=retired.pk).update(retired_at="2026-01-01T00:00Z")
    new = [task(4, statement=COPY), task(9, family="moths")]

    def documents(opener):
        return stored_documents(
            pool=pool, besides=new, mac_key=wiring.mac_key(), opener=opener, by="test"
        )

    found = documents(wiring.opener())
    assert [d.statement for d in found] == [LOCK]  # one is retired, one of a new task's family
    assert Event.objects.filter(verb="task.opened", actor="test").count() == 1
    (match,) = screen(new, others=found)["t4"]
    assert found[0].key in (match.left, match.right)
    generate = HpkeOpener.from_files({Right.GENERATE: key_folder / "open_generate.key"})
    with pytest.raises(CannotOpen):
        documents(generate)
