"""A marker in prompt, test, reference, reply and API key is found nowhere it could leak to.

The scan reads what ``places.py`` lists (files, logs, dumps, the broker's traffic, processes) and
every page and API answer as anonymous reader, provider and admin. The same scan must find a control
planted in each place, or its zeros prove nothing. On the way both key pairs are changed in the
middle of the evaluation and a thousand forged messages are sent.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import re
import secrets
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from benchserver.core.task import CallCase, CallCases, Shape, Split, TaskSpec
from benchserver.engines.taskformats.native import Native
from tests.flows import places
from tests.flows.conftest import ScriptedEndpoint
from tests.flows.live import ROOT, Api, LiveService, endpoint, provider, wait_ended
from tests.flows.places import Monitor
from tests.flows.scan import Browser, is_in

PLACES = ("prompt", "test", "reference", "reply", "key")
ADMIN = (
    "from benchserver.providers.models import Account\n"
    "Account.objects.create_superuser('root', 'root@example.org', 'a-long-test-password')\n"
    "u = Account.objects.get(username='marked@example.org')\n"
    "u.set_password('a-long-test-password'); u.save()\n"
)
TRACK = (
    "from benchserver.core.protocol import Protocol\n"
    "from benchserver.pools.models import Pool\n"
    "from benchserver.pools.tracks import ensure_track\n"
    "p = Protocol(samples=1, max_tokens=512, deadline_seconds=200)\n"
    "pool = Pool.objects.get(slug='marked')\n"
    "ensure_track(pool=pool, slug='marked', name='Marked', protocol=p, by='test')\n"
)


@dataclass
class Marked:
    service: LiveService
    markers: dict[str, str]
    control: str
    api: Api
    evaluation: str
    monitor: Monitor
    started: float
    server: ScriptedEndpoint
    rekeyed: list[dict[str, Any]]


ANSWERED_AT_ONCE = 6  # the calls after these wait for the keys to be changed


def task(number: int, markers: dict[str, str]) -> TaskSpec:
    """Append a suffix; every secret part of the task carries its own marker."""
    cases = [CallCase(args=(text,), expected=f"{text}-{number}") for text in ("a", "b", "c")]
    cases.append(CallCase(args=(markers["test"],), expected=f"{markers['test']}-{number}"))
    return TaskSpec(
        source_id=f"tag-{number}",
        shape=Shape.FUNCTION,
        statement=f"Write tag_{number}(x): x, a dash, {number}. Note {markers['prompt']}.",
        tests=CallCases(cases=tuple(cases)),
        reference=f"# {markers['reference']}\ndef tag_{number}(x):\n    return f'{{x}}-{number}'\n",
        entry_point=f"tag_{number}",
        split=Split.PRIVATE,
        topic="strings",
        difficulty="easy",
        created="2026-11-01",
        author="test",
        family=f"tag-{number}",
    )


@pytest.fixture(scope="module")
def marked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Marked]:
    """A whole evaluation of 20 marked tasks, one of them a twin, on a live service, published."""
    markers = {place: f"m{place[0]}{secrets.token_hex(15)}" for place in PLACES}
    control = f"control{secrets.token_hex(12)}"
    source = tmp_path_factory.mktemp("source") / "pool"
    twin = dataclasses.replace(task(20, markers), family="", twin_of="tag-1")
    Native().write([*(task(n, markers) for n in range(1, 20)), twin], source)

    rekeyed_now = threading.Event()
    asked = itertools.count(1)

    def reply(prompt: str) -> str:
        found = re.search(r"tag_(\d+)", prompt)
        number = found.group(1) if found else "0"
        if found and next(asked) > ANSWERED_AT_ONCE:  # whichever tasks those are
            rekeyed_now.wait(150)
        body = f"# {markers['reply']}\ndef tag_{number}(x):\n    return f'{{x}}-{number}'"
        return f"```python\n{body if int(number) % 3 else 'def broken(: ' + markers['reply']}\n```"

    begun = time.time()
    server = ScriptedEndpoint(reply)
    with LiveService(endpoints=[server.port]) as service, Monitor(service.home) as monitor:
        service.command("import_tasks", str(source), "--pool", "marked")
        service.python(TRACK)
        service.command("rotation", "open", "--pool", "marked", "--name", control)
        api = provider(service, "Marked")
        made = endpoint(api, server.url, model="marked", api_key=markers["key"])
        started = api("POST", "evaluations/", {"endpoint": made, "track": "marked"})
        _await_calls_in_flight(service)
        rekeyed = [
            service.command("rekey", "run", "--right", right) for right in ("generate", "execute")
        ]
        rekeyed_now.set()
        ended = wait_ended(api, started["id"], seconds=120, each=lambda _: None)
        assert ended["state"] == "complete", ended["reason"]
        service.command("publish", "--track", "marked")
        service.python(ADMIN)
        yield Marked(service, markers, control, api, started["id"], monitor, begun, server, rekeyed)
    server.close()


def _await_calls_in_flight(service: LiveService) -> None:
    """Four calls that wait for the keys to be changed, others already judged."""
    rows = "SELECT count(*) FROM evaluations_attempt WHERE state = %s"
    end = time.monotonic() + 150
    while service.sql(rows, "sent") != [(4,)] or service.sql(rows, "judged") == [(0,)]:
        assert time.monotonic() < end, service.explain()
        time.sleep(0.2)


def test_no_marker_is_in_any_place_where_a_control_is_found(marked: Marked):
    found = places.searched(
        marked.service,
        monitor=marked.monitor,
        since=marked.started,
        control=marked.control,
        markers=tuple(marked.markers.values()),
    )
    assert set(found) == set(places.PLACES)
    for place, hits in found.items():
        assert hits[marked.control], f"the scan is blind in {place}"
        for name, marker in marked.markers.items():
            assert not hits[marker], f"the {name} marker leaked to {place}: {hits[marker]}"


def test_both_key_pairs_changed_during_the_evaluation_and_no_attempt_failed(marked: Marked):
    for done in marked.rekeyed:
        assert (done["refused"], done["under_old_pairs"]) == ({}, 0)
        assert len(done["retired"]) == 1
    assert marked.service.sql("SELECT count(*) FROM evaluations_faultrecord") == [(0,)]
    assert marked.service.sql("SELECT count(*) FROM evaluations_send") == [(20,)]
    attempts = {str(row[0]) for row in marked.service.sql("SELECT id FROM evaluations_attempt")}
    assert sorted(key for key, _ in marked.server.log if key in attempts) == sorted(attempts)


def test_messages_are_small_and_forged_ones_cause_no_send(marked: Marked):
    messages = marked.monitor.messages()
    assert len(messages) >= 40  # the control: the run's own messages were seen
    assert max(len(message["body"]) for message in messages) <= 1024
    assert max(len(json.dumps(message)) for message in messages) <= 2048  # envelope included
    before = len(marked.server.log)
    rows = "SELECT count(*) FROM evaluations_send"
    sends = marked.service.sql(rows)
    places.forge(marked.service, 1_000)
    places.await_empty_queues(marked.service)
    assert marked.service.sql(rows) == sends
    assert len(marked.server.log) == before
    for name in ("generate", "execute", "control"):
        assert "Traceback" not in (marked.service.home.logs / f"{name}.log").read_text()


def test_no_marker_is_on_any_page_or_in_any_api_answer(marked: Marked):
    base = marked.service.url
    anyone, member, admin = Browser(base), Browser(base), Browser(base)
    member.log_in("/portal/login/", "marked@example.org", "a-long-test-password")
    admin.log_in("/admin/login/?next=/admin/", "root", "a-long-test-password")
    pages = {
        **{f"anyone {p}": d for p, d in anyone.crawl("/", "/rotations/", limit=60).items()},
        **{f"member {p}": d for p, d in member.crawl("/portal/", limit=60).items()},
        **{f"admin {p}": d for p, d in admin.crawl("/admin/", limit=250).items()},
        **{f"api {p}": json.dumps(marked.api("GET", p)).encode() for p in _api_paths(marked)},
        **{f"public {p}": anyone.get(p) for p in PUBLIC},
    }
    seen = [where for where, data in pages.items() if is_in(data, marked.control)]
    for who in ("anyone", "member", "admin", "api", "public"):
        assert any(where.startswith(who) for where in seen), f"the scan is blind for {who}"
    for name, marker in marked.markers.items():
        leaks = [where for where, data in pages.items() if is_in(data, marker)]
        assert leaks == [], f"the {name} marker leaked"
    assert sum(where.startswith("admin") for where in pages) > 40


PUBLIC = (
    "/api/v1/leaderboards/",
    "/api/v1/leaderboards/marked/",
    "/api/v1/models/marked-1/",
    "/api/v1/rotations/",
    "/api/v1/tasks/public.jsonl",
    "/api/v1/transparency/entries/",
    "/api/v1/transparency/checkpoint",
    "/api/v1/transparency/bundle.json",
    "/api/v1/schema/",
)


def _api_paths(marked: Marked) -> list[str]:
    endpoints = [f"endpoints/{e['id']}/" for e in marked.api("GET", "endpoints/")["results"]]
    plain = ["models/", "endpoints/", "evaluations/", "usage/", "events/", "tokens/"]
    return [*plain, f"evaluations/{marked.evaluation}/", *endpoints]


def test_the_served_bundle_verifies_from_outside(marked: Marked):
    url = f"{marked.service.url}/api/v1/transparency/bundle.json"
    answer = marked.service.command("verify", url)
    assert answer["ok"], answer
    details = {check["what"]: check["detail"] for check in answer["checks"]}
    assert details["task commitments"] == "1 trees shown of 1 committed"


def test_no_other_place_exists(settings: Any) -> None:
    """Error mail, a shared cache, metrics and error collectors: whoever adds one adds it above."""
    assert settings.ADMINS == [] == settings.MANAGERS
    assert {h["class"] for h in settings.LOGGING["handlers"].values()} == {"logging.StreamHandler"}
    assert settings.CACHES["default"]["BACKEND"].endswith("LocMemCache")
    project = (ROOT / "pyproject.toml").read_text()
    assert not re.search(r"sentry|prometheus|opentelemetry|statsd", project)
