"""The embedded broker keeps its queue over a restart and never evicts."""

from __future__ import annotations

import os
import signal

from benchserver.runtime.home import broker_url
from benchserver.runtime.probes import redis_client
from benchserver.runtime.valkey import Valkey
from benchserver.runtime.watchdog import birth
from tests.runtime.helpers import eventually, throwaway_home


def test_the_queue_survives_a_restart_and_nothing_is_evicted():
    with throwaway_home() as home:
        with Valkey(home) as broker:
            assert broker.url() == broker_url(home.root)
            client = redis_client(broker.url())
            client.rpush("generate", "nudge")
            assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
            assert client.config_get("port") == {"port": "0"}
        with Valkey(home) as broker:
            assert redis_client(broker.url()).lpop("generate") == b"nudge"


def test_a_killed_broker_starts_again_on_the_same_socket():
    with throwaway_home() as home, Valkey(home) as broker:
        pid = broker.pid()
        assert pid
        os.kill(pid, signal.SIGKILL)
        assert eventually(lambda: broker.pid() is None)
        with Valkey(home) as again:
            assert redis_client(again.url()).ping()
            second = again.pid()
            assert second
            assert os.stat(f"/proc/{second}").st_uid == home.account.uid
        broker.stop()  # the last to leave stops the server, though it is not the one it started
        assert birth(second) is None


def test_without_persistence_nothing_is_written():
    with throwaway_home() as home:
        with Valkey(home, persistent=False) as broker:
            redis_client(broker.url()).set("a", 1)
        assert not list(home.valkey.glob("appendonlydir/*"))


def test_a_broker_that_ends_by_itself_while_it_is_stopped_is_no_error(monkeypatch):
    with throwaway_home() as home:
        broker = Valkey(home).start()
        process = broker._process
        assert process

        def alive_when_looked_at(pid: int) -> int:
            os.kill(pid, signal.SIGKILL)
            process.wait()  # gone for good before the polite signal is sent
            monkeypatch.undo()
            return 1

        monkeypatch.setattr(broker, "pid", lambda: process.pid)
        monkeypatch.setattr("benchserver.runtime.server.birth", alive_when_looked_at)
        broker.stop()
        assert birth(process.pid) is None
