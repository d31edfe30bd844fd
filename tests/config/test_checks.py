"""Unsafe settings do not start: each has an id and says what mends it."""

from __future__ import annotations

import os
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from benchserver.config import checks
from benchserver.engines.vault.keyring import ensure_keys

ROOT = Path(__file__).parents[2]
PLAIN = ("PATH", "HOME", "LANG", "DATABASE_URL", "BROKER_URL", "BENCHSERVER_USER")
SAFE = {
    "PRODUCTION": "1",
    "ALLOWED_HOSTS": "bench.example",
    "PUBLIC_URL": "https://bench.example",
    "LOG_ORIGIN": "bench.example/results",
}
UNSAFE = {
    "PRODUCTION": "1",
    "DEBUG": "1",
    "ENDPOINT_ALLOW_LOCAL": "127.0.0.1:9",
    "SECRET_KEY_FILE": "/nowhere/secret.key",
    "MIN_CELL": "5",
}


def run_check(home: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    plain = {name: os.environ[name] for name in PLAIN if name in os.environ}
    return subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT,
        env={**plain, "BENCHSERVER_HOME": str(home), **environ},
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.fixture
def home(tmp_path: Path) -> Path:
    ensure_keys(tmp_path / "keys")
    return tmp_path


@pytest.fixture
def safe(settings: Any, home: Path) -> Any:
    """In-process settings of a production service without a flaw."""
    settings.PRODUCTION = True
    settings.DEBUG = False
    settings.ENDPOINT_ALLOW_LOCAL = frozenset()
    settings.ALLOWED_HOSTS = ["bench.example"]
    settings.PUBLIC_URL = "https://bench.example"
    settings.LOG_ORIGIN = "bench.example/results"
    settings.MIN_CELL = 20
    settings.KEYS_DIR = home / "keys"
    settings.SECRET_KEY_FILE = home / "keys" / "secret.key"
    settings.OPEN_GENERATE_KEY_FILE = None
    settings.OPEN_EXECUTE_KEY_FILE = None
    settings.SIGNING_KEY_FILE = None
    return settings


def found() -> list[str]:
    return [str(message.id) for message in checks.check_unsafe(None)]


def test_a_production_service_with_safe_settings_passes_every_deployment_check(home: Path):
    done = run_check(home, **SAFE)
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout + done.stderr


def test_the_command_that_starts_everything_refuses_and_names_all_faults_at_once(home: Path):
    done = run_check(home, **UNSAFE)
    assert done.returncode != 0
    for number in ("E001", "E002", "E003", "E004", "E005", "W008", "W009"):
        assert f"benchserver.{number}" in done.stderr, done.stderr
    assert "HINT: Unset DEBUG where PRODUCTION is set." in done.stderr


def test_safe_settings_are_left_in_peace(safe: Any):
    assert found() == []


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("DEBUG", True, "benchserver.E001"),
        ("SECRET_KEY_FILE", Path("/nowhere/secret.key"), "benchserver.E002"),
        ("ENDPOINT_ALLOW_LOCAL", frozenset({"127.0.0.1:9"}), "benchserver.E003"),
        ("ALLOWED_HOSTS", ["127.0.0.1", "localhost"], "benchserver.E004"),
        ("ALLOWED_HOSTS", [], "benchserver.E004"),
        ("ALLOWED_HOSTS", ["bench.example", "*"], "benchserver.E004"),
        ("PUBLIC_URL", "http://bench.example", "benchserver.E005"),
        ("PUBLIC_URL", "https://", "benchserver.E005"),
        ("LOG_ORIGIN", "benchserver.example/results", "benchserver.W008"),
        ("MIN_CELL", 19, "benchserver.W009"),
    ],
)
def test_each_unsafe_setting_of_production_has_its_own_id(
    safe: Any, name: str, value: Any, expected: str
):
    setattr(safe, name, value)
    (message,) = checks.check_unsafe(None)
    assert message.id == expected
    assert message.hint
    assert name in f"{message.msg} {message.hint}"
    safe.PRODUCTION = False
    assert found() == [], "development may do this"


def test_private_keys_on_the_volume_of_the_embedded_database_are_seen(safe: Any, tmp_path: Path):
    safe.EMBEDDED_DATABASE, safe.BENCHSERVER_HOME = True, tmp_path
    safe.KEYS_DIR = tmp_path / "nowhere"
    (tmp_path / "pg").mkdir()
    private = tmp_path / "open_execute.key"
    private.write_text("x")
    private.chmod(0o400)
    assert found() == []  # no private half is known here
    safe.OPEN_EXECUTE_KEY_FILE = private
    assert found() == ["benchserver.W010"]
    safe.EMBEDDED_DATABASE = False
    assert found() == []  # where that database lies no program can see


@pytest.mark.parametrize("name", checks.PRIVATE_HALVES)
def test_a_web_process_that_could_open_secrets_is_refused(
    safe: Any, monkeypatch: pytest.MonkeyPatch, name: str
):
    setattr(safe, name, safe.KEYS_DIR / "open_generate.key")
    monkeypatch.delitem(sys.modules, checks.WEB_ENTRY, raising=False)
    assert found() == [], "a worker or a command may hold it"
    monkeypatch.setitem(sys.modules, checks.WEB_ENTRY, types.ModuleType(checks.WEB_ENTRY))
    assert found() == ["benchserver.E006"]
    with pytest.raises(ImproperlyConfigured, match=f"E006.*{name}"):
        checks.refuse_unsafe_web()


def test_a_web_process_that_can_only_seal_may_serve(safe: Any, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, checks.WEB_ENTRY, types.ModuleType(checks.WEB_ENTRY))
    assert found() == []
    checks.refuse_unsafe_web()


def test_warnings_do_not_keep_the_web_from_serving(safe: Any):
    safe.MIN_CELL = 1
    assert len(found()) == 1, "there is something to warn of"
    assert found()[0].startswith("benchserver.W")
    checks.refuse_unsafe_web()


@pytest.mark.parametrize("mode", [0o440, 0o404, 0o444, 0o600 | 0o002])
def test_a_key_that_others_could_use_is_refused_with_the_chmod_that_mends_it(safe: Any, mode: int):
    key = safe.KEYS_DIR / "open_execute.key"
    key.chmod(mode)
    (message,) = checks.check_unsafe(None)
    assert (message.id, message.hint) == ("benchserver.E007", f"Run: chmod 400 {key}")
    safe.PRODUCTION = False
    assert found() == ["benchserver.E007"], "no machine may have that"


def test_a_key_file_named_outside_the_key_folder_is_looked_at_too(safe: Any, tmp_path: Path):
    key = tmp_path / "mounted"
    key.write_text("x")
    key.chmod(0o644)
    safe.OPEN_EXECUTE_KEY_FILE = key
    assert found() == ["benchserver.E007"]


def test_no_message_tells_what_a_key_file_holds(safe: Any):
    key = safe.KEYS_DIR / "secret.key"
    key.chmod(0o644)
    text = " ".join(f"{m.msg} {m.hint}" for m in checks.check_unsafe(None))
    assert key.read_text().strip() not in text
