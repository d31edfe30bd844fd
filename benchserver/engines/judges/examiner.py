"""Inside the examiner's box: run the task's own tests against stubs that call the candidate.

The tests and the expected values are here and nowhere else. A stub sends plain data to the other
box and gets plain data back, so no object of the candidate ever decides a comparison. Example:
``assert add(1, 2) == 3`` calls the other box for ``add(1, 2)`` and compares the 3 here.

One frame on stdout reports the end: ``passed``, ``failed`` (an assertion or an error in the
tests), ``raised`` (the candidate's call did), ``gone``, ``forged`` (not exactly one answer per
call), ``syntax`` or ``error`` (the solution did not load), ``unsupported`` or ``setup`` (these two
are the task's fault).
"""

from __future__ import annotations

import builtins
import select
from collections.abc import Iterator
from posix import O_RDONLY, O_WRONLY, _exit, dup, dup2, urandom
from posix import open as open_descriptor
from typing import Any, NoReturn

from benchserver.engines.judges.frames import receive, send
from benchserver.engines.judges.wire import WireError, decode, encode

IN, OUT, REPORT = 3, 4, 1
TESTS = "tests.py"


class CandidateError(Exception):
    """The candidate raised something that has no plain counterpart here."""


class LineBroken(BaseException):
    """No further call is possible. Not an ``Exception``: tests must not swallow it."""


