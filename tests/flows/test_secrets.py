"""A marker in prompt, test, reference, reply and API key is found nowhere it could leak to.

The scan reads the database's, the broker's and the log files raw, and every page and API answer as
anonymous reader, provider and admin. The same scan must find planted controls, or it proves
nothing.
"""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import redis

from benchserver.core.task import CallCase, CallCases, Shape, Split, TaskSpec
from benchserver.engines.taskformats.native import Native
from benchserver.runtime.valkey import Valkey
from tests.flows.conftest import ScriptedEndpoint
from tests.flows.live import Api, LiveService, endpoint, provider, wait_ended
from tests.flows.scan import Browser, found_in_files, is_in

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
    "p = Protocol(samples=1, max_tokens=512, deadline_seconds=20)\n"
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
    """A whole evaluation of 20 marked tasks on a live service, published."""
    markers = {place: f"m{place[0]}{secrets.token_hex(15)}" for place in PLACES}
    control = f"control{secrets.token_hex(12)}"
    source = tmp_path_factory.mktemp("source") / "pool"
    Native().write([task(n, markers) for n in range(1, 21)], source)

    def reply(prompt: str) -> str:
        found = re.search(r"tag_(\d+)", prompt)
        number = found.group(1) if found else "0"
        body = f"# {markers['reply']}\ndef tag_{number}(x):\n    return f'{{x}}-{number}'"
        return f"```python\n{body if int(number) % 3 else 'def broken(: ' + markers['reply']}\n```"

    server = ScriptedEndpoint(reply)
    with LiveService(endpoints=[server.port]) as service:
        service.command("import_tasks", str(source), "--pool", "marked")
        service.python(TRACK)
        service.command("rotation", "open", "--pool", "marked", "--name", control)
        api = provider(service, "Marked")
        made = endpoint(api, server.url, model="marked", api_key=markers["key"])
        started = api("POST", "evaluations/", {"endpoint": made, "track": "marked"})
        ended = wait_ended(api, started["id"], seconds=120, each=lambda _: None)
        assert ended["state"] == "complete", ended["reason"]
        service.command("publish", "--track", "marked")
        service.python(ADMIN)
        yield Marked(service, markers, control, api, started["id"])
    server.close()


def test_no_marker_is_in_any_file_of_database_broker_or_logs(marked: Marked):
    home = marked.service.home
    marked.service.sql("SELECT pg_switch_wal()")
    marked.service.python("from django.db import connection as c; c.cursor().execute('CHECKPOINT')")
    # Controls: the rotation's name is in the database; the others are written here.
    broker = redis.Redis(unix_socket_path=str(Valkey(home).socket))
    broker.set("control", marked.control)  # in its file within a second
    while not found_in_files(home.valkey, marked.control):
        time.sleep(0.2)
    (home.logs / "web.log").open("a").write(marked.control + "\n")
    controls = found_in_files(home.root, marked.control)
    for place in ("pg/", "valkey/", "logs/"):
        assert any(path.startswith(place) for path in controls), f"the scan is blind in {place}"
    for name, marker in marked.markers.items():
        assert found_in_files(home.root, marker) == [], f"the {name} marker leaked"


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
