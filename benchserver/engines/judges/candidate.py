"""Inside the candidate's box: load the solution, answer calls with plain data.

Untrusted as soon as the solution is loaded: it may rewrite all of this, and gains nothing, since
no expected value ever comes here. It reads one call per frame on fd 3 and writes one answer per
frame on fd 4. Example: ``{"id": 7, "do": "call", "on": "add", "args": [1, 2], "kwargs": {}}`` is
answered by ``{"id": 7, "ok": 3}``.

Objects without a plain form stay here; the other side gets a number (``$handle``) and may call,
read, set, index, iterate and print them. They are never compared here.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable
from posix import _exit
from typing import Any

from benchserver.engines.judges.frames import receive, send
from benchserver.engines.judges.wire import WireError, decode, encode

IN, OUT = 3, 4
ModuleType = type(sys)
_TEXT_KEPT = 2000
_SCALARS = (type(None), bool, int, float, str)


class Objects:
    """What stays in this box, by number."""

    def __init__(self) -> None:
        self._kept: list[Any] = []
        self._numbers: dict[int, int] = {}

    def keep(self, value: Any) -> Any:
        number = self._numbers.get(id(value))
        if number is None:
            number = len(self._kept)
            self._kept.append(value)
            self._numbers[id(value)] = number
        return {"$handle": number}

    def get(self, number: int) -> Any:
        return self._kept[number]


_OPERATIONS: dict[str, Callable[[Any, Any, Any], Any]] = {
    "call": lambda target, args, kwargs: target(*args, **kwargs),
    "get": lambda target, args, kwargs: getattr(target, *args),
    "set": lambda target, args, kwargs: setattr(target, *args),
    "item": lambda target, args, kwargs: target[args[0]],
    "put": lambda target, args, kwargs: target.__setitem__(*args),
    "len": lambda target, args, kwargs: len(target),
    "bool": lambda target, args, kwargs: bool(target),
    "iter": lambda target, args, kwargs: iter(target),
    "next": lambda target, args, kwargs: next(target),
    "str": lambda target, args, kwargs: str(target),
    "repr": lambda target, args, kwargs: repr(target),
}


def load(path: str) -> tuple[dict[str, Any], Any]:
    """Compile and execute the solution; returns what to report and its module."""
    module = ModuleType("solution")
    sys.modules["solution"] = module
    sys.argv = ["solution.py"]
    vars(builtins).update(exit=sys.exit, quit=sys.exit)  # what -S leaves out
    try:
        with open(path, "rb") as file:
            code = compile(file.read(), "solution.py", "exec", dont_inherit=True)
    except BaseException as error:
        return {"load": "syntax", "error": type(error).__name__}, module
    try:
        exec(code, module.__dict__)
    except BaseException as error:
        return {"load": "error", "error": type(error).__name__}, module
    return {"load": "ok", "error": ""}, module


def answer(message: dict[str, Any], module: Any, objects: Objects) -> dict[str, Any]:
    """Do what one frame asks for; what the solution raises becomes data as well."""
    reply: dict[str, Any] = {"id": message["id"]}
    args = decode(message["args"], objects.get)
    kwargs = decode(message["kwargs"], objects.get)
    try:
        target = message["on"]
        target = getattr(module, target) if type(target) is str else objects.get(target)
        value = _OPERATIONS[message["do"]](target, args, kwargs)
        reply["ok"] = encode(value, objects.keep)
    except BaseException as error:
        reply["error"] = _builtin_name(type(error))
        reply["text"] = _text_of(error)
    changed = _changed(message["args"], args, objects)
    if changed is not None:
        reply["changed"] = changed
    return reply


def _builtin_name(kind: type) -> str:
    """The nearest builtin ancestor: a subclass of ValueError is caught as ValueError there."""
    for ancestor in kind.__mro__:
        if getattr(builtins, ancestor.__name__, None) is ancestor:
            return str(ancestor.__name__)
    return "Exception"


def _text_of(error: BaseException) -> str:
    try:
        return str.encode(str(error), "utf-8", "replace").decode()[:_TEXT_KEPT]
    except BaseException:
        return ""


def _changed(before: list[Any], args: list[Any], objects: Objects) -> list[Any] | None:
    """The arguments again, when the call changed one in place."""
    if all(isinstance(arg, _SCALARS) for arg in args):
        return None
    try:
        after: list[Any] = [encode(arg, objects.keep) for arg in args]
    except BaseException:
        return None
    return after if after != before else None


def serve(path: str) -> None:
    report, module = load(path)
    send(OUT, report)
    objects = Objects()
    while True:
        message = receive(IN)
        try:
            reply = answer(message, module, objects)
        except WireError:
            reply = {"id": message["id"], "error": "TypeError", "text": "cannot be passed"}
        try:
            send(OUT, reply)
        except WireError:
            send(OUT, {"id": message["id"], "error": "ValueError", "text": "answer too large"})


def main() -> None:
    try:
        serve("/box/solution.py")
    except BaseException:
        _exit(1)


if __name__ == "__main__":
    main()
