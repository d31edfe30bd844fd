"""The lifecycle tables, the drawn page and the database's triggers say the same."""

from __future__ import annotations

import re

import pytest
from django.db import connection

from benchserver.console.management.commands.draw_states import text
from benchserver.core.lifecycle import (
    ATTEMPT,
    EVALUATION,
    EVIDENCE,
    LIFECYCLES,
    OPINION,
    ROTATION,
    Lifecycle,
)
from tests.docs.markdown import ROOT


def test_the_drawn_page_is_fresh():
    assert (ROOT / "docs" / "states.md").read_text() == text(), "run ./bench draw_states"


def test_the_drawn_page_shows_every_step_with_its_reason():
    page = _words((ROOT / "docs" / "states.md").read_text())
    for lifecycle in LIFECYCLES:
        for edge in lifecycle.edges:
            assert _words(f"{edge.source} --> {edge.target}: {edge.why}") in page


def _words(text: str) -> str:
    """The words alone: signs may have to be written otherwise in a diagram."""
    return " ".join(re.findall(r"\w+", text))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("lifecycle", "function", "table"),
    [
        (ROTATION, "benchserver_rotation_edge", "pools_rotation"),
        (EVALUATION, "benchserver_evaluation_edge", "evaluations_evaluation"),
        (ATTEMPT, "benchserver_attempt_edge", "evaluations_attempt"),
        (OPINION, "benchserver_opinion_edge", "evaluations_secondopinion"),
        (EVIDENCE, "benchserver_evidence_edge", "evaluations_evidencerecord"),
    ],
    ids=lambda value: value.name if isinstance(value, Lifecycle) else "",
)
def test_the_triggers_of_a_migrated_database_permit_exactly_the_tables_steps(
    lifecycle: Lifecycle, function: str, table: str
):
    with connection.cursor() as cursor:
        cursor.execute("SELECT prosrc FROM pg_proc WHERE proname = %s", [function])
        ((source,),) = cursor.fetchall()
        cursor.execute(
            "SELECT t.tgenabled FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid "
            "WHERE p.proname = %s AND t.tgrelid = %s::regclass",
            [function, table],
        )
        assert cursor.fetchall() == [("O",)], "one trigger, enabled"
    permitted = re.findall(r"'([a-z]+)>([a-z]+)'", source)
    assert len(permitted) == len(set(permitted))
    assert set(permitted) == {(edge.source, edge.target) for edge in lifecycle.edges}
