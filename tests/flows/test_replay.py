"""82 recorded replies over HTTP from a server that is not ours: exactly 18 pass, whatever dies.

The even HumanEval tasks are a private pool, ``mockllm`` answers each with the reply a real model
once gave (sample 0, an indented body), and the upstream checker's recorded verdicts are the truth.
The second evaluation runs while every kind of process is killed with -9.
"""

from __future__ import annotations

import gzip
import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest

from benchserver.core.prompting import prompt
from benchserver.core.task import PromptSpec, Shape
from benchserver.runtime.postgres import Postgres
from tests.flows.live import (
    Api,
    LiveService,
    LoggingProxy,
    endpoint,
    free_port,
    mockllm,
    patiently,
    probe_keys,
    provider,
    wait_ended,
)
from tests.recount import recount
from tests.shared_data import shared

TRACK = """
from benchserver.core.protocol import Protocol
from benchserver.pools.models import Pool
from benchserver.pools.tracks import ensure_track
pool = Pool.objects.get(slug="humaneval")
protocol = Protocol(samples=1, max_tokens=1024, deadline_seconds=30)
ensure_track(pool=pool, slug="humaneval", name="HumanEval", protocol=protocol, by="test")
"""


@dataclass
class Stage:
    service: LiveService
    proxy: LoggingProxy
    expected: dict[str, bool]
    providers: dict[str, Api] = field(default_factory=dict)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    pytest.importorskip("mockllm")
    lines = gzip.decompress(shared("humaneval/HumanEval.jsonl.gz").read_bytes()).splitlines()
    tasks = {t["task_id"]: t for t in map(json.loads, lines)}
    recorded = shared("humaneval-codegen16b/samples.jsonl").read_text().splitlines()
    first = [s for s in map(json.loads, recorded) if s["sample"] == 0]
    folder = tmp_path_factory.mktemp("replay")
    pool = folder / "even.jsonl"
    pool.write_text("".join(json.dumps(tasks[s["task_id"]]) + "\n" for s in first))
    table = {_prompt(tasks[s["task_id"]]): s["completion"] for s in first}
    with mockllm(table, folder) as port:
        proxy = LoggingProxy(port)
        with LiveService(endpoints=[proxy.port, free_port()]) as service:
            counts = service.command("import_tasks", str(pool), "--pool", "humaneval")["counts"]
            assert counts == {"stored": 82, "unchanged": 0, "refused": 0}
            service.python(TRACK)
            service.command("rotation", "open", "--pool", "humaneval", "--name", "ro-1")
            yield Stage(service, proxy, {s["task_id"]: s["passed"] for s in first})
        proxy.close()


def _prompt(task: dict[str, Any]) -> str:
    return prompt(
        PromptSpec(
            shape=Shape.FUNCTION,
            language="python",
            statement=task["prompt"],
            prompt_code=task["prompt"],
            entry_point=task["entry_point"],
        )
    )


def test_exactly_the_recorded_18_of_82_pass_and_the_board_says_so(stage: Stage):
    api = provider(stage.service, "Replay")
    made = endpoint(api, stage.proxy.url, model="codegen", concurrency=8, wait=True)
    status = _evaluate(api, made)
    assert status["state"] == "complete", status["reason"]
    assert sum(stage.expected.values()) == 18
    assert status["result"]["private"]["passed"] == 18
    board = stage.service.command("publish", "--track", "humaneval")
    assert [(r["private"]["passed"], r["private"]["tasks"]) for r in board["rows"]] == [(18, 82)]
    # one request per task, each with its row; the public questions have theirs
    _await_reading(stage.service, status["id"])
    public = probe_keys(stage.service)
    assert public
    tasks = [key for key in stage.proxy.log if key not in public]
    assert sorted(tasks) == sorted(_sends(stage.service))
    assert len(tasks) == 82


def test_the_published_score_is_the_recount_of_the_raw_verdicts(stage: Stage):
    with psycopg.connect(Postgres(stage.service.home).url()) as connection:
        assert recount(connection) == []
        # and the recount sees a board that is wrong by one
        text = "UPDATE leaderboard_snapshot SET body = replace(body, %s, %s)"
        connection.execute(text, ('"passed":18', '"passed":19'))
        assert recount(connection) != []
        connection.rollback()


