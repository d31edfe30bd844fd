"""One seed of the engine under misfortune: virtual time, real rules, a history for the checker.

Workers run the engine's own errands (``core/engine/work.py``) and may be killed, frozen or thawed
at every effect and at every commit; messages are lost, doubled and delayed, the broker is wiped,
disks fill up, endpoints fail, providers cancel, pause, resume and change. Then all is calm, and
every attempt must end. Example: ``Simulation(scenario(7), MemoryBackend()).run()`` is the history.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any
from uuid import UUID

from benchserver.console.simulation.backend import Backend
from benchserver.console.simulation.endpoint import DEADLINE, Call, MockEndpoint
from benchserver.console.simulation.misfortune import Died, DiskFull, UnluckyStore
from benchserver.console.simulation.scenario import CALM, START, Scenario, setup_entry
from benchserver.console.simulation.timeline import Timeline
from benchserver.console.simulation.workers import Errand, Worker
from benchserver.core.engine import mending, work
from benchserver.core.engine.facts import Failure, Outcome, Usage
from benchserver.core.engine.policy import EnginePolicy
from benchserver.core.engine.sending import Engine
from benchserver.core.errors import PlatformFault
from benchserver.core.verdict import Judgement, Verdict

POLICY = EnginePolicy(lease_seconds=20, retry_base_seconds=1)
PATIENCE = 6 * 3600.0  # virtual seconds of calm after which an attempt that has not ended is stuck
RELAY_EVERY = 5.0
RECONCILE_EVERY = 15.0
_JUDGING_HOLD = 900.0
IN_BETWEEN = 0.01  # chance of a pause when a worker has claimed and not yet been permitted


class Simulation:
    """``run`` once. ``counts``: how many misfortunes happened, by kind."""

    def __init__(self, plan: Scenario, backend: Backend, *, patience: float = PATIENCE) -> None:
        self.plan = plan
        self._end = plan.calm_at + patience
        self.backend = backend
        self._time = Timeline(START)
        self.log: list[dict[str, Any]] = []
        self.counts: Counter[str] = Counter()
        self.calm = False
        self._idle_since = plan.calm_at
        self._dice = Random(f"run {plan.seed}")
        self._whims = Random(f"whims {plan.seed}")  # of the people who pause
        self._broker: list[tuple[str, str]] = []
        self.store = UnluckyStore(backend.store, self._dice, plan.luck)
        self.engine = Engine(store=self.store, policy=POLICY, random=self._dice.random)
        self.mocks = {e.id: MockEndpoint(e, self._dice, self.log) for e in plan.endpoints}
        self.workers = [Worker(f"w{n}") for n in range(plan.workers)]

    def run(self) -> list[dict[str, Any]]:
        self._set_up()
        for event in self._time:
            self.backend.at(self._time.now)
            event()
            self.log += self.backend.history()
            if self._time.now > self._end or (self.calm and self._quiescent()):
                break
        self.log.append({"kind": "rows", "t": self._time.now, "tables": self.backend.tables()})
        return self.log

    def _quiescent(self) -> bool:
        """Everything has ended, for as long as what nobody told of needs to be found."""
        idle = all(w.errand is None for w in self.workers)
        if not idle or self.backend.open_units():
            self._idle_since = self._time.now
        return self._time.now > self._idle_since + POLICY.lease_seconds + 2 * RECONCILE_EVERY

    def _set_up(self) -> None:
        self.backend.at(self._time.now)
        self.backend.start(self.plan)
        self.log.append(setup_entry(self.plan))
        for e in self.plan.endpoints:
            for _ in range(e.limit):
                self._publish("generate", str(e.id))
            if e.changes_at is not None:
                self._time.at(e.changes_at, lambda e=e: self.backend.change(e.id))  # type: ignore[misc]
        for v in self.plan.evaluations:
            if v.cancel_at is not None:
                self._time.at(v.cancel_at, lambda v=v: self._cancel(v.id))  # type: ignore[misc]
            for begins, ends in v.pauses:
                self._time.at(begins, lambda v=v: self._pause(v.id))  # type: ignore[misc]
                self._time.at(ends, lambda v=v: self._lift(v.id))  # type: ignore[misc]
        self._time.at(self._time.now + RELAY_EVERY, self._relay)
        self._time.at(self._time.now + RECONCILE_EVERY * self._dice.random(), self._reconcile)
        self._time.at(self._time.now + POLICY.lease_seconds / 3, self._beat)
        self._time.at(self.plan.calm_at, self._calm_down)
        for name in ("kills", "freezes", "wipes", "outages"):
            self._later_again(name)

    def _later_again(self, name: str) -> None:
        rate: float = getattr(self.plan.luck, name)
        if rate > 0 and not self.calm:
            happens = {
                "kills": self._kill_one,
                "freezes": self._freeze_one,
                "wipes": self._wipe,
                "outages": self._outage,
            }[name]
            self._time.after(self._dice.expovariate(rate), lambda: self._strike(name, happens))

    def _strike(self, name: str, happens: Callable[[], None]) -> None:
        if not self.calm:
            self.counts[name] += 1
            happens()
            self._later_again(name)

    def _somebody(self) -> Worker:
        """Mostly one that is at work: there it hurts."""
        busy = [w for w in self.workers if w.errand is not None]
        return self._dice.choice(busy if busy and self._dice.random() < 0.9 else self.workers)

    def _kill_one(self) -> None:
        self._kill(self._somebody())

    def _kill(self, worker: Worker) -> None:
        if worker.call is not None and worker.at is not None:
            worker.at.hang_up(worker.call, now=self._time.now)
        worker.errand, worker.call = None, None
        worker.serial += 1
        worker.frozen_until = 0.0
        worker.dead_until = self._time.now + self._dice.uniform(0, 5)
        self._time.after(worker.dead_until - self._time.now, lambda: self._poll(worker))

    def _freeze_one(self) -> None:
        worker = self._somebody()
        worker.frozen_until = self._time.now + self._dice.choice((3.0, 25.0, 35.0, 50.0, 90.0))
        if worker.call is not None and worker.at is not None:
            worker.at.unattended(worker.call, now=self._time.now)
        self._time.after(worker.frozen_until - self._time.now, lambda: self._poll(worker))

    def _wipe(self) -> None:
        self._broker.clear()

    def _outage(self) -> None:
        mock = self._dice.choice(list(self.mocks.values()))
        mock.out = True
        self._time.after(self._dice.uniform(5, 120), lambda: setattr(mock, "out", False))
        if self._dice.random() < 0.3:
            self.store.full = True
            self._time.after(self._dice.uniform(1, 10), lambda: setattr(self.store, "full", False))

    def _calm_down(self) -> None:
        """From here on nothing goes wrong any more, and whoever was paused is mended."""
        self.calm = True
        self.store.luck = CALM
        self.store.full = False
        for worker in self.workers:
            worker.frozen_until = min(worker.frozen_until, self._time.now)
            self._poll(worker)
        for mock in self.mocks.values():
            mock.out, mock.well = False, True
            self.backend.activate(mock.plan.id)
        for v in self.plan.evaluations:
            self._lift(v.id)

    def _cancel(self, evaluation: UUID) -> None:
        self.backend.acting("person")
        if self.backend.cancel(evaluation):
            self.counts["cancels"] += 1
            self.log.append(
                {"kind": "cancelled", "t": self._time.now, "evaluation": str(evaluation)}
            )

    def _pause(self, evaluation: UUID) -> None:
        self.backend.acting("person")
        if not self.calm and self.backend.pause(evaluation):
            self.counts["pauses"] += 1
            self.log += self.backend.history()  # what came before it
            self.log.append(
                {"kind": "held_back", "t": self._time.now, "evaluation": str(evaluation)}
            )

    def _lift(self, evaluation: UUID) -> None:
        self.backend.acting("person")
        if self.backend.lift(evaluation):
            self.log.append({"kind": "let_go", "t": self._time.now, "evaluation": str(evaluation)})

    def _interrupt(self, unit: UUID) -> None:
        """A pause just between the claim and the permission to send."""
        evaluation = next(v.id for v in self.plan.evaluations if unit in v.units)
        self._pause(evaluation)
        self._time.after(self._whims.uniform(1, 60), lambda: self._lift(evaluation))

    def _people(self) -> None:
        """A provider looks now and then: mends what is paused, resumes what faulted."""
        self.backend.acting("person")
        for mock in self.mocks.values():
            if self._dice.random() < 0.2:
                self.backend.activate(mock.plan.id)
        for v in self.plan.evaluations:
            if not self.calm and self._dice.random() < 0.05 and self.backend.resume(v.id):
                self.counts["resumes"] += 1

    def _publish(self, step: str, target: str) -> None:
        luck = self.store.luck
        if self._dice.random() < luck.lost:
            self.counts["lost"] += 1
            return
        copies = 2 if self._dice.random() < luck.doubled else 1
        for _ in range(copies):
            place = self._dice.randint(0, len(self._broker))  # messages overtake each other
            self._broker.insert(place, (step, target))
        for worker in self.workers:
            if worker.errand is None:
                self._time.after(0.001, lambda w=worker: self._poll(w))  # type: ignore[misc]

    def _relay(self) -> None:
        for step, target in self.backend.published():
            self._publish(step, target)
        self._time.after(RELAY_EVERY, self._relay)

    def _reconcile(self) -> None:
        for _ in range(self._dice.choice((1, 1, 2))):  # two schedulers do no harm
            self.backend.acting("reconciler")
            try:
                mending.expire_leases(self.store, base=POLICY.retry_base_seconds)
                mending.end_stranded(self.store)
                mending.end_forgotten(self.store)
                mending.wake_due(self.store)
            except (Died, DiskFull):
                self.counts["reconciler_broke"] += 1
        self._people()
        self._time.after(RECONCILE_EVERY, self._reconcile)

    def _beat(self) -> None:
        alive = [w.label for w in self.workers if w.errand and w.frozen_until <= self._time.now]
        if alive and not self.store.full:
            with self.backend.store.transaction() as tx:
                tx.beat(workers=alive, lease_seconds=POLICY.lease_seconds)
        self._time.after(POLICY.lease_seconds / 3, self._beat)

    def _poll(self, worker: Worker) -> None:
        """An idle worker takes the next message."""
        if (
            worker.errand is not None
            or max(worker.frozen_until, worker.dead_until) > self._time.now
        ):
            return
        if not self._broker:
            return
        worker.step, worker.target = self._broker.pop(0)
        worker.serial += 1
        worker.errand = self._errand(worker)
        self._go_on(worker, worker.serial, lambda: None)

    def _errand(self, worker: Worker) -> Errand:
        target = UUID(worker.target)
        if worker.step == "generate":
            return work.generation(
                self.engine, endpoint=target, worker=worker.label, hold_seconds=DEADLINE + 60
            )
        return work.judgement(
            self.engine, attempt_id=target, worker=worker.label, hold_seconds=_JUDGING_HOLD
        )

    def _go_on(self, worker: Worker, serial: int, result: Callable[[], work.Result]) -> None:
        """Continue an errand with what its effect brought; a frozen worker does so when thawed."""
        if worker.errand is None or worker.serial != serial:
            return
        if worker.frozen_until > self._time.now:
            wait = worker.frozen_until - self._time.now + 0.001
            self._time.after(wait, lambda: self._go_on(worker, serial, result))
            return
        self.backend.acting(worker.label)
        errand = worker.errand
        try:
            try:
                effect = errand.send(result())
            except PlatformFault as problem:
                effect = errand.throw(problem)
        except StopIteration as end:
            self._done(worker, bool(end.value))
        except Died:
            self.counts["died_at_commit"] += 1
            self._kill(worker)
        except DiskFull:
            self.counts["disk_full"] += 1
            self._done(worker, False)
        else:
            self._perform(worker, effect)

    def _done(self, worker: Worker, did: bool) -> None:
        worker.errand = None
        for step, target in self.backend.published():
            self._publish(step, target)
        if did and worker.step == "generate":
            self._publish("generate", worker.target)
        self._poll(worker)

    def _perform(self, worker: Worker, effect: work.Effect) -> None:
        serial = worker.serial

        def then(seconds: float, result: Callable[[], work.Result]) -> None:
            self._time.after(seconds, lambda: self._go_on(worker, serial, result))

        if isinstance(effect, work.Prepare):
            if self._whims.random() < IN_BETWEEN:
                self._interrupt(effect.claim.attempt_id)
            then(self._dice.uniform(0, 0.02), lambda: self._prepared(effect))
        elif isinstance(effect, work.Transmit):
            wait = self._dice.uniform(0, 0.02)
            self._time.after(wait, lambda: self._transmit(worker, serial, effect))
        elif isinstance(effect, work.Canary):
            mock = self.mocks[effect.endpoint]
            passed = self._ask(mock)
            then(self._dice.uniform(0.1, 2), lambda: passed)
        else:
            then(self._dice.expovariate(0.2), lambda: self._judged(effect))

    def _prepared(self, effect: work.Prepare) -> int:
        if self._dice.random() < self.store.luck.cannot_prepare:
            raise PlatformFault("key_away")
        return self.backend.revision(effect.claim.attempt_id)

    def _transmit(self, worker: Worker, serial: int, effect: work.Transmit) -> None:
        """Connected: one last look, then the first byte."""
        if worker.errand is None or worker.serial != serial:
            return
        if worker.frozen_until > self._time.now:
            wait = worker.frozen_until - self._time.now + 0.001
            self._time.after(wait, lambda: self._transmit(worker, serial, effect))
            return
        mock = self.mocks[UUID(worker.target)]
        mood = mock.mood()
        if mood == "unreachable" or not self.store.mine(effect.claim):
            code = "connect_failed" if mood == "unreachable" else "cancelled"
            failure = Failure(outcome=Outcome.NOT_SENT, code=code)
            self._time.after(0.01, lambda: self._go_on(worker, serial, lambda: failure))
            return
        unit = str(effect.claim.attempt_id)
        call = mock.request(now=self._time.now, mood=mood, unit=unit, send=str(effect.send))
        worker.call, worker.at = call, mock
        self._time.after(call.seconds, lambda: self._arrive(worker, serial, effect, call))

    def _arrive(self, worker: Worker, serial: int, effect: work.Transmit, call: Call) -> None:
        """The answer is on the wire; a frozen worker reads it when it is thawed."""
        if worker.errand is None or worker.serial != serial or worker.at is None:
            return
        mock, worker.call = worker.at, None
        heard = mock.finish(call, now=self._time.now)
        self._go_on(worker, serial, lambda: self._heard(mock, effect, call, heard))

    def _heard(
        self, mock: MockEndpoint, effect: work.Transmit, call: Call, heard: Usage | Failure
    ) -> work.Result:
        if isinstance(heard, Failure):
            mine = call.mood == "timeout" and self.store.mine(effect.claim)
            return replace(heard, alive=True) if mine and self._ask(mock, extra=True) else heard
        unit, send = effect.claim.attempt_id, effect.send
        return work.Answer(heard, keep=lambda: self.backend.keep(unit, send))

    def _ask(self, mock: MockEndpoint, *, extra: bool = False) -> bool:
        mood = mock.mood(public=True)
        if mood == "unreachable":
            return False
        call = mock.request(now=self._time.now, mood=mood, unit="", send="", extra=extra)
        mock.finish(call, now=self._time.now)
        return mood == "ok"

    def _judged(self, effect: work.Judge) -> work.Judged:
        if self._dice.random() < self.store.luck.judge_breaks:
            raise PlatformFault("sandbox_gone")
        send = self.backend.reply_send(effect.claim.attempt_id)
        answers = (e for e in self.log if e["kind"] == "answer" and e["send"] == send)
        right = next(answers)["right"]
        verdict = Verdict.PASSED if right else Verdict.WRONG_ANSWER
        return work.Judged(Judgement(verdict=verdict), also=lambda: None)
