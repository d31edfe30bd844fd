"""``up`` and ``doctor`` as a user meets them: real processes, a real page, nothing left."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from benchserver.config.command import needs_home
from benchserver.runtime.home import Home
from benchserver.runtime.parts import PRIVATE_KEYS
from benchserver.runtime.probes import Finding, attempt, probe_broker, probe_database
from benchserver.runtime.watchdog import birth
from tests.runtime.helpers import eventually, throwaway_home

MANAGE = str(Path(__file__).parents[2] / "manage.py")
OURS = ("DATABASE_URL", "BROKER_URL", "DJANGO_SETTINGS_MODULE", *PRIVATE_KEYS)


def environment(home: Home) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in OURS}
    return {**kept, "BENCHSERVER_HOME": str(home.root)}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def processes_of(home: Home) -> dict[int, str]:
    """Living processes whose command line or environment names this home."""
    found = {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            command = Path(f"/proc/{entry}/cmdline").read_bytes()
            variables = Path(f"/proc/{entry}/environ").read_bytes()
        except OSError:
            continue
        if os.fsencode(home.root) in command + variables and birth(int(entry)):
            found[int(entry)] = command.replace(b"\0", b" ").decode()
    return found


def test_up_serves_without_keys_in_the_web_and_ctrl_c_leaves_nothing():
    port = free_port()
    with throwaway_home() as home:
        command = [sys.executable, MANAGE, "up", "--json", "--port", str(port), "--executors", "1"]
        with subprocess.Popen(
            command, env=environment(home), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as up:
            assert up.stdout
            line = up.stdout.readline()
            assert line, up.stderr and up.stderr.read().decode()
            url = json.loads(line)["url"]
            with urllib.request.urlopen(f"{url}/healthz", timeout=30) as answer:
                assert answer.status == 200
            web = [pid for pid, command in processes_of(home).items() if "gunicorn" in command]
            assert len(web) >= 3
            for pid in web:
                variables = Path(f"/proc/{pid}/environ").read_bytes()
                assert not any(name.encode() in variables for name in PRIVATE_KEYS)
                assert os.stat(f"/proc/{pid}").st_uid == home.account.uid != 0
            up.send_signal(signal.SIGINT)
            assert up.wait(timeout=90) == 0
        assert eventually(lambda: not processes_of(home), seconds=30)


def test_doctor_proves_database_broker_and_keys_and_leaves_nothing():
    with throwaway_home() as home:
        answer = subprocess.run(
            [sys.executable, MANAGE, "doctor", "--json"],
            env=environment(home),
            capture_output=True,
            text=True,
        )
        report = json.loads(answer.stdout)
        good = {each["name"] for each in report["findings"] if each["ok"]}
        assert {"database", "broker", "clock", "disk", "key generate", "key execute"} <= good
        assert answer.returncode == (0 if report["ok"] else 1)
        assert eventually(lambda: not processes_of(home))


def test_a_database_and_broker_that_do_not_answer_are_findings_with_a_mend():
    for found in (
        probe_database("postgresql://127.0.0.1:9/nothing"),
        probe_broker("redis://127.0.0.1:9/0"),
    ):
        assert not found.ok
        assert found.mandatory
        assert "URL" in found.mend


def test_a_probe_that_raises_becomes_one_line():
    def broken() -> str:
        raise RuntimeError("first line\nsecond line")

    assert attempt("x", broken, mend="mend it") == Finding(
        name="x", ok=False, detail="RuntimeError: first line", mend="mend it"
    )


@pytest.mark.parametrize(
    ("words", "needs"),
    [
        (["import_tasks", "DIR"], True),
        (["import_tasks", "--help"], False),
        (["grade", "--tasks", "x"], False),
        (["up"], True),
        (["--version"], False),
        ([], False),
    ],
)
def test_only_commands_that_touch_data_start_anything(words: list[str], needs: bool):
    assert needs_home(["manage.py", *words]) is needs