def test_killing_every_kind_of_process_costs_time_and_nothing_else(stage: Stage):
    service = stage.service
    api = provider(service, "Battered")
    made = endpoint(api, stage.proxy.url, model="codegen-battered", concurrency=4, wait=True)
    stage.proxy.log.clear()
    stage.proxy.delay = 1.2  # so that calls are in flight when something dies
    killed = Killer(service)
    status = _evaluate(api, made, each=killed, seconds=180, explain=service.explain)
    stage.proxy.delay = 0.0
    assert not killed.left, f"not yet killed: {killed.left}"
    _check_accounts(service, status["id"], stage.proxy.log, kills=killed.generate_kills)
    passed = service.sql(
        "SELECT count(*) FROM evaluations_verdictrecord v"
        " JOIN evaluations_attempt a ON a.id = v.attempt_id"
        " JOIN evaluations_evaluation e ON e.id = a.evaluation_id"
        " WHERE e.slug = %s AND v.verdict = 'passed'",
        status["id"],
    )[0][0]
    # What lost both its sends to kills is a fault and no zero; all else is as recorded.
    faulted = status["progress"]["faults"]
    assert faulted <= killed.generate_kills * 4
    assert 18 - faulted <= passed <= 18


class Killer:
    """Kills one process kind after another while the evaluation makes progress."""

    def __init__(self, service: LiveService) -> None:
        self.service = service
        self.left = ["generate", "execute", "execute child", "control", "beat", "web", "broker"]
        self.left += ["database", "generate"]
        self.last = 0.0
        self.generate_kills = 0

    def __call__(self, status: Any) -> None:
        judged = status["progress"]["judged"]
        due = time.monotonic() - self.last > 2.0
        if not self.left or not due or status["state"] != "running" or judged < 2:
            return
        victim = self.left[0]
        part, _, child = victim.partition(" ")
        pids = self.service.pids(part)
        if len(pids) < (2 if child else 1):
            return
        self.left.pop(0)
        self.generate_kills += part == "generate"
        self.service.kill(pids[1] if child else pids[0])
        self.last = time.monotonic()


def _evaluate(
    api: Api,
    endpoint_id: str,
    *,
    each: Any = lambda _: None,
    seconds: int = 240,
    explain: Any = str,
) -> Any:
    started = api("POST", "evaluations/", {"endpoint": endpoint_id, "track": "humaneval"})
    return wait_ended(api, started["id"], seconds=seconds, each=each, explain=explain)


def _await_reading(service: LiveService, evaluation: str, *, seconds: float = 90.0) -> None:
    """Until who answers was asked after the last task, too."""
    text = (
        "SELECT count(*) FROM evaluations_identityreading r JOIN evaluations_evaluation e"
        " ON e.id = r.evaluation_id WHERE e.slug = %s AND r.moment = 'after'"
    )
    end = time.monotonic() + seconds
    while service.sql(text, evaluation) == [(0,)]:
        assert time.monotonic() < end, "no reading after the end"
        time.sleep(0.3)


def _sends(service: LiveService) -> list[str]:
    return [str(row[0]) for row in service.sql("SELECT attempt_id FROM evaluations_send")]


def _check_accounts(service: LiveService, evaluation: str, log: list[str], *, kills: int) -> None:
    """I1-I4 from the database and the server's log alone."""
    attempts = patiently(
        lambda: service.sql(
            "SELECT a.id::text, a.state, (SELECT count(*) FROM evaluations_verdictrecord v"
            " WHERE v.attempt_id = a.id), (SELECT count(*) FROM evaluations_faultrecord f"
            " WHERE f.attempt_id = a.id) FROM evaluations_attempt a"
            " JOIN evaluations_evaluation e ON e.id = a.evaluation_id WHERE e.slug = %s",
            evaluation,
        )
    )
    assert len(attempts) == 82
    for _, state, verdicts, faults in attempts:
        assert (state, verdicts, faults) in {("judged", 1, 0), ("faulted", 0, 1)}
    mine = {row[0] for row in attempts}
    sends = service.sql("SELECT attempt_id::text, outcome FROM evaluations_send")
    rows = Counter(a for a, outcome in sends if a in mine and outcome != "not_sent")
    seen = Counter(key for key in log if key in mine)
    assert not seen - rows, "a request without its send row"
    unsent = rows - seen
    assert sum(unsent.values()) <= kills * 4, "rows without a request, beyond those in flight"
    assert all(outcome != "pending" for a, outcome in sends if a in mine)
    unknown = Counter(a for a, outcome in sends if a in mine and outcome == "unknown")
    assert max(unknown.values(), default=0) <= 2
    exposed = service.sql(
        "SELECT count(*), count(first_sent_at) FROM evaluations_exposure x"
        " JOIN evaluations_evaluation e ON e.owner_group_id = x.owner_group_id WHERE e.slug = %s",
        evaluation,
    )
    assert exposed == [(82, 82)]


def test_the_service_leaves_nothing_behind(tmp_path: Path):
    with LiveService(endpoints=[1]) as service:
        pids = [pid for part in ("web", "generate", "execute") for pid in service.pids(part)]
        assert pids
    for _ in range(100):
        alive = [pid for pid in pids if Path(f"/proc/{pid}").exists()]
        if not alive:
            break
        time.sleep(0.1)
    assert not alive
