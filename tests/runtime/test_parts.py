"""Which process gets which key, and what the service is made of."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator

import pytest

from benchserver.runtime.home import Home
from benchserver.runtime.parts import PRIVATE_KEYS, Service, build_service
from benchserver.runtime.supervisor import Part
from tests.runtime.helpers import throwaway_home


@pytest.fixture
def home() -> Iterator[Home]:
    with throwaway_home() as found:
        yield found


def parts_of(service: Service) -> dict[str, Part]:
    found = {name: run.part for name, run in service._runs.items()}
    service.stop()
    return found


def build(home: Home, **environ: str) -> dict[str, Part]:
    service = build_service(
        home, port=8123, environ={**os.environ, **environ}, stream=io.StringIO(), executors=3
    )
    return parts_of(service)


def test_each_process_gets_the_private_keys_of_its_right_and_no_other(home: Home):
    everything = {name: f"/outside/{file}" for name, file in PRIVATE_KEYS.items()}
    held = {
        name: {key for key in PRIVATE_KEYS if key in part.env}
        for name, part in build(home, DATABASE_URL="", BROKER_URL="", **everything).items()
    }
    assert held == {
        "database": set(),
        "broker": set(),
        "migrate": set(),
        "web": set(),
        "generate": {"OPEN_GENERATE_KEY_FILE"},
        "execute": {"OPEN_EXECUTE_KEY_FILE"},
        "control": {"OPEN_EXECUTE_KEY_FILE", "SIGNING_KEY_FILE"},
        "beat": set(),
    }


def test_key_files_named_outside_win_over_the_home(home: Home):
    named = build(home, OPEN_GENERATE_KEY_FILE="/outside/g.key", BROKER_URL="redis://x/0")
    assert named["generate"].env["OPEN_GENERATE_KEY_FILE"] == "/outside/g.key"
    assert named["execute"].env["OPEN_EXECUTE_KEY_FILE"] == str(home.keys / "open_execute.key")


def test_a_database_and_a_broker_of_ones_own_are_not_started(home: Home):
    parts = build(home, DATABASE_URL="postgresql://elsewhere/x", BROKER_URL="redis://x/0")
    assert {"database", "broker"}.isdisjoint(parts)
    assert parts["web"].env["DATABASE_URL"] == "postgresql://elsewhere/x"


def test_workers_listen_to_one_queue_each_in_the_pool_that_suits_it(home: Home):
    parts = build(home)
    told = {name: " ".join(parts[name].argv) for name in ("generate", "execute", "control")}
    assert "-Q generate -P threads -c 128 --prefetch-multiplier 1" in told["generate"]
    assert "-Q execute -P prefork -c 3 --prefetch-multiplier 1" in told["execute"]
    assert "-Q control -P threads -c 4" in told["control"]
    assert all("migrate" in parts[name].after for name in ("web", *told))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a cgroup away")
def test_only_the_execute_worker_is_given_a_cgroup_and_none_is_left(home: Home):
    service = build_service(home, stream=io.StringIO())
    given = service.cgroup
    named = [name for name, part in parts_of(service).items() if "BENCH_CGROUP" in part.env]
    if given is None:
        pytest.skip("this machine has no cgroup to give")
    assert named == ["execute"]
    assert not any(folder.exists() for folder in given.folders)
