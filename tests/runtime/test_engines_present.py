"""The engines that CI promises are real: a hardened container runs, with runc and with gVisor."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

IMAGE = "benchserver-sandbox:base"
BUILD = Path(__file__).parents[2] / "deploy" / "sandbox" / "build.sh"
HARDENED = (
    "--rm",
    "--init",
    "--network=none",
    "--read-only",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
    "--pids-limit=64",
    "--memory=256m",
    "--memory-swap=256m",
    "--user=65534:65534",
    "--log-driver=none",
    "--tmpfs=/tmp:size=16m",
)
PROGRAM = "import os; print('uid', os.getuid(), 'kernel', os.uname().release)"


@pytest.fixture(scope="session")
def image() -> str:
    subprocess.run([BUILD, "base"], check=True, timeout=600)
    return IMAGE


def run(image: str, runtime: str, *program: str) -> subprocess.CompletedProcess[str]:
    command = ["docker", "run", f"--runtime={runtime}", *HARDENED, image, *program]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


@pytest.mark.docker
def test_a_hardened_container_prints_a_line_and_is_nobody(image: str):
    answer = run(image, "runc", "python3", "-I", "-S", "-c", PROGRAM)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.startswith("uid 65534 kernel ")


@pytest.mark.docker
def test_a_hardened_container_has_no_network_and_a_memory_limit(image: str):
    reach = "import socket; socket.create_connection(('192.0.2.1', 80), timeout=5)"
    assert "unreachable" in run(image, "runc", "python3", "-I", "-c", reach).stderr
    greedy = run(image, "runc", "python3", "-I", "-S", "-c", "print(len(bytearray(600 << 20)))")
    assert greedy.returncode == 137


@pytest.mark.gvisor
def test_gvisor_runs_the_program_on_a_kernel_of_its_own(image: str):
    answer = run(image, "runsc", "python3", "-I", "-S", "-c", PROGRAM)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.startswith("uid 65534 kernel 4.4.0")


@pytest.mark.gvisor
def test_gvisor_holds_the_memory_limit(image: str):
    greedy = run(image, "runsc", "python3", "-I", "-S", "-c", "print(len(bytearray(600 << 20)))")
    assert "629145600" not in greedy.stdout
    assert greedy.returncode != 0
