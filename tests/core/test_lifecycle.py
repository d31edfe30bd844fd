"""The tables of states: what the engine, the database and the documents share."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchserver.core.errors import NotAllowed
from benchserver.core.lifecycle import (
    ATTEMPT,
    ENDED,
    EVALUATION,
    IN_FLIGHT,
    LIFECYCLES,
    ROTATION,
    AttemptState,
    EvaluationState,
    EvidenceState,
    OpinionState,
    RotationState,
    draw,
)

STATES = {
    "rotation": RotationState,
    "evaluation": EvaluationState,
    "attempt": AttemptState,
    "second opinion": OpinionState,
    "evidence": EvidenceState,
}
ANY = st.sampled_from(list(AttemptState))


@pytest.mark.parametrize("lifecycle", LIFECYCLES, ids=lambda found: found.name)
def test_every_state_can_be_reached_and_no_edge_is_told_twice(lifecycle):
    reached, frontier = {lifecycle.initial}, [lifecycle.initial]
    while frontier:
        here = frontier.pop()
        new = {e.target for e in lifecycle.edges if e.source == here} - reached
        reached |= new
        frontier += new
    assert reached == {state.value for state in STATES[lifecycle.name]}
    pairs = [(edge.source, edge.target) for edge in lifecycle.edges]
    assert len(pairs) == len(set(pairs))
    assert all(edge.why for edge in lifecycle.edges)


def test_what_has_a_verdict_or_is_cancelled_never_moves_again():
    assert ATTEMPT.finals() == {"judged", "cancelled"}
    assert EVALUATION.finals() == {"complete", "cancelled"}
    assert ROTATION.finals() == {"closed", "abandoned"}


@given(ANY, ANY)
def test_a_step_is_refused_exactly_when_the_table_lacks_it(source, target):
    if (source, target) in {(e.source, e.target) for e in ATTEMPT.edges}:
        ATTEMPT.check(source, target)
    else:
        with pytest.raises(NotAllowed) as refusal:
            ATTEMPT.check(source, target)
        assert refusal.value.code == "bad_state"


def test_an_attempt_reaches_a_reply_only_through_a_committed_send():
    assert {e.source for e in ATTEMPT.edges if e.target == "sent"} == {"leased"}
    into_generated = {e.source for e in ATTEMPT.edges if e.target == "generated"}
    assert into_generated == {"sent", "judging", "faulted"}


def test_a_verdict_comes_from_judging_or_from_a_missed_deadline_only():
    assert {e.source for e in ATTEMPT.edges if e.target == "judged"} == {"judging", "sent"}


def test_calls_in_flight_and_ended_attempts_do_not_overlap():
    assert not set(IN_FLIGHT) & set(ENDED)


def test_a_drawing_shows_each_edge_with_its_reason():
    picture = draw(ROTATION)
    assert picture.startswith("```mermaid\nstateDiagram-v2\n    [*] --> planned")
    assert "    open --> closed: its window ends" in picture
    assert "    closed --> [*]" in picture
