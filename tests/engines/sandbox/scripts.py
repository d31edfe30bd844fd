"""Small hostile programs for boxes; each prints what it achieved."""

from __future__ import annotations

from benchserver.engines.sandbox.base import BoxRequest

FORKS = """
import os, time
made = 0
try:
    while made < 300:
        if os.fork() == 0:
            time.sleep(30)
            os._exit(0)
        made += 1
except OSError:
    pass
print(made)
"""

MEMORY = "blocks = []\nwhile True: blocks.append(bytearray(b'x') * (16 << 20))\n"

OUTPUT = "while True: print('x' * 10000)\n"

SLEEP = "import time\ntime.sleep(600)\n"

BUSY = "while True: pass\n"

BUSY_FAMILY = """
import os
for _ in range(20):
    if os.fork() == 0:
        while True: pass
while True: pass
"""

DEAF = """
import signal
for number in range(1, 65):
    try: signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError): pass
while True: pass
"""

DAEMON = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0: time.sleep(600)
    os._exit(0)
print('left')
"""

SPARSE = """
file = open('/tmp/sparse', 'wb', buffering=0)
file.seek(1 << 40)
try: file.write(b'x'); print('written')
except OSError as error: print(error.errno)
"""

FILL = """
import errno
for folder in ('/dev/shm', '/tmp'):
    written = 0
    try:
        for number in range(64):
            with open(f'{folder}/{number}', 'wb', buffering=0) as file:
                written += file.write(b'x' * (1 << 20))
    except OSError as error:
        pass
    print(written >> 20)
"""


def box(script: str, **limits: float) -> BoxRequest:
    """A request for one Python script with small limits."""
    return BoxRequest(
        argv=("python3", "-I", "-S", "/box/main.py"),
        files={"main.py": script.encode()},
        cpu_seconds=limits.get("cpu_seconds", 5.0),
        wall_seconds=limits.get("wall_seconds", 60.0),
        memory_bytes=int(limits.get("memory_bytes", 128 * 2**20)),
        output_bytes=int(limits.get("output_bytes", 2**20)),
        scratch_bytes=int(limits.get("scratch_bytes", 4 * 2**20)),
        processes=int(limits.get("processes", 32)),
    )
