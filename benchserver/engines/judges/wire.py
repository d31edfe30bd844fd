"""Plain data across the wall: typed values as JSON with tags (``frames.py`` carries them).

The same text runs in three places - in the judge, in the examiner's box and (untrusted) in the
candidate's box - so it is standard library only (its C parts: every box imports this, and ``json``
alone costs as much as starting Python) and never evaluates, unpickles or calls anything it reads.
Plain JSON scalars, lists and objects stand for themselves; the rest carries a tag:

    {"$tuple": [1, 2]}   {"$set": [1]}   {"$frozenset": [1]}   {"$dict": [[key, value], ...]}
    {"$bytes": base64}   {"$bytearray": base64}   {"$float": "nan"}   {"$complex": [1.0, 2.0]}
    {"$int": "0x..."}    {"$range": [0, 9, 2]}    {"$deque": [1]}     {"$counter": [[k, n], ...]}
    {"$ordered": [[k, v], ...]}   {"$default": ["int", [[k, v], ...]]}   {"$iter": [items, ended]}
    {"$keys": [...]}     {"$values": [...]}       {"$items": [[k, v], ...]}      {"$handle": 3}

A JSON object with string keys is a dict as long as no key begins with ``$``. Floats are plain JSON
numbers on the pipe; payloads that must be float-free write ``{"$float": "0.1"}``. Example:
``decode(["a", {"$tuple": [1, 2]}]) == ["a", (1, 2)]``.
"""

from __future__ import annotations

import sys
from _collections import OrderedDict, defaultdict, deque  # the C types: no import of collections
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

MAX_DEPTH = 100
MAX_NODES = 1_000_000
MAX_ITEMS = 100_000  # of an iterator: it may have no end
_FEW = 100
_PLAIN_INT = 10**18
_MAX_INT_DIGITS = 1_000_000
_FACTORIES = {"int": int, "float": float, "str": str, "list": list, "dict": dict, "set": set}
_FACTORIES["tuple"] = tuple
_VIEWS: tuple[type, ...] = (type({}.keys()), type({}.values()), type({}.items()))
_SOURCES: tuple[Any, ...] = ((), [], "", b"", set(), range(0), range(2**70), deque(), {})
_REVERSIBLE: tuple[Any, ...] = ([], range(0), deque(), {})
_ITERATORS: tuple[Any, ...] = (
    *(map, filter, zip, enumerate, reversed, islice),
    type(source for source in _SOURCES),
    *(type(iter(source)) for source in (*_SOURCES, dict().values(), dict().items())),
    *(type(reversed(source)) for source in _REVERSIBLE),
)


class WireError(Exception):
    """The value or the text is not of this format, or is too large."""


class IteratorTooLong(Exception):
    """A received iterator was cut at ``MAX_ITEMS`` and the reader came to its end."""


def encode(value: Any, handle: Callable[[Any], Any] | None = None) -> Any:
    """``value`` as JSON-able data. ``handle`` turns what has no plain form into JSON-able data.

    Subclasses of plain types become their plain base. Raises ``WireError`` without ``handle``.
    """
    return _Encoder(handle).encode(value, 0)


def decode(data: Any, handle: Callable[[int], Any] | None = None) -> Any:
    """The value of JSON-able ``data``. ``handle`` gives meaning to ``$handle`` numbers.

    Raises ``WireError`` on anything that is not exactly the format.
    """
    return _Decoder(handle).decode(data, 0)


class _Encoder:
    def __init__(self, handle: Callable[[Any], Any] | None) -> None:
        self.handle = handle
        self.nodes = 0

    def encode(self, value: Any, depth: int) -> Any:
        kind = type(value)
        if value is None or kind is bool:
            return value
        if kind is str:
            return _checked_text(value)
        if kind is int:
            return _int_out(value)
        if kind is float:
            return value if value - value == 0 else {"$float": float.__repr__(value)}
        self._count(depth)
        if kind is list:
            return [self.encode(item, depth + 1) for item in value]
        if kind is dict:
            return self._dict(value, depth)
        writer = _WRITERS.get(kind) or _counter_writer(kind)
        if writer is not None:
            return writer(self, value, depth)
        return self._rest(value, depth)

    def _count(self, depth: int) -> None:
        self.nodes += 1
        if depth > MAX_DEPTH or self.nodes > MAX_NODES:
            raise WireError("too deep or too large")

    def _dict(self, value: dict[Any, Any], depth: int) -> Any:
        plain = all(type(key) is str and key[:1] != "$" for key in value)
        if plain:
            return {_checked_text(k): self.encode(v, depth + 1) for k, v in dict.items(value)}
        return {"$dict": self.pairs(value, depth)}

    def pairs(self, value: dict[Any, Any], depth: int) -> list[Any]:
        return [
            [self.encode(k, depth + 1), self.encode(v, depth + 1)] for k, v in dict.items(value)
        ]

    def items(self, value: Any, depth: int) -> list[Any]:
        return [self.encode(item, depth + 1) for item in value]

    def _rest(self, value: Any, depth: int) -> Any:
        """Iterators, and subclasses of plain types (namedtuple, IntEnum, ...) as their base."""
        if isinstance(value, _ITERATORS):
            taken = list(islice(value, MAX_ITEMS + 1))
            return {"$iter": [self.items(taken[:MAX_ITEMS], depth), len(taken) <= MAX_ITEMS]}
        for base, plain in _PLAIN_BASES:
            if isinstance(value, base):
                return self.encode(plain(value), depth + 1)
        if self.handle is None:
            raise WireError("no plain form: " + type(value).__name__[:80])
        return self.handle(value)


