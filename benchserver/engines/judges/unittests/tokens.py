"""Literals and comments of a test file, in one linear scan: no parser, six languages.

Enough to tell ``"("`` from an opening bracket. Example: ``blanked(text, tokens)`` of ``f("a)")`` is
as long, with quotes for the string and blanks for a comment, so that brackets can be counted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_OPENING, _CLOSING = "([{", ")]}"
_STRING = r'"(?:[^"\\\n]|\\.)*"'
_C_COMMENT = r"//[^\n]*|/\*.*?\*/"
_NUMBER = r"(?<![\w.])\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?\w*"
_TRUTH = r"\b(?:true|false)\b"
_GRAMMARS = {
    "python": (
        r"#[^\n]*",
        rf"'''.*?'''|\"\"\".*?\"\"\"|{_STRING}|'(?:[^'\\\n]|\\.)*'",
        r"\b(?:True|False)\b",
    ),
    "javascript": (_C_COMMENT, rf"{_STRING}|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`", _TRUTH),
    "go": (_C_COMMENT, rf"{_STRING}|`[^`]*`|'(?:[^'\\\n]|\\.)+'", _TRUTH),
    "rust": (_C_COMMENT, r'r#".*?"#|"(?:[^"\\]|\\.)*"|\'(?:[^\'\\\n]|\\.)\'', _TRUTH),
    "java": (_C_COMMENT, rf"\"\"\".*?\"\"\"|{_STRING}|'(?:[^'\\\n]|\\.)+'", _TRUTH),
    "cpp": (_C_COMMENT, rf'R"\(.*?\)"|{_STRING}|\'(?:[^\'\\\n]|\\.)+\'', _TRUTH),
}


@dataclass(frozen=True, slots=True)
class Token:
    """``kind``: comment, string, number or word (a truth value)."""

    kind: str
    start: int
    end: int


def tokens_of(text: str, language: str) -> list[Token]:
    """Comments and literals in order. Raises ``KeyError`` for a language without a grammar."""
    comment, string, word = _GRAMMARS[language]
    pattern = rf"(?P<comment>{comment})|(?P<string>{string})|(?P<number>{_NUMBER})|(?P<word>{word})"
    found = re.compile(pattern, re.S).finditer(text)
    return [Token(match.lastgroup or "", match.start(), match.end()) for match in found]


def blanked(text: str, tokens: list[Token]) -> str:
    """The text, as long as before, without the characters of comments and strings."""
    parts, at = [], 0
    for token in tokens:
        if token.kind in ("comment", "string"):
            filler = " " if token.kind == "comment" else '"'
            parts += [text[at : token.start], filler * (token.end - token.start)]
            at = token.end
    return "".join(parts) + text[at:]


def closing(bare: str, start: int, *, stops: str) -> int:
    """Where the bracket that is open at ``start`` closes, or the first of ``stops`` before it."""
    depth = 0
    for at in range(start, len(bare)):
        letter = bare[at]
        if depth == 0 and (letter in stops or letter in _CLOSING):
            return at
        depth += (letter in _OPENING) - (letter in _CLOSING)
    return len(bare)
