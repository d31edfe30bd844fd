"""One contract, two stores: what memory and Postgres answer to the engine is the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any
from uuid import UUID

import pytest

from benchserver.console.simulation.backend import Backend, MemoryBackend
from benchserver.console.simulation.scenario import FOREVER, START, Scenario, scenario
from benchserver.core.engine import judging, mending, sending
from benchserver.core.engine.facts import Claim, Failure, Outcome, Usage
from benchserver.core.engine.policy import EnginePolicy
from benchserver.core.engine.sending import Engine
from benchserver.core.verdict import Judgement, Verdict
from tests import arrange
from tests.postgres_backend import LARGEST, PostgresBackend, build_world
from tests.wired import key_folder, wired  # noqa: F401

pytestmark = pytest.mark.django_db
POLICY = EnginePolicy(lease_seconds=20, retry_base_seconds=1)


@pytest.fixture(params=["memory", "postgres"])
def backend(request, wired) -> Iterator[Backend]:  # noqa: F811
    if request.param == "memory":
        yield MemoryBackend()
        return
    board = arrange.board(private=LARGEST, public=0)
    build_world()
    with PostgresBackend(board) as made:
        yield made


class Desk:
    """The engine on one backend, with one endpoint and one evaluation of three attempts."""

    def __init__(self, backend: Backend, *, limit: int = 2, rps: float | None = None) -> None:
        self.backend, self.now = backend, START
        base = scenario(1)
        endpoint = replace(base.endpoints[0], limit=limit, rps=rps)
        units = tuple(UUID(int=Random(n).getrandbits(128)) for n in range(3))
        evaluation = replace(
            base.evaluations[0],
            endpoint=endpoint.id,
            units=units,
            closes_at=FOREVER,
            max_requests=None,
        )
        self.plan: Scenario = replace(base, endpoints=(endpoint,), evaluations=(evaluation,))
        self.endpoint, self.units, self.evaluation = endpoint.id, units, evaluation.id
        backend.at(self.now)
        backend.acting("test")
        backend.start(self.plan)
        self.engine = Engine(store=backend.store, policy=POLICY, random=lambda: 0.5)

    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        self.backend.at(self.now)

    def claim(self, worker: str = "w:1") -> Any:
        return sending.claim_next(
            self.engine, endpoint=self.endpoint, worker=worker, hold_seconds=120
        )

    def send(self, worker: str = "w:1") -> tuple[Claim, UUID]:
        claim = self.claim(worker)
        assert isinstance(claim, Claim)
        send = sending.authorise(self.engine, claim=claim, prepared_for=1)
        assert send is not None
        return claim, send

    def answer(self, claim: Claim, send: UUID) -> bool:
        usage = Usage(tokens_in=3, tokens_out=5, reported=True, seconds=1.0)
        keep = lambda: self.backend.keep(claim.attempt_id, send)  # noqa: E731
        return sending.settle_reply(self.engine, claim=claim, send=send, usage=usage, keep=keep)

    def fail(self, claim: Claim, send: UUID, outcome: Outcome, **facts: Any) -> None:
        failure = Failure(outcome=outcome, code="x", **facts)
        sending.settle_failure(self.engine, claim=claim, send=send, failure=failure)

    def unit(self, unit: UUID) -> Any:
        with self.backend.store.transaction() as tx:
            return tx.lock(unit)

    def states(self) -> list[str]:
        return [self.unit(unit).state.value for unit in self.units]

    def lane(self) -> Any:
        with self.backend.store.transaction() as tx:
            return tx.lane(self.endpoint)


@pytest.fixture
def desk(backend) -> Desk:
    return Desk(backend)


def test_claims_go_in_order_raise_the_fence_and_end_at_the_limit(desk):
    first, second = desk.claim(), desk.claim("w:2")
    assert [first.attempt_id, second.attempt_id] == list(desk.units[:2])
    assert (first.fence, second.fence) == (1, 1)
    assert desk.claim() == "nothing"
    assert desk.lane().in_flight == 2


def test_a_block_that_raises_changes_nothing(desk):
    claim = desk.claim()
    before = [desk.unit(u) for u in desk.units]

    def change_and_fail() -> None:
        with desk.backend.store.transaction() as tx:
            unit = tx.lock(claim.attempt_id)
            tx.expose(unit)
            tx.add_send(unit, cause="first")
            tx.wake("judge", unit.id)
            unit.state = type(unit.state).SENT
            tx.save(unit)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        change_and_fail()
    assert [desk.unit(u) for u in desk.units] == before
    assert desk.backend.tables()["sends"] == []
    assert desk.backend.published() == []


def test_what_is_written_ahead_is_there_and_mine_until_the_lease_ends(desk):
    claim, _ = desk.send()
    kinds = [e["kind"] for e in desk.backend.history() if e["kind"] != "move"]
    assert kinds == ["exposure", "send"]
    assert desk.backend.store.mine(claim)
    desk.pass_time(21)
    assert not desk.backend.store.mine(claim)


def test_beats_extend_a_lease_never_past_the_hold(desk):
    claim, _ = desk.send()
    for _ in range(30):
        desk.pass_time(10)
        with desk.backend.store.transaction() as tx:
            tx.beat(workers=["w:1"], lease_seconds=20)
    assert desk.unit(claim.attempt_id).lease_until == pytest.approx(START + 120)


def test_a_lost_send_is_of_unknown_outcome_and_its_worker_changes_nothing_any_more(desk):
    claim, send = desk.send()
    desk.pass_time(21)
    assert mending.expire_leases(desk.engine.store, base=1) == 1
    assert mending.expire_leases(desk.engine.store, base=1) == 0
    unit = desk.unit(claim.attempt_id)
    assert (unit.state, unit.reason, unit.unknown_sends) == ("ambiguous", "worker_lost", 1)
    assert unit.next_at == pytest.approx(desk.now + 1)
    desk.pass_time(2)
    heir, _ = desk.send("w:2")
    assert (heir.attempt_id, heir.fence) == (claim.attempt_id, claim.fence + 1)
    assert not desk.answer(claim, send)
    assert desk.unit(claim.attempt_id).state == "sent"
    (row,) = (r for r in desk.backend.tables()["sends"] if r["send"] == str(send))
    assert (row["outcome"], row["usage"]["tokens_out"]) == ("answered", 5)  # its cost is booked


def test_a_reply_wakes_its_judge_and_is_judged_once(desk):
    claim, send = desk.send()
    assert desk.answer(claim, send)
    assert ("judge", str(claim.attempt_id)) in desk.backend.published()
    take = {"attempt_id": claim.attempt_id, "hold_seconds": 900}
    one = judging.claim_reply(desk.engine, worker="j:1", **take)
    assert judging.claim_reply(desk.engine, worker="j:2", **take) is None
    passed = Judgement(verdict=Verdict.PASSED)
    done = {"judgement": passed, "also": lambda: None}
    assert judging.settle_verdict(desk.engine, claim=one, **done)
    assert not judging.settle_verdict(desk.engine, claim=one, **done)
    assert desk.unit(claim.attempt_id).state == "judged"


def test_a_rest_a_broken_lane_and_its_canary(desk):
    for _ in range(5):
        desk.pass_time(100)
        desk.fail(*desk.send(), Outcome.REFUSED)
    lane = desk.lane()
    assert (lane.broken, lane.failures, lane.rest_reason) == (True, 5, "5 failed sends in a row")
    assert desk.claim() == "nothing"
    desk.pass_time(100)
    assert desk.claim() == "canary"
    assert desk.claim() == "nothing"  # one at a time
    sending.settle_canary(desk.engine, endpoint=desk.endpoint, passed=False)
    assert desk.claim() == "nothing"
    desk.pass_time(100)
    assert desk.claim() == "canary"
    sending.settle_canary(desk.engine, endpoint=desk.endpoint, passed=True)
    assert isinstance(desk.claim(), Claim)


def test_a_token_bucket_refills_by_the_stores_clock(backend):
    desk = Desk(backend, rps=0.5)
    assert isinstance(desk.claim(), Claim)
    assert desk.claim() == "nothing"
    desk.pass_time(1.9)
    assert desk.claim() == "nothing"
    desk.pass_time(0.2)
    assert isinstance(desk.claim(), Claim)


def test_a_paused_evaluation_is_neither_claimed_nor_woken_nor_permitted(desk):
    before = desk.claim()
    assert desk.backend.pause(desk.evaluation)
    assert desk.claim() == "nothing"
    mending.wake_due(desk.engine.store)
    assert desk.backend.published() == []
    assert sending.authorise(desk.engine, claim=before, prepared_for=1) is None
    waiting = desk.unit(before.attempt_id)
    assert (waiting.state, waiting.reason, waiting.paused) == ("ready", "", True)
    assert desk.backend.tables()["sends"] == []
    assert desk.backend.lift(desk.evaluation)
    assert not desk.backend.lift(desk.evaluation)
    claim, _ = desk.send()
    assert claim.attempt_id == before.attempt_id
    assert desk.backend.tables()["sends"][0]["cause"] == "first"


def test_a_call_in_flight_outlives_a_pause_and_a_further_send_keeps_its_cause(desk):
    answered, lost = desk.send(), desk.send()
    desk.backend.pause(desk.evaluation)
    assert desk.backend.store.mine(answered[0])
    assert desk.answer(*answered)
    judging.claim_reply(
        desk.engine, attempt_id=answered[0].attempt_id, worker="j:1", hold_seconds=900
    )
    desk.fail(*lost, Outcome.UNKNOWN)
    assert desk.states() == ["judging", "ambiguous", "ready"]
    desk.pass_time(100)
    assert desk.claim() == "nothing"
    desk.backend.lift(desk.evaluation)
    again = desk.claim()
    desk.backend.pause(desk.evaluation)
    assert sending.authorise(desk.engine, claim=again, prepared_for=1) is None
    desk.backend.lift(desk.evaluation)
    desk.send()
    assert desk.backend.tables()["sends"][-1]["cause"] == "x"


def test_a_cancelled_call_keeps_its_slot_until_it_ends(desk):
    claim, send = desk.send()
    assert desk.backend.cancel(desk.evaluation)
    assert desk.states() == ["cancelled"] * 3
    assert desk.lane().in_flight == 1
    assert not desk.backend.store.mine(claim)
    desk.fail(claim, send, Outcome.UNKNOWN)
    assert desk.lane().in_flight == 0


def test_a_cancelled_call_nobody_ends_is_ended_after_its_lease(desk):
    _, send = desk.send()
    desk.backend.cancel(desk.evaluation)
    assert mending.end_forgotten(desk.engine.store) == 0
    desk.pass_time(21)
    assert desk.lane().in_flight == 0
    assert mending.end_forgotten(desk.engine.store) == 1
    (row,) = desk.backend.tables()["sends"]
    assert (row["send"], row["outcome"]) == (str(send), "unknown")


def test_lost_wake_ups_are_written_again_but_not_while_judges_are_at_work(desk):
    claims = [desk.send() for _ in range(2)]
    for claim, send in claims:
        desk.answer(claim, send)
    desk.backend.published()
    desk.pass_time(5)
    mending.wake_due(desk.engine.store)
    assert {step for step, _ in desk.backend.published()} == {"generate"}
    judging.claim_reply(
        desk.engine, attempt_id=claims[0][0].attempt_id, worker="j:1", hold_seconds=900
    )
    desk.pass_time(15)
    mending.wake_due(desk.engine.store)
    assert {step for step, _ in desk.backend.published()} == {"generate"}
    desk.pass_time(10)  # the judge's lease is over: nobody is at work
    mending.wake_due(desk.engine.store)
    assert ("judge", str(claims[1][0].attempt_id)) in desk.backend.published()
    mending.wake_due(desk.engine.store)
    assert {step for step, _ in desk.backend.published()} == {"generate"}


def test_a_change_before_any_reply_is_adopted_and_after_one_it_ends_the_rest(desk):
    desk.backend.change(desk.endpoint)
    claim = desk.claim()
    assert sending.authorise(desk.engine, claim=claim, prepared_for=1) is None
    assert desk.unit(claim.attempt_id).state == "ready"
    claim = desk.claim()
    send = sending.authorise(desk.engine, claim=claim, prepared_for=2)
    assert desk.answer(claim, send)
    desk.backend.change(desk.endpoint)
    again = desk.claim()
    assert sending.authorise(desk.engine, claim=again, prepared_for=3) is None
    assert desk.unit(again.attempt_id).reason == "endpoint_changed"
    assert desk.unit(again.attempt_id).state == "faulted"


def test_whoever_answers_the_public_alone_is_asked_ever_less_often(desk):
    rests = []
    for failures in (5, 1, 1):
        for _ in range(failures):
            desk.fail(*desk.send(), Outcome.REFUSED)
            desk.pass_time(0.0 if desk.lane().broken else 100.0)
        rests.append(round(desk.lane().resting_until - desk.now))
        desk.pass_time(100)
        assert desk.claim() == "canary"
        sending.settle_canary(desk.engine, endpoint=desk.endpoint, passed=True)
    assert rests == [1, 2, 4]
    desk.answer(*desk.send())  # a task's reply makes up for all of it
    assert not desk.lane().troubled
    assert desk.lane().probes_failed == 0