_PLAIN_BASES: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (int, int.__pos__),
    (float, float.__pos__),
    (str, str.__str__),
    (list, lambda v: list.__getitem__(v, slice(None))),
    (tuple, lambda v: tuple(tuple.__iter__(v))),
    (dict, lambda v: dict(dict.items(v))),
    (set, lambda v: set(set.__iter__(v))),
    (frozenset, lambda v: frozenset(frozenset.__iter__(v))),
    (bytes, lambda v: bytes.__getitem__(v, slice(None))),
)

_WRITERS: dict[type, Callable[[_Encoder, Any, int], Any]] = {
    tuple: lambda e, v, d: {"$tuple": e.items(v, d)},
    set: lambda e, v, d: {"$set": e.items(v, d)},
    frozenset: lambda e, v, d: {"$frozenset": e.items(v, d)},
    bytes: lambda e, v, d: {"$bytes": _base64(v)},
    bytearray: lambda e, v, d: {"$bytearray": _base64(v)},
    complex: lambda e, v, d: {"$complex": [e.encode(v.real, d), e.encode(v.imag, d)]},
    range: lambda e, v, d: {"$range": [_int_out(n) for n in (v.start, v.stop, v.step)]},
    deque: lambda e, v, d: {"$deque": e.items(v, d)},
    OrderedDict: lambda e, v, d: {"$ordered": e.pairs(v, d)},
    defaultdict: lambda e, v, d: {"$default": [_factory_name(v), e.pairs(v, d)]},
    _VIEWS[0]: lambda e, v, d: {"$keys": e.items(v, d)},
    _VIEWS[1]: lambda e, v, d: {"$values": e.items(v, d)},
    _VIEWS[2]: lambda e, v, d: {"$items": [e.items(pair, d) for pair in v]},
}


class _Decoder:
    def __init__(self, handle: Callable[[int], Any] | None) -> None:
        self.handle = handle
        self.nodes = 0

    def decode(self, data: Any, depth: int) -> Any:
        if data is None or isinstance(data, (bool, int, float)):
            return data
        if isinstance(data, str):
            return _checked_text(data)
        self.nodes += 1
        if depth > MAX_DEPTH or self.nodes > MAX_NODES:
            raise WireError("too deep or too large")
        if isinstance(data, list):
            return [self.decode(item, depth + 1) for item in data]
        if not isinstance(data, dict):
            raise WireError("not JSON data")
        return self._object(data, depth)

    def _object(self, data: dict[Any, Any], depth: int) -> Any:
        tag = next((key for key in data if key[:1] == "$"), None)
        if tag is None:
            return {_checked_text(k): self.decode(v, depth + 1) for k, v in data.items()}
        reader = _READERS.get(tag)
        if reader is None or len(data) != 1:
            raise WireError("unknown tag")
        try:
            return reader(self, data[tag], depth + 1)
        except (TypeError, ValueError, OverflowError, LookupError) as error:
            raise WireError("malformed value") from error

    def items(self, data: Any, depth: int) -> list[Any]:
        if not isinstance(data, list):
            raise WireError("a list is expected")
        return [self.decode(item, depth) for item in data]

    def pairs(self, data: Any, depth: int) -> list[tuple[Any, Any]]:
        if not isinstance(data, list):
            raise WireError("a list is expected")
        decoded = [self.items(pair, depth) for pair in data]
        if any(len(pair) != 2 for pair in decoded):
            raise WireError("a pair is expected")
        _refuse_flood([pair[0] for pair in decoded])
        return [(pair[0], pair[1]) for pair in decoded]

    def keys(self, data: Any, depth: int) -> list[Any]:
        items = self.items(data, depth)
        _refuse_flood(items)
        return items

    def unique(self, data: Any, depth: int) -> set[Any]:
        items = self.keys(data, depth)
        found = set(items)
        if len(found) != len(items):
            raise WireError("repeated member")
        return found

    def opaque(self, data: Any, depth: int) -> Any:
        if self.handle is None or type(data) is not int:
            raise WireError("no handles here")
        return self.handle(data)


