"""JavaScript and TypeScript: ``assert.deepEqual(candidate(1, [2]),"x");``.

One kind of number, so an integer that a double cannot hold is the double it becomes; ``undefined``
and ``null`` are both null.
"""

from __future__ import annotations

import re
from typing import Any

from benchserver.engines.taskformats.multipl_e.literals import Case, Reader, asserts

FRAME = re.compile(
    r"(?:declare var require: any;\s+)?const assert = require\('node:assert'\);\s+"
    r"function test\(\) \{\s+let candidate = (?P<name>\w+);\n(?P<body>.*)\}\s+test\(\);\s*",
    re.DOTALL,
)
_KEY = re.compile(r"[A-Za-z_]\w*")
_WORDS = {"true": True, "false": False, "null": None, "undefined": None}
_EXACT = 2**53


def cases(body: str) -> list[Case]:
    return asserts(body, _assert)


def _assert(reader: Reader) -> Case:
    reader.expect("assert", ".", "deepEqual", "(", "candidate", "(")
    args = reader.items(")", lambda: _value(reader))
    reader.expect(",")
    expected = _value(reader)
    reader.expect(")", ";")
    return args, expected


def _value(reader: Reader) -> Any:
    for quote in "\"'":
        text = reader.text(quote)
        if text is not None:
            return text
    if reader.take("["):
        return reader.items("]", lambda: _value(reader))
    if reader.take("{"):
        return dict(reader.items("}", lambda: _field(reader)))
    number = reader.number()
    if number is not None:
        return float(number) if abs(number) > _EXACT else number
    word = reader.match(_KEY)
    if word is None or word[0] not in _WORDS:
        raise reader.fail()
    return _WORDS[word[0]]


def _field(reader: Reader) -> tuple[str, Any]:
    name = reader.text('"')
    if name is None:
        name = reader.text("'")
    if name is None:
        word = reader.match(_KEY)
        if word is None:
            raise reader.fail()
        name = word[0]
    if name.startswith(("$", "__proto__")):
        raise reader.fail()
    reader.expect(":")
    return name, _value(reader)
