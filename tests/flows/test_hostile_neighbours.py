"""Thirty endpoints that misbehave in every way we know slow a good one by less than 20 %.

Real service, real workers with their real limits, thirty-one providers. The hostile ones answer
harmless questions well and turn on the first task. Runs beside them and runs while they are paused
alternate, so that a busy machine slows both. Example of a line it prints:
``alone 21.4 s, beside 30 hostile 23.0 s: ratio 1.07``.
"""

from __future__ import annotations

import json
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from benchserver.core.protocol import Protocol
from benchserver.engines.taskformats.native import Native
from tests.flows import live
from tests.flows.adders import adding, track_script
from tests.flows.live import Api, LiveService, LoggingProxy, endpoint, provider, wait_ended
from tests.wired import ScriptedEndpoint

HOSTILE = 30
LATENCY = 2.0  # seconds, of the good endpoint: a quick model's
SAMPLES = 2
ROUNDS = 2
DEADLINE = 10  # seconds
TRACK = track_script("beside", Protocol(samples=SAMPLES, max_tokens=512, deadline_seconds=DEADLINE))


def solve(prompt: str) -> str:
    found = re.search(r"add_(\d+)", prompt)
    number = found[1] if found else "0"
    return f"```python\ndef add_{number}(x):\n    return x + {number}\n```" if found else "ready"


@pytest.fixture
def stage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[LiveService, str, list[str]]]:
    """The service, the good endpoint's URL and the hostile ones'."""
    monkeypatch.setattr(live, "BRISK", {})  # limits and periods as in production
    monkeypatch.setenv("EXPOSURE_PER_TASK", "1000")
    monkeypatch.setenv("EVALUATIONS_PER_ROTATION", "1000")
    Native().write([adding(n) for n in range(1, 21)], tmp_path / "pool")
    good = ScriptedEndpoint(solve)
    proxy = LoggingProxy(good.port, delay=LATENCY)
    command = [sys.executable, "-m", "tests.flows.hostile_servers", str(HOSTILE)]
    pipe = subprocess.PIPE
    with ExitStack() as stack:
        others = stack.enter_context(
            subprocess.Popen(command, cwd=live.ROOT, stdin=pipe, stdout=pipe, text=True)
        )
        assert others.stdout
        ports = json.loads(others.stdout.readline())
        service = stack.enter_context(LiveService(endpoints=[proxy.port, *ports]))
        service.command("import_tasks", str(tmp_path / "pool"), "--pool", "beside")
        service.python(TRACK)
        service.command("rotation", "open", "--pool", "beside", "--name", "beside-1")
        yield service, proxy.url, [f"http://127.0.0.1:{port}/v1" for port in ports]
        others.communicate()
    proxy.close()
    good.close()


def run(service: LiveService, api: Api, good: str) -> float:
    """Seconds of one whole evaluation of the good endpoint."""
    started = time.monotonic()
    evaluation = start(api, good)
    ended = wait_ended(api, evaluation, seconds=300, each=lambda _: None, explain=service.explain)
    assert ended["state"] == "complete", ended["reason"]
    return time.monotonic() - started


def start(api: Api, made: str) -> str:
    return str(api("POST", "evaluations/", {"endpoint": made, "track": "beside"})["id"])


@pytest.mark.soak
def test_thirty_hostile_endpoints_slow_a_good_one_by_less_than_a_fifth(
    stage: tuple[LiveService, str, list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    service, url, urls = stage
    api = provider(service, "Good")
    good = endpoint(api, url, model="good")
    run(service, api, good)  # admitted, warm
    hostile = []
    for number, (owner, each) in enumerate(zip(providers(service), urls, strict=True)):
        hostile.append((owner, endpoint(owner, each, model=f"hostile-{number}")))
        start(*hostile[-1])
    await_all_hostile(service)
    beside, alone = [], []
    for _ in range(ROUNDS):
        beside.append(run(service, api, good))
        switch(hostile, "paused")
        await_quiet(service)
        alone.append(run(service, api, good))
        switch(hostile, "active")
        time.sleep(1)
    ratio = statistics.median(b / a for a, b in zip(alone, beside, strict=True))
    with capsys.disabled():
        print(f"\nalone {seconds(alone)} s, beside {HOSTILE} hostile {seconds(beside)} s", end="")
        print(f": ratio {ratio:.2f}; hostile sends {sent_by_hostile(service)}")
        print(f"the longest hostile call held its slot for {longest_call(service):.1f} s")
    assert ratio < 1.2
    assert longest_call(service) <= DEADLINE + 5


def providers(service: LiveService) -> list[Api]:
    """Thirty at once: a command for each would take minutes."""
    code = (
        "import json\n"
        "from benchserver.console.management.commands.create_provider import create\n"
        "from benchserver.providers.tokens import SCOPES\n"
        f"made = [create(name=f'Hostile {{n}}', email=f'h{{n}}@example.org', password=None,"
        f" scopes=list(SCOPES)) for n in range({HOSTILE})]\n"
        "print(json.dumps([each['token'] for each in made]))"
    )
    return [Api(service, token) for token in json.loads(service.python(code))]


def seconds(times: list[float]) -> str:
    return " ".join(f"{time:.1f}" for time in times)


def switch(hostile: list[tuple[Api, str]], state: str) -> None:
    for owner, made in hostile:
        owner("PATCH", f"endpoints/{made}/", {"state": state})


def await_quiet(service: LiveService) -> None:
    """Until nothing that was sent to a hostile endpoint is waited for any more."""
    rows = (
        "SELECT count(*) FROM evaluations_attempt a JOIN providers_endpoint e"
        " ON e.id = a.endpoint_id WHERE e.name LIKE 'hostile%' AND a.state IN ('leased', 'sent')"
    )
    end = time.monotonic() + 60
    while service.sql(rows) != [(0,)]:
        assert time.monotonic() < end, service.explain()
        time.sleep(0.2)


def await_all_hostile(service: LiveService) -> None:
    """Until each has been admitted and was sent its first task."""
    busy = (
        "SELECT count(DISTINCT a.endpoint_id) FROM evaluations_send s"
        " JOIN evaluations_attempt a ON a.id = s.attempt_id"
        " JOIN providers_endpoint e ON e.id = a.endpoint_id WHERE e.name LIKE 'hostile%'"
    )
    end = time.monotonic() + 240
    while service.sql(busy) != [(HOSTILE,)]:
        assert time.monotonic() < end, service.explain()
        time.sleep(0.5)


def longest_call(service: LiveService) -> float:
    """Seconds from a send's row to its end."""
    rows = service.sql(
        "SELECT max(extract(epoch FROM ended_at - committed_at)) FROM evaluations_send"
    )
    return float(rows[0][0])


def sent_by_hostile(service: LiveService) -> dict[str, Any]:
    rows = service.sql(
        "SELECT s.outcome, count(*) FROM evaluations_send s JOIN evaluations_attempt a"
        " ON a.id = s.attempt_id JOIN providers_endpoint e ON e.id = a.endpoint_id"
        " WHERE e.name LIKE 'hostile%' GROUP BY 1"
    )
    return dict(rows)
