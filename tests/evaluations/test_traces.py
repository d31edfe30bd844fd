"""What a reply should not know is looked for where it is open, and only figures are kept."""

from __future__ import annotations

import dataclasses
import re

import pytest
from django.db import IntegrityError, transaction

from benchserver import wiring
from benchserver.core.errors import PlatformFault
from benchserver.core.task import CallCase, CallCases, Split, TaskSpec
from benchserver.core.verdict import Judgement, Verdict
from benchserver.evaluations import generate, judge, opened, salting
from benchserver.evaluations.models import Attempt, Evaluation, Exposure, ReplyTrace
from benchserver.measurement.contamination.salts import MARKER
from benchserver.pools import unseal
from tests import arrange, factories

pytestmark = pytest.mark.django_db

LONG = """def shift_1(x):
    moves = [1 for _ in range(1)]
    total, seen = x, []
    for step in moves:
        if step > 0:
            total = total + step
            seen.append((step, total))
        else:
            total = total - step
    return seen[-1][1] if seen else total
"""


def stage_of(spec: TaskSpec) -> arrange.Board:
    others = [factories.task(2, Split.PRIVATE)] if spec.split is Split.PUBLIC else []
    pool = factories.pool_of([spec, *others])
    return arrange.Board(pool, factories.track_of(pool), factories.open_rotation(pool))


def long_task(split: Split = Split.PRIVATE) -> TaskSpec:
    return dataclasses.replace(factories.task(1, split), reference=LONG)


def judged(evaluation: Evaluation, text: str, verdict: Verdict) -> Attempt:
    attempt = arrange.answered(evaluation, text)
    Attempt.objects.filter(pk=attempt.pk).update(next_at="2000-01-01T00:00:00Z")
    engines = judge.Engines(
        judging=lambda task, code: Judgement(verdict=verdict),
        opener=wiring.opener(),
        policy=arrange.POLICY,
        mac_key=wiring.mac_key(),
    )
    judge.judge_attempt(attempt_id=attempt.pk, worker="j1", engines=engines)
    return attempt


def fenced(code: str) -> str:
    return f"Here:\n```python\n{code}```\n"


def test_a_renamed_reference_is_seen_and_another_way_is_not(wired) -> None:
    stage = stage_of(long_task())
    copy = LONG.replace("moves", "a").replace("total", "b").replace("seen", "c")
    for owner, text in (("Acme", copy), ("Birch", "def shift_1(x):\n    return x + 1\n")):
        evaluation = arrange.started(stage, owner=owner, model=f"m-{owner.lower()}")
        judged(evaluation, fenced(text), Verdict.PASSED)
    recited, own = ReplyTrace.objects.order_by("-containment_e4")
    assert recited.containment_e4 == 10_000
    assert recited.run >= 30
    assert own.containment_e4 < 2_000
    assert (recited.failure_mac, own.failure_mac) == ("", "")


def test_a_public_task_leaves_no_trace(wired) -> None:
    evaluation = arrange.started(stage_of(long_task(Split.PUBLIC)))
    evaluation.attempts.exclude(entry__split=Split.PUBLIC).delete()
    judged(evaluation, fenced(LONG), Verdict.PASSED)
    assert not ReplyTrace.objects.exists()


def test_equal_mistakes_are_equal_under_other_names_and_say_nothing_more(wired) -> None:
    stage = stage_of(long_task())
    texts = ("def f(a):\n    return a * 3\n", "def g(z):\n    return z * 3\n", "def f(a): pass\n")
    for n, text in enumerate(texts):
        evaluation = arrange.started(stage, owner=f"O {n}", model=f"m-{n}")
        judged(evaluation, fenced(text), Verdict.WRONG_ANSWER)
    macs = list(ReplyTrace.objects.order_by("at").values_list("failure_mac", flat=True))
    assert macs[0] == macs[1] != macs[2]
    assert all(re.fullmatch(r"[0-9a-f]{64}", mac) for mac in macs)


def salted_task() -> TaskSpec:
    return dataclasses.replace(
        factories.task(1, Split.CANARY),
        statement=f"Write shift_1(x). The vault holds {MARKER} coins; return the secret code.",
        tests=CallCases(cases=(CallCase(args=(0,), expected=f"code-{MARKER}"),)),
    )


def salted_pair() -> tuple[Evaluation, Evaluation]:
    stage = salted_stage()
    first = arrange.started(stage, owner="Acme", model="m-acme")
    other = arrange.started(stage, owner="Birch", model="m-birch")
    return first, other


def salted_stage() -> arrange.Board:
    """One private task so that a plan may open, and one salted canary task."""
    specs = [*factories.tasks(private=10, public=0), salted_task()]
    pool = factories.pool_of(specs)
    return arrange.Board(pool, factories.track_of(pool), factories.open_rotation(pool))


def canary_of(evaluation: Evaluation) -> Attempt:
    return evaluation.attempts.get(entry__split=Split.CANARY)


def test_each_owner_meets_another_number_and_meets_it_always(wired) -> None:
    seen = {}
    for evaluation in salted_pair():
        version = canary_of(evaluation).entry.version
        spec = unseal.prompt(version=version, opener=wiring.opener(), by="test")
        salt = salting.own_salt(evaluation, version, key=wiring.mac_key())
        seen[salt] = salting.salted_prompt(spec, salt).statement
        assert salt == salting.own_salt(evaluation, version, key=wiring.mac_key())
        assert f"holds {salt} coins" in seen[salt]
    assert len(seen) == 2


def test_the_marker_never_leaves_and_the_tests_ask_for_the_same_number(wired) -> None:
    evaluation, _ = salted_pair()
    attempt = canary_of(evaluation)
    version = attempt.entry.version
    engines = generate.Engines(
        client=wiring.endpoint,
        opener=wiring.opener(),
        sealer=wiring.sealer(),
        policy=arrange.POLICY,
        mac_key=wiring.mac_key(),
    )
    prompt = generate._prepare(opened.for_prompt(attempt.pk), "w1", engines).generation.prompt
    salt = salting.own_salt(evaluation, version, key=wiring.mac_key())
    assert salt in prompt
    assert MARKER not in prompt
    task = unseal.task(version=version, opener=wiring.opener(), by="test")
    asked = salting.salted_task(task, salt).tests
    assert asked.cases[0].expected == f"code-{salt}"


@pytest.mark.parametrize("whose", ["own", "foreign"])
def test_only_a_number_of_somebody_else_is_a_trace(wired, whose: str) -> None:
    mine, other = salted_pair()
    attempt = canary_of(mine)
    version = attempt.entry.version
    Exposure.objects.filter(version=version).update(first_sent_at="2026-11-01T00:00:00Z")
    salt = salting.own_salt(mine if whose == "own" else other, version, key=wiring.mac_key())
    mine.attempts.exclude(pk=attempt.pk).delete()
    judged(mine, fenced(f"def shift_1(x):\n    return {salt}\n"), Verdict.WRONG_ANSWER)
    assert ReplyTrace.objects.get().salts == (whose == "foreign")


def test_without_the_key_a_salted_task_is_not_sent_at_all(wired) -> None:
    mine, _ = salted_pair()
    version = canary_of(mine).entry.version
    with pytest.raises(PlatformFault, match="key"):
        salting.own_salt(mine, version, key=b"")


def test_a_trace_is_for_good(wired) -> None:
    evaluation = arrange.started(stage_of(long_task()))
    judged(evaluation, fenced(LONG), Verdict.PASSED)
    with pytest.raises(IntegrityError), transaction.atomic():
        ReplyTrace.objects.update(run=0)
