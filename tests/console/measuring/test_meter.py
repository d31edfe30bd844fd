"""A reading holds what the command and all it started did, and a failed command is no reading."""

import sys

import pytest

from benchserver.console.measuring.meter import measured
from benchserver.core.errors import PlatformFault

BUSY = "import time\nend = time.process_time() + 0.5\nwhile time.process_time() < end: pass\n"


def test_wall_cpu_and_output_of_a_command_are_read():
    reading = measured([sys.executable, "-c", BUSY + "print('done')"])
    assert reading.stdout == b"done\n"
    assert reading.wall_seconds >= 0.5
    assert reading.cpu_seconds >= 0.45


def test_memory_of_children_counts():
    child = "block = bytearray(b'x') * (64 * 2**20); import time; time.sleep(0.8)"
    script = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    reading = measured([sys.executable, "-c", script])
    assert reading.rss_bytes > 64 * 2**20


def test_a_command_that_fails_is_told_by_its_last_line():
    with pytest.raises(PlatformFault, match="no such thing"):
        measured([sys.executable, "-c", "raise SystemExit('no such thing')"])
