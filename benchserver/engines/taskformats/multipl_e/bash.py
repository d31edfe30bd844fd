"""bash: ``[[ $(candidate "1 2" "x") = "3" ]]``. Every value is a word; none may be computed."""

from __future__ import annotations

import re

from benchserver.engines.taskformats.multipl_e.literals import Case, Reader, asserts

FRAME = re.compile(
    r"\}\s*candidate\(\) \{\s+(?P<name>\w+) \"\$@\"\s+\}\s+set -e\s+run_test\(\) \{\n"
    r"(?P<body>.*)\}\s+run_test\s*",
    re.DOTALL,
)
_DOUBLE = re.compile(r'"((?:[^"\\$`]|\\[\s\S])*)"')
_SINGLE = re.compile(r"'([^']*)'")
_ESCAPE = re.compile(r'\\([\\"$`])')


def cases(body: str) -> list[Case]:
    return asserts(body, _assert)


def _assert(reader: Reader) -> Case:
    reader.expect("[[", "$(", "candidate")
    args: list[str] = []
    while not reader.take(")"):
        args.append(_word(reader))
    reader.expect("=")
    expected = _word(reader)
    reader.expect("]]")
    return list(args), expected


def _word(reader: Reader) -> str:
    double = reader.match(_DOUBLE)
    if double is not None:
        return _ESCAPE.sub(r"\1", double[1])
    plain = reader.match(_SINGLE)
    if plain is None:
        raise reader.fail()
    return plain[1]