_READERS: dict[str, Callable[[_Decoder, Any, int], Any]] = {
    "$tuple": lambda r, v, d: tuple(r.items(v, d)),
    "$set": lambda r, v, d: r.unique(v, d),
    "$frozenset": lambda r, v, d: frozenset(r.unique(v, d)),
    "$dict": lambda r, v, d: dict(r.pairs(v, d)),
    "$bytes": lambda r, v, d: _unbase64(v),
    "$bytearray": lambda r, v, d: bytearray(_unbase64(v)),
    "$float": lambda r, v, d: _float_in(v),
    "$complex": lambda r, v, d: complex(*_exactly(r.items(v, d), 2, (int, float))),
    "$int": lambda r, v, d: _int_in(v),
    "$range": lambda r, v, d: range(*_exactly(r.items(v, d), 3, (int,))),
    "$deque": lambda r, v, d: deque(r.items(v, d)),
    "$counter": lambda r, v, d: _counter_in(dict(r.pairs(v, d))),
    "$ordered": lambda r, v, d: OrderedDict(r.pairs(v, d)),
    "$default": lambda r, v, d: defaultdict(_factory(v), r.pairs(v[1], d)),
    "$iter": lambda r, v, d: _iterator(r.items(v[0], d), v[1]),
    "$keys": lambda r, v, d: dict.fromkeys(r.keys(v, d)).keys(),
    "$values": lambda r, v, d: dict(enumerate(r.items(v, d))).values(),
    "$items": lambda r, v, d: dict(r.pairs(v, d)).items(),
    "$handle": lambda r, v, d: r.opaque(v, d),
}


def _counter_writer(kind: type) -> Callable[[_Encoder, Any, int], Any] | None:
    """``Counter`` is known only when somebody has imported ``collections``."""
    found = sys.modules.get("collections")
    if found is None or kind is not found.__dict__.get("Counter"):
        return None
    return lambda e, v, d: {"$counter": e.pairs(v, d)}


def _counter_in(counts: dict[Any, Any]) -> Any:
    from collections import Counter

    return Counter(counts)


def _refuse_flood(keys: list[Any]) -> None:
    """Numbers chosen to share one hash make a set of n cost n * n: seconds of *our* time."""
    if len(keys) <= _FEW:
        return
    seen: dict[int, int] = {}
    for key in keys:
        number = hash(key)
        seen[number] = seen.get(number, 0) + 1
    if max(seen.values()) > _FEW:
        raise WireError("too many keys of one hash")


def _checked_text(text: str) -> str:
    try:
        text.isascii() or text.encode()
    except UnicodeEncodeError:
        raise WireError("lone surrogate in a string") from None
    return text


def _int_out(value: int) -> Any:
    return value if -_PLAIN_INT < value < _PLAIN_INT else {"$int": hex(value)}


def _int_in(text: Any) -> int:
    if not isinstance(text, str) or len(text) > _MAX_INT_DIGITS or "_" in text:
        raise WireError("malformed integer")
    digits = text.lstrip("-")
    return int(text, 16) if digits[:2] == "0x" else int(text)


def _float_in(text: Any) -> float:
    if not isinstance(text, str) or len(text) > 400 or "_" in text:
        raise WireError("malformed float")
    return float(text)


def _base64(value: bytes | bytearray) -> str:
    import binascii

    return binascii.b2a_base64(value, newline=False).decode("ascii")


def _unbase64(text: Any) -> bytes:
    if not isinstance(text, str):
        raise WireError("malformed bytes")
    import binascii

    return binascii.a2b_base64(text, strict_mode=True)


def _exactly(items: list[Any], count: int, kinds: tuple[type, ...]) -> list[Any]:
    if len(items) != count or any(type(item) not in kinds for item in items):
        raise WireError("malformed value")
    return items


def _factory_name(value: defaultdict[Any, Any]) -> str | None:
    for name, kind in _FACTORIES.items():
        if value.default_factory is kind:
            return name
    return None


def _factory(data: Any) -> Any:
    if not isinstance(data, list) or len(data) != 2 or not isinstance(data[0], (str, type(None))):
        raise WireError("malformed default dict")
    return _FACTORIES.get(data[0] or "")


def _iterator(items: list[Any], ended: Any) -> Iterator[Any]:
    if ended is not True and ended is not False:
        raise WireError("malformed iterator")
    return _replay(items, ended)


def _replay(items: list[Any], ended: bool) -> Iterator[Any]:
    yield from items
    if not ended:
        raise IteratorTooLong("the iterator was cut")
