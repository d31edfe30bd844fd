"""The embedded database keeps what was committed, whoever is killed, and tells its log nothing."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import psycopg
import pytest

from benchserver.core.errors import MissingPart
from benchserver.runtime.account import Account
from benchserver.runtime.home import Home, database_url
from benchserver.runtime.postgres import Postgres
from benchserver.runtime.watchdog import birth
from tests.runtime.helpers import eventually, throwaway_home

OWNER = """
import sys, time
from pathlib import Path
from benchserver.runtime.home import open_home
from benchserver.runtime.postgres import Postgres
server = Postgres(open_home(Path(sys.argv[1]))).start()
print(server.pid(), flush=True)
time.sleep(600)
"""


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    """One cluster for all tests here: making one is the slow part."""
    with throwaway_home() as found:
        yield found


@pytest.fixture
def server(home: Home) -> Iterator[Postgres]:
    with Postgres(home) as found:
        yield found


def show(url: str, setting: str) -> str:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT current_setting(%s)", [setting]).fetchone()
    assert row
    return str(row[0])


def test_the_default_is_durable_local_and_utf8(server: Postgres):
    wanted = {
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "data_checksums": "on",
        "listen_addresses": "",
        "server_encoding": "UTF8",
        "TimeZone": "UTC",
        "max_connections": "200",
    }
    assert {name: show(server.url(), name) for name in wanted} == wanted


def test_the_url_is_known_before_it_runs_and_its_folder_is_private(server: Postgres):
    assert server.url() == database_url(server.home.root)
    assert server.home.sockets.stat().st_mode & 0o077 == 0


def test_it_never_runs_as_root(server: Postgres):
    pid = server.pid()
    assert pid
    assert os.stat(f"/proc/{pid}").st_uid == server.home.account.uid != 0


def test_values_and_statements_of_a_failing_query_stay_out_of_the_log(server: Postgres):
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("CREATE TEMP TABLE t (body text UNIQUE)")
        for _ in range(2):
            with contextlib.suppress(psycopg.errors.UniqueViolation):
                connection.execute("INSERT INTO t VALUES (%s)", ["hidden task text"])
        with pytest.raises(psycopg.errors.InvalidTextRepresentation):
            connection.execute("SELECT CAST('hidden literal' AS int), 'hidden statement'")
    log = server.log.read_text()
    assert "duplicate key" in log
    assert "hidden task text" not in log
    assert "hidden statement" not in log


def test_a_second_user_shares_the_server_and_the_last_one_stops_it(home: Home):
    first = Postgres(home).start()
    second = Postgres(home).start()
    pid = first.pid()
    assert second.pid() == pid
    first.stop()
    assert second.pid() == pid
    assert show(second.url(), "fsync") == "on"
    second.stop()
    assert second.pid() is None


def test_a_killed_server_recovers_what_was_committed(home: Home):
    with Postgres(home) as server, psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
        connection.execute("INSERT INTO kept VALUES (7)")
        pid = server.pid()
        assert pid
        os.kill(pid, signal.SIGKILL)
        assert eventually(lambda: server.pid() is None)
    with Postgres(home) as server, psycopg.connect(server.url()) as connection:
        assert connection.execute("SELECT max(n) FROM kept").fetchone() == (7,)


def killed_owner(home: Home) -> int:
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(home.root)], stdout=subprocess.PIPE
    ) as owner:
        assert owner.stdout
        pid = int(owner.stdout.readline())
        owner.kill()
    return pid


def test_the_server_of_a_killed_user_stops_by_itself(home: Home):
    pid = killed_owner(home)
    assert eventually(lambda: birth(pid) is None)
    with Postgres(home) as server:
        assert server.pid() != pid


def test_the_server_of_a_killed_user_stays_while_another_uses_it(home: Home):
    with Postgres(home) as server:
        assert killed_owner(home) == server.pid()
        assert show(server.url(), "fsync") == "on"


def test_a_pid_file_that_names_a_living_stranger_does_not_block_the_start(home: Home):
    with Postgres(home) as server:
        lines = (server.data / "postmaster.pid").read_text().splitlines()
    stale = server.data / "postmaster.pid"
    with subprocess.Popen(["/bin/sleep", "600"], **home.account.popen()) as stranger:
        stale.write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")
        home.account.own(stale, 0o600)
        with Postgres(home) as again:
            assert again.pid() not in (None, stranger.pid)
        assert stranger.poll() is None
        stranger.kill()


def test_an_interrupted_initdb_is_swept_away():
    with throwaway_home() as home:
        half = home.pg / "new-half"
        half.mkdir()
        (half / "PG_VERSION").write_text("18\n")
        with Postgres(home, durable=False) as server:
            assert not half.exists()
            assert show(server.url(), "fsync") == "off"


def test_an_account_without_a_name_is_told_so_before_anything_is_made():
    with throwaway_home() as home:
        nameless = Home(home.root, Account("4242", home.account.uid, home.account.gid, known=False))
        with pytest.raises(MissingPart, match="DATABASE_URL"):
            Postgres(nameless).start()
        assert not (home.pg / "data").exists()
