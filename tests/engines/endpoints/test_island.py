"""Every case of the shared list goes through the real transport, and every packet is counted.

The calls are made in a network of its own in which all addresses answer, so a refused address
that was called all the same would be reached and seen. Example: a name with the answer
``169.254.169.254`` ends as ``address_refused`` with no packet at all.
"""

from __future__ import annotations

import ipaddress
import json
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchserver.engines.endpoints import address as address_module
from benchserver.engines.endpoints.address import AddressPolicy, AddressRefused
from tests.engines.endpoints.test_address import VECTORS, answers_of, spellings
from tests.shared_data import shared

ROOT = Path(__file__).resolve().parents[3]
CASES: list[dict[str, Any]] = json.loads(VECTORS.read_text())["cases"] if VECTORS.exists() else []
GOOD = "93.184.215.14"
SECRETS = ("sk-the-secret-key", "the-hidden-task-text")


class Island:
    def __init__(self, process: subprocess.Popen[str]):
        self._process = process

    def call(self, case: dict[str, Any]) -> dict[str, Any]:
        full = {"mode": "prod", "deadline": 5.0, "host": _host(case), **case}
        full.setdefault("answers", answers_of(case, full["host"]))
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(full) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


def _host(case: dict[str, Any]) -> str:
    """The name the guard reads in the URL; empty when it refuses to."""
    listed = frozenset(case.get("dev_allow") or ())
    try:
        return AddressPolicy(allow_local=listed, production=False).parse(case["url"]).host
    except AddressRefused:
        return ""


@pytest.fixture(scope="module")
def island(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Island]:
    folder = tmp_path_factory.mktemp("island")
    command = [sys.executable, "-m", "tests.engines.endpoints.island", str(folder)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout
        said = json.loads(process.stdout.readline())
        if "impossible" in said:
            pytest.skip(said["impossible"])
        yield Island(process)
        process.communicate()


def test_the_shared_list_is_there() -> None:
    shared("vectors/ssrf_cases.json")
    assert len(CASES) == 82


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_shared_case(case: dict[str, Any], island: Island) -> None:
    slow = case["class"] == "slow"
    ended = island.call({**case, "deadline": 1.0 if slow else 5.0})
    allowed = {(ip, _port(case["url"])) for ip in _good_answers(case)}
    reached = {tuple(pair) for pair in ended["reached"]}
    if case["expect"] == "allow":
        assert ended["kind"] == "answer", ended
        assert len(ended["requests"]) == 1
        assert reached
    else:
        assert ended["kind"] != "answer", ended
    if case["expect"] == "deny" and case["stage"] != "response":
        assert ended["kind"] == "not_sent"
        assert ended["requests"] == []
    if case["stage"] in ("parse", "policy", "resolve"):
        assert (ended["code"], reached) == ("address_refused", set())
    assert reached <= allowed  # and not one packet anywhere else
    assert len(ended["requests"]) <= case.get("max_requests", 1)
    assert len(ended["lookups"]) <= 1
    assert ended["seconds"] < 5.0
    if case["class"] == "retry-after":
        assert ended["wait"] == 900.0


def _port(url: str) -> int:
    return next((port for port in (8443, 8009) if f":{port}" in url), 443)


def _good_answers(case: dict[str, Any]) -> list[str]:
    answers = answers_of(case, _host(case)) if _host(case) else []
    return [] if case["stage"] in ("parse", "policy", "resolve") else answers


def test_name_and_certificate_stay_while_the_checked_address_is_called(island: Island) -> None:
    url = "https://b\u00fccher.example.com:8443/v1?a=1"
    ended = island.call({"id": "-", "url": url, "answers": ["1.2.3.4", GOOD]})
    assert ended["reached"] == [["1.2.3.4", 8443]]
    assert ended["names"] == ["xn--bcher-kva.example.com"]
    assert ended["lookups"] == ["xn--bcher-kva.example.com."]
    assert "Host: xn--bcher-kva.example.com:8443\r\n" in ended["requests"][0]
    other = {"status": 200, "tls": "wrong-host"}
    ended = island.call({"id": "-", "url": url, "answers": [GOOD], "server": other})
    assert (ended["kind"], ended["code"], ended["requests"]) == ("not_sent", "tls", [])


def test_every_denied_network_in_every_wrapping_gets_no_packet(island: Island) -> None:
    chance = random.Random(6)
    answers = [str(ip) for network in address_module._DENIED_V4 for ip in _some(network, chance)]
    wrapped = [f"{prefix}{ip}" for prefix in ("::ffff:", "::", "64:ff9b::") for ip in answers]
    wrapped += [str(ip) for network in address_module._DENIED_V6 for ip in _some(network, chance)]
    wrapped += ["::", "::1", "fe80::1", "fe80::1%lo", "fc00::1", "fec0::1", "ff02::1", "5f00::1"]
    for answer in [*answers, *wrapped]:
        for mixed in ([answer], [GOOD, answer], [answer, GOOD]):
            ended = island.call(
                {"id": answer, "url": "https://api.example.com/v1", "answers": mixed}
            )
            assert (ended["code"], ended["reached"]) == ("address_refused", []), mixed


def _some(network: Any, chance: random.Random) -> list[Any]:
    count = network.num_addresses
    return [network[i] for i in sorted({0, count - 1, chance.randrange(count)})]


def test_every_spelling_of_an_inside_address_gets_no_packet(island: Island) -> None:
    for text in ("127.0.0.1", "10.0.0.5", "169.254.169.254", "0.0.0.0", GOOD):
        for spelling in spellings(ipaddress.IPv4Address(text)):
            ended = island.call({"id": text, "url": f"https://{spelling}/v1", "answers": [text]})
            assert (ended["code"], ended["reached"], ended["lookups"]) == (
                "address_refused",
                [],
                [],
            ), spelling


def test_the_trap_catches_what_goes_inside(island: Island) -> None:
    """The control: where development lists a local port, the same eyes see the packets."""
    case = {"id": "-", "mode": "dev", "dev_allow": ["127.0.0.1:6379"]}
    ended = island.call({**case, "url": "http://127.0.0.1:6379/v1", "answers": []})
    assert ended["reached"] == [["127.0.0.1", 6379]]
    assert all(secret in ended["requests"][0] for secret in SECRETS)
