"""The container files keep the architecture's promises: keys by right, no way out of execute."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

DEPLOY = Path(__file__).parents[2] / "deploy"
PRIVATE = {"open_generate", "open_execute", "signing"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text())


def test_each_service_mounts_only_the_private_keys_of_its_right(compose: dict[str, Any]):
    held = {
        name: PRIVATE & set(service.get("secrets", ()))
        for name, service in compose["services"].items()
    }
    assert {name: keys for name, keys in held.items() if keys} == {
        "generate": {"open_generate"},
        "execute": {"open_execute"},
        "control": {"open_execute", "signing"},
    }


def test_key_variables_name_only_mounted_secrets(compose: dict[str, Any]):
    for name, service in compose["services"].items():
        for variable, value in service.get("environment", {}).items():
            if str(value).startswith("/run/secrets/"):
                assert Path(value).name in service["secrets"], (name, variable)


def test_execute_has_no_way_to_the_internet_and_generate_has(compose: dict[str, Any]):
    networks = compose["networks"]
    ways_out = {
        name: [each for each in service["networks"] if not (networks[each] or {}).get("internal")]
        for name, service in compose["services"].items()
    }
    assert {name for name, out in ways_out.items() if out} == {"web", "generate"}


def test_no_own_process_keeps_a_capability_or_gains_privileges(compose: dict[str, Any]):
    for name in ("migrate", "web", "generate", "execute", "control", "beat"):
        service = compose["services"][name]
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert service["read_only"] is True
        assert not service.get("privileged")


def test_execute_alone_may_make_namespaces(compose: dict[str, Any]):
    options = compose["services"]["execute"]["security_opt"]
    assert "systempaths=unconfined" in options
    assert "seccomp=./seccomp-execute.json" in options
    assert {"mem_limit", "memswap_limit", "pids_limit"} <= compose["services"]["execute"].keys()
    others = [s for n, s in compose["services"].items() if n != "execute"]
    assert not any("unconfined" in str(each.get("security_opt")) for each in others)


def test_the_seccomp_profile_denies_by_default_and_allows_namespaces():
    profile = json.loads((DEPLOY / "seccomp-execute.json").read_text())
    assert profile["defaultAction"] == "SCMP_ACT_ERRNO"
    allowed = {
        name
        for rule in profile["syscalls"]
        if rule["action"] == "SCMP_ACT_ALLOW" and not rule.get("args") and not rule.get("includes")
        for name in rule["names"]
    }
    assert {"clone", "clone3", "unshare", "mount", "umount2", "pivot_root", "setns"} <= allowed
    assert allowed.isdisjoint({"bpf", "perf_event_open", "init_module", "kexec_load", "keyctl"})


def test_the_web_server_has_limits_and_no_secret():
    namespace: dict[str, Any] = {}
    exec((DEPLOY / "gunicorn.conf.py").read_text(), namespace)
    assert namespace["workers"] == 2
    assert namespace["worker_class"] == "gthread"
    assert 0 < namespace["timeout"] <= 60
    assert namespace["accesslog"] is None
