"""Programs that try to pass without solving the task ``f(n) == n * n``. None may."""

from __future__ import annotations

FRAME = "import posix\ndef say(text): posix.write(4, b'%08x' % len(text) + text)\n"

FORGERIES = {
    "an object equal to everything": """
class Yes:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __hash__(self): return 0
    def __bool__(self): return True
def f(n): return Yes()
""",
    "an int that claims equality": """
class Int(int):
    def __eq__(self, other): return True
    __hash__ = int.__hash__
def f(n): return Int(0)
""",
    "a str that claims equality": """
class Text(str):
    def __eq__(self, other): return True
    __hash__ = str.__hash__
def f(n): return Text('x')
""",
    "a list that claims equality": """
class List(list):
    def __eq__(self, other): return True
def f(n): return List()
""",
    "a class that lies about its type": """
class Meta(type):
    def __eq__(cls, other): return True
    def __instancecheck__(cls, other): return True
    __hash__ = type.__hash__
class Yes(metaclass=Meta):
    __class__ = int
    def __eq__(self, other): return True
def f(n): return Yes()
""",
    "exit with success while loading": "import sys\nsys.exit(0)\n",
    "exit with success when called": "import sys\ndef f(n): sys.exit(0)\n",
    "hard exit when called": "import os\ndef f(n): os._exit(0)\n",
    "hard exit while loading": "import os\nos._exit(0)\n",
    "raise SystemExit by hand": "def f(n): raise SystemExit(0)\n",
    "replace this process": (
        "import os\ndef f(n): os.execv('/usr/bin/python3', ['python3', '-c', 'pass'])\n"
    ),
    "patched builtins": """
import builtins
builtins.all = lambda *a: True
builtins.len = lambda *a: 9
builtins.isinstance = lambda *a: True
builtins.abs = lambda *a: 0
builtins.compile = lambda *a, **k: (lambda: None).__code__
def f(n): return 0
""",
    "frame walking": """
import sys
def f(n):
    frame = sys._getframe()
    while frame:
        for name, value in list(frame.f_locals.items()) + list(frame.f_globals.items()):
            if name in ('expected', 'answer_key') or (type(value) is int and value == n * 0 + 4):
                return value
        frame = frame.f_back
    return 0
""",
    "garbage collector search": """
import gc
def f(n):
    for thing in gc.get_objects():
        if type(thing) is dict and 'expected' in thing: return thing['expected']
        if type(thing) is str and 'assert' in thing: exec(thing)
    return 0
""",
    "patch the shim's encoder": """
import sys
main = sys.modules['__main__']
main.encode = lambda value, handle=None: {'$handle': 0}
main._WRITERS = {}
def f(n): return 0
""",
    "claim success on stdout and stderr": """
import os, sys
os.write(1, b'00000020{"end":"passed","error":"","calls":2}')
os.write(2, b'passed')
print('{"end": "passed", "calls": 2}', flush=True)
def f(n): return 0
""",
    "claim success on the answer pipe": FRAME
    + 'say(b\'{"end":"passed","error":"","calls":2}\')\ndef f(n): return 0\n',
    "say ready and then pass": FRAME
    + 'say(b\'{"load":"ok","error":""}\')\nsay(b\'{"id":0,"ok":4}\')\ndef f(n): return 0\n',
    "two hundred answers": FRAME
    + 'def f(n):\n    for k in range(200): say(b\'{"id":1,"ok":%d}\' % k)\n    return 0\n',
    "two hundred answers with the right number": """
import sys, posix
def f(n):
    frame = sys._getframe()
    while 'message' not in frame.f_locals: frame = frame.f_back
    number = frame.f_locals['message']['id']
    for k in range(200):
        text = b'{"id":%d,"ok":%d}' % (number, k)
        posix.write(4, b'%08x' % len(text) + text)
    return 0
""",
    "a thread answers": """
import threading, posix, time
def shout():
    while True:
        text = b'{"id":1,"ok":4}'
        posix.write(4, b'%08x' % len(text) + text)
        time.sleep(0.001)
threading.Thread(target=shout, daemon=True).start()
def f(n): time.sleep(0.05); return 0
""",
    "steal the next question": """
import posix
def f(n):
    posix.write(4, b'00000002{}')
    posix.read(3, 65536)
    return 0
""",
    "an answer that is not JSON": FRAME + "def f(n): say(b'[' * 100000); return 0\n",
    "a frame that never ends": (
        "import posix\ndef f(n): posix.write(4, b'00ffffff[1'); posix.close(4)\n"
    ),
    "read what pid 1 knows": """
def f(n):
    for pid in range(1, 9):
        for name in ('environ', 'cmdline', 'maps', 'mem'):
            try: data = open(f'/proc/{pid}/{name}', 'rb').read(4096)
            except OSError: continue
            if b'expected' in data: return 4
    return 0
""",
    "read the tests from the disk": """
import os
def f(n):
    for folder, _, names in os.walk('/box'):
        for name in names:
            data = open(os.path.join(folder, name), 'rb').read()
            if b'assert f' in data: return 4
    return 0
""",
    "an exception named AssertionError": """
class AssertionError(Exception): pass
def f(n): raise AssertionError('passed')
""",
    "StopIteration and friends": "def f(n): raise StopIteration(n * 2)\n",
    "GeneratorExit": "def f(n): raise GeneratorExit\n",
    "KeyboardInterrupt": "def f(n): raise KeyboardInterrupt\n",
    "a NaN": "def f(n): return float('nan')\n",
    "nothing": "def f(n): pass\n",
    "the function itself": "def f(n): return f\n",
    "an endless iterator": "def f(n):\n    while True: yield n\n",
    "True instead of a number": "def f(n): return True\n",
    "change the argument instead": "def f(n):\n    n = 4\n",
    "hooks of the interpreter": """
import sys, atexit, os
sys.excepthook = lambda *a: os._exit(0)
sys.settrace(lambda *a: None)
atexit.register(os._exit, 0)
def f(n): raise ValueError
""",
    "signals": """
import os, signal
signal.signal(signal.SIGTERM, lambda *a: os._exit(0))
os.kill(os.getpid(), signal.SIGTERM)
def f(n): return 0
""",
    "kill everybody": """
import os
def f(n):
    for pid in range(1, 300):
        try: os.kill(pid, 9)
        except OSError: pass
    return 0
""",
    "import of the judge": """
def f(n):
    try:
        from benchserver.engines.judges import function
    except ImportError:
        return 0
    return n * n
""",
}