class Line:
    """The connection to the candidate: exactly one answer per call, or it is broken for good."""

    def __init__(self) -> None:
        self.calls = 0
        self.broken = ""
        self.raised: list[BaseException] = []
        self._opaque: dict[int, Opaque] = {}
        self._lengths: dict[int, int] = {}

    def ask(self, do: str, on: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """One call. Returns the candidate's value or raises what it raised."""
        if self.broken:
            raise LineBroken(self.broken)
        message = {"id": int.from_bytes(urandom(6), "big"), "do": do, "on": on}
        try:
            message["args"] = encode(list(args), _handle_of)
            message["kwargs"] = {"$dict": [[k, encode(v, _handle_of)] for k, v in kwargs.items()]}
        except WireError:
            self.break_("unsupported")
        self.calls += 1
        if do in ("call", "set", "put"):  # may change what is inside
            self._lengths.clear()
        return self._settle(self._exchange(message), args)

    def load_report(self) -> dict[str, Any]:
        report = self._receive()
        if not isinstance(report, dict) or report.get("load") not in ("ok", "syntax", "error"):
            self.break_("forged")
        return report

    def silent(self) -> bool:
        """Whether nothing lies unread that nobody asked for. A closed pipe is silent too."""
        poller = select.poll()
        poller.register(IN, select.POLLIN)
        return all(not flags & select.POLLIN for _, flags in poller.poll(0))

    def told_length(self, on: int, length: Any) -> None:
        """Length and items must agree: three items that are none would pass every ``all(...)``."""
        if self._lengths.setdefault(on, length) != length:
            self.break_("forged")

    def break_(self, reason: str) -> NoReturn:
        self.broken = self.broken or reason
        raise LineBroken(self.broken)

    def _exchange(self, message: dict[str, Any]) -> dict[str, Any]:
        if not self.silent():
            self.break_("forged")
        try:
            send(OUT, message)
        except WireError:
            self.break_("unsupported")
        except OSError:
            self.break_("gone")
        reply = self._receive()
        keys = set(reply) if isinstance(reply, dict) else set()
        if keys - {"changed"} not in ({"id", "ok"}, {"id", "error", "text"}):
            self.break_("forged")
        if type(reply["id"]) is not int or reply["id"] != message["id"]:
            self.break_("forged")
        return dict(reply)

    def _receive(self) -> Any:
        try:
            return receive(IN)
        except (EOFError, OSError):
            self.break_("gone")
        except WireError:
            self.break_("forged")

    def _settle(self, reply: dict[str, Any], args: tuple[Any, ...]) -> Any:
        try:
            value = decode(reply.get("ok"), self._opaque_of)
            changed = decode(reply.get("changed", []), self._opaque_of)
            error, text = str(reply.get("error", "")), str(reply.get("text", ""))
        except WireError:
            self.break_("forged")
        if isinstance(changed, list) and len(changed) == len(args):
            for mine, theirs in zip(args, changed, strict=True):
                restore(mine, theirs)
        if "error" in reply:
            exception = _exception(error, text)
            self.raised.append(exception)
            raise exception
        return value

    def _opaque_of(self, number: int) -> Opaque:
        if number not in self._opaque:
            self._opaque[number] = Opaque(self, number)
        return self._opaque[number]


class Stub:
    """Stands for a name that the candidate defines."""

    def __init__(self, line: Line, on: Any) -> None:
        object.__setattr__(self, "_line", line)
        object.__setattr__(self, "_on", on)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._line.ask("call", self._on, args, kwargs)

    def __getattr__(self, name: str) -> Any:
        if name == "__name__" and isinstance(self._on, str):
            return self._on
        if name[:2] == "__":
            raise AttributeError(name)
        return self._line.ask("get", self._on, (name,), {})

    def __setattr__(self, name: str, value: Any) -> None:
        self._line.ask("set", self._on, (name, value), {})

    def __copy__(self) -> Stub:
        return self

    def __deepcopy__(self, memo: Any) -> Stub:
        return self


class Opaque(Stub):
    """An object that stays with the candidate. Equal only to itself: it never compares."""

    def __len__(self) -> Any:
        length = self._line.ask("len", self._on, (), {})
        self._line.told_length(self._on, length)
        return length

    def __bool__(self) -> Any:
        return self._line.ask("bool", self._on, (), {})

    def __getitem__(self, key: Any) -> Any:
        return self._line.ask("item", self._on, (key,), {})

    def __setitem__(self, key: Any, value: Any) -> None:
        self._line.ask("put", self._on, (key, value), {})

    def __iter__(self) -> Iterator[Any]:
        found = self._line.ask("iter", self._on, (), {})
        if isinstance(found, Opaque):
            return self if found is self else self._counted(iter(found.__next__, Stub))
        return self._counted(iter(found))

    def _counted(self, items: Iterator[Any]) -> Iterator[Any]:
        count = 0
        for item in items:
            count += 1
            yield item
        self._line.told_length(self._on, count)

    def __next__(self) -> Any:
        return self._line.ask("next", self._on, (), {})

    def __str__(self) -> Any:
        return self._line.ask("str", self._on, (), {})

    def __repr__(self) -> Any:
        return self._line.ask("repr", self._on, (), {})


def _handle_of(value: Any) -> Any:
    if isinstance(value, Opaque):
        return {"$handle": value._on}
    raise WireError("no plain form")


def _exception(name: str, text: str) -> Exception:
    kind = getattr(builtins, name, None)
    if isinstance(kind, type) and issubclass(kind, Exception):
        try:
            return kind(text)
        except TypeError:  # UnicodeDecodeError and the like want more arguments
            pass
    return CandidateError(name)


def restore(mine: Any, theirs: Any) -> None:
    """Repeat in ``mine`` what the candidate did to its copy, keeping inner objects' identity."""
    if type(mine) is not type(theirs):
        return
    if isinstance(mine, list):
        if len(mine) == len(theirs):
            theirs = [_merged(old, new) for old, new in zip(mine, theirs, strict=True)]
        mine[:] = theirs
    elif isinstance(mine, dict):
        merged = {key: _merged(mine.get(key), new) for key, new in theirs.items()}
        mine.clear()
        mine.update(merged)
    elif isinstance(mine, set):
        mine.clear()
        mine.update(theirs)
    elif isinstance(mine, bytearray):
        mine[:] = theirs
    elif hasattr(mine, "appendleft"):
        mine.clear()
        mine.extend(theirs)
    elif isinstance(mine, tuple) and len(mine) == len(theirs):
        for old, new in zip(mine, theirs, strict=True):
            restore(old, new)


def _merged(old: Any, new: Any) -> Any:
    if isinstance(old, (list, dict, set, bytearray)) and type(old) is type(new):
        restore(old, new)
        return old
    return new


def examine(line: Line, spec: dict[str, Any]) -> dict[str, Any]:
    """Run setup, wait for the candidate, run the script; returns how it ended."""
    namespace: dict[str, Any] = {"__name__": "examiner"}
    try:
        exec(_compiled_setup(spec["setup"]), namespace)
    except BaseException as error:
        return {"end": "setup", "error": type(error).__name__}
    try:
        loaded = line.load_report()
        if loaded["load"] != "ok":
            return {"end": str(loaded["load"]), "error": str(loaded.get("error", ""))[:80]}
        namespace.update({name: Stub(line, name) for name in spec["proxies"]})
        exec(compile(spec["script"], TESTS, "exec", dont_inherit=True), namespace)
        if not line.silent():
            line.break_("forged")
    except BaseException as error:
        return _failure(line, error)
    return {"end": line.broken or "passed", "error": ""}


def _compiled_setup(text: str) -> Any:
    """A prompt may end after the head of a function, whose body is what the candidate wrote."""
    try:
        return compile(text, "setup.py", "exec", dont_inherit=True)
    except SyntaxError:
        return compile(text + "\n    pass\n", "setup.py", "exec", dont_inherit=True)


def _failure(line: Line, error: BaseException) -> dict[str, Any]:
    name = type(error).__name__
    if line.broken:
        return {"end": line.broken, "error": ""}
    end = "raised" if any(error is raised for raised in line.raised) else "failed"
    if type(error) is CandidateError:
        name = error.args[0][:80]  # the candidate chose it: a long one must not flood the report
    return {"end": end, "error": name, "line": _line_of(error)}


def _line_of(error: BaseException) -> int:
    """The last line of the tests on the way to the error; 0 when there is none."""
    number, trace = 0, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == TESTS:
            number = trace.tb_lineno
        trace = trace.tb_next
    return number


def main() -> None:
    report = dup(REPORT)
    dup2(open_descriptor("/dev/null", O_WRONLY), REPORT)  # what tests print is nobody's business
    line = Line()
    ended = examine(line, receive(open_descriptor("/box/spec", O_RDONLY)))
    send(report, {**ended, "calls": line.calls})
    _exit(0)


if __name__ == "__main__":
    main()