HONEST = {
    "plain": "def f(n): return n * n\n",
    "a helper and an import": "import math\ndef g(n): return math.prod([n, n])\nf = g\n",
    "a lambda": "f = lambda n: n ** 2\n",
    "a callable object": """
class Square:
    def __call__(self, n): return n * n
f = Square()
""",
    "noise on stdout and stderr": """
import sys
print('loading' * 1000)
def f(n):
    print('called', n); sys.stderr.write('x' * 100000)
    return n * n
""",
    "a subclass of int": "class Int(int): pass\ndef f(n): return Int(n * n)\n",
    "a main guard that never runs": "def f(n): return n * n\nif __name__ == '__main__': 1 / 0\n",
    "threads inside": """
import threading
def f(n):
    out = []
    worker = threading.Thread(target=lambda: out.append(n * n))
    worker.start(); worker.join()
    return out[0]
""",
    "a process inside": """
import subprocess, sys
def f(n):
    code = f'print({n} * {n})'
    return int(subprocess.run(['/usr/bin/env', 'python3', '-c', code], capture_output=True).stdout)
""",
    "dataclasses and typing": """
from dataclasses import dataclass
from typing import List
@dataclass
class Box:
    n: int
def f(n: int) -> int: return Box(n).n ** 2
""",
}
