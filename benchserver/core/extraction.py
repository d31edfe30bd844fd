"""From a model's reply to the code that is judged, or to the verdict that there is none.

Rules in order: reasoning in ``<think>`` is dropped; a fenced block in the task's language that
defines the entry point wins (the last such block); without fences an indented body continues the
task's prompt unchanged (D19), and code between sentences is cut out. A solution of several files
is told apart by the labels of its fences (``core/filed.py``). Example: the reply
``"Sure:\\n```python\\ndef f(x):\\n    return x\\n```"`` yields the two lines of ``f``.

Nothing here parses with a compiler, executes or imports: replies are hostile, and every step is a
linear scan. Changing a rule is another protocol: raise ``EXTRACTION_VERSION``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from benchserver.core import solution
from benchserver.core.fences import Block, blocks, fence_after
from benchserver.core.filed import filed
from benchserver.core.labels import ALIAS_OF, NOT_CODE
from benchserver.core.task import Shape
from benchserver.core.verdict import Verdict

EXTRACTION_VERSION = "2"

_OPEN_THINK = re.compile(r"\s*<(think|thinking|reasoning)>", re.IGNORECASE)
_CLOSE_THINK = re.compile(r"</(?:think|thinking|reasoning)>[ \t]*\r?$", re.IGNORECASE)
_INLINE = re.compile(r"(`{1,3})([^`\n]+)\1")
_BODY_LINE = re.compile(r"^(?: {2,}|\t)[ \t]*(?![-*+][ \t]|\d+[.)])\S", re.M)  # not a bullet
_REFUSAL = re.compile(
    r"(?:\bI(?:'|’)?m|\bI am)\s+(?:\w+\s+)?(?:sorry|unable|not able)\b"
    r"|\bI\s*(?:can(?:'|’)t|cannot|can not|won(?:'|’)t|will not|must decline|decline)\b"
    r"|^\s*(?:sorry|my apologies)\b|\bas an ai\b",
    re.IGNORECASE,
)
_CODE_LINE = re.compile(
    r"(?:from\s+[\w.]+\s+import\b|import\s+[\w.{*\"'<]|(?:async\s+)?def\s+\w|class\s+\w+\s*[(:{]"
    r"|@\w|#include|#!|#lang|using\s+[\w.:]+[ ;=]|package\s+[\w.]+|(?:export\s+)?(?:default\s+)?"
    r"(?:async\s+)?function\b|(?:const|let|var|val|final|static)\s+\w|(?:public|private|pub)\s+\w"
    r"|func\s+\w|fn\s+\w|fun\s+\w|sub\s+\w+|<\?php|\(define|(?:int|void|bool|double|long)\s+\w"
    r"|(?:for|while|if|with|try)\b.*[:{]\s*(?:#.*)?$|[\w.\[\], ]+\s*[-+*/%|&]?=[^=]"
    r"|[\w.]+\(.*\)\s*;?\s*(?:#.*)?$|print\b)"
)
# A function under a wrong name is still the answer, and a longer example of its use is not.
_DEFINES = re.compile(
    r"^[ \t]*(?:(?:export|default|public|private|static|async|pub)[ \t]+)*"
    r"(?:(?:def|class|function|func|fn|fun|sub)[ \t*]+\w"
    r"|(?:const|let|var)[ \t]+\w+[ \t]*=[ \t]*(?:async[ \t]*)?"
    r"(?:function\b|\(?[\w, ]*\)?[ \t]*=>))",
    re.M,
)
_PROSE_LINE = re.compile(r"(?:[-*]\s+|\d+[.)]\s+|#{1,6}\s)?\**[A-Za-z][\w'’`*-]*[,:]?(?:\s+\S+){2}")


@dataclass(frozen=True, slots=True)
class Extraction:
    """What a reply holds. ``outcome`` is None when ``code`` is to be judged.

    ``how``: ``fence``, ``open_fence``, ``files`` (several), ``body`` (continues the prompt),
    ``bare`` (code without a fence), ``inline`` or ``none``.
    """

    code: str
    outcome: Verdict | None
    how: str

    def __repr__(self) -> str:  # replies reach no log
        return f"<Extraction {self.how} {self.outcome}>"


@dataclass(frozen=True, slots=True)
class _Wanted:
    language: str
    prompt_code: str
    continues: bool  # an indented body may continue the prompt
    defines: re.Pattern[str] | None
    defines_indented: re.Pattern[str] | None


def extract(
    reply: str,
    *,
    language: str,
    prompt_code: str,
    entry_point: str,
    shape: Shape,
    solution_files: tuple[str, ...] = (),
) -> Extraction:
    """The code of ``reply``; see the module for the rules. Never raises for any text.

    ``code`` is a whole program; for a body, ``prompt_code`` + the reply unchanged; for a task of
    several ``solution_files``, those of them that the reply holds, joined (``core/solution.py``).
    """
    wanted = _wanted(language, prompt_code, entry_point, shape)
    text = _without_reasoning(reply)
    if solution_files:
        found = _several(text, wanted, solution_files)
    else:
        found = _from_fences(text, wanted) or _from_bare_text(text, wanted)
    if found is not None:
        return found
    refused = _REFUSAL.search(text[:600]) is not None
    code = prompt_code + text if wanted.continues and not text.strip() else ""
    return Extraction(code, Verdict.REFUSED if refused else Verdict.NO_CODE, "none")


def classify(extraction: Extraction, *, stop_reason: str) -> Verdict | None:
    """The verdict that needs no judging, or None: judge ``extraction.code``.

    ``stop_reason``: the endpoint's ``StopReason``. A reply stopped at the output limit is
    TRUNCATED only when no code was found or its fence never closed: finished code followed by a
    cut explanation is judged like any other. Raw bodies (``body``, ``bare``) are judged too,
    because completion models run on past their answer until the limit stops them.
    """
    if stop_reason == "length" and (extraction.outcome or extraction.how == "open_fence"):
        return Verdict.TRUNCATED
    if stop_reason == "refusal" and extraction.outcome:
        return Verdict.REFUSED
    return extraction.outcome


def _wanted(language: str, prompt_code: str, entry_point: str, shape: Shape) -> _Wanted:
    function = shape is Shape.FUNCTION
    name = ALIAS_OF.get(language.lower(), language.lower())
    return _Wanted(
        language=name,
        prompt_code=prompt_code,
        continues=function and bool(prompt_code.strip()),
        defines=_definition(entry_point, name, "") if function and entry_point else None,
        defines_indented=_definition(entry_point, name, "[ \t]+")
        if function and entry_point
        else None,
    )


def _definition(entry_point: str, language: str, indent: str) -> re.Pattern[str]:
    """A line that defines the name: after a keyword or a type, or by an assignment in Python."""
    name = re.escape(entry_point)
    if language == "python":
        return re.compile(rf"^{indent}(?:(?:async[ \t]+)?def|class)[ \t]+{name}\b", re.M)
    before = (
        r"(?!return\b|print\b|echo\b|throw\b|await\b)(?:[A-Za-z_][\w:<>,\[\]?.~]*[ \t*&]+){1,6}"
    )
    function = rf"{before}{name}[ \t]*(?:[(<{{=:]|$)"
    other = rf"(?:[\w.]+\.)?{name}[ \t]*(?:<-|=(?!=)|\(\)[ \t]*\{{)|\(define[ \t]+\(?{name}\b"
    return re.compile(rf"^{indent}(?:{function}|{other})", re.M)


def _without_reasoning(text: str) -> str:
    opened = _OPEN_THINK.match(text)
    if opened:
        closing = re.compile(rf"</{opened[1]}>", re.IGNORECASE).search(text, opened.end())
        return text[closing.end() :].lstrip("\r\n") if closing else ""
    end = _end_of_reasoning(text) if "</" in text else 0
    return text[end:].lstrip("\r\n") if end else text


def _end_of_reasoning(text: str) -> int:
    """End of the last closing tag outside fences, else 0: some servers drop the opening tag."""
    fence, offset, end = "", 0, 0
    for line in text.split("\n"):
        closing = None if fence else _CLOSE_THINK.search(line)
        offset += len(line) + 1
        end = offset if closing else end
        fence = fence_after(fence, line)
    return min(end, len(text))


def _several(text: str, wanted: _Wanted, paths: tuple[str, ...]) -> Extraction | None:
    chosen = filed([b for b in blocks(text) if b.code.strip()], paths, language=wanted.language)
    if not chosen:
        return None
    how = "files" if all(block.closed for block in chosen.values()) else "open_fence"
    return Extraction(solution.join({p: b.code for p, b in chosen.items()}), None, how)


# --- fenced blocks -------------------------------------------------------------------------


def _from_fences(text: str, wanted: _Wanted) -> Extraction | None:
    found = [block for block in blocks(text) if block.code.strip()]
    best = max(enumerate(found), key=lambda pair: _rank(pair[0], pair[1], wanted), default=None)
    if best is None:
        return _from_inline(text, wanted)
    block = best[1]
    if _label(block, wanted) == 0 and wanted.defines and wanted.defines.search(text):
        return None
    how = "fence" if block.closed else "open_fence"
    return Extraction(_composed(block.code, wanted), None, how)


def _rank(position: int, block: Block, wanted: _Wanted) -> tuple[int, int, int, int, int]:
    """Defines the entry point > right language > defines anything > (the last; or the longest)."""
    label = _label(block, wanted)
    patterns = (wanted.defines, wanted.defines_indented)
    if any(pattern and pattern.search(block.code) for pattern in patterns):
        return (1, label, 1, position, 0)
    anything = wanted.defines is not None and _DEFINES.search(block.code) is not None
    return (0, label, int(anything), len(block.code.strip()), position)


def _label(block: Block, wanted: _Wanted) -> int:
    """3: the task's language, 2: unlabelled, 1: another language, 0: output, shell or data."""
    if ALIAS_OF.get(block.tag, block.tag) == wanted.language:
        return 3
    if not block.tag:
        return 2
    return 0 if block.tag in NOT_CODE else 1


def _from_inline(text: str, wanted: _Wanted) -> Extraction | None:
    whole = _INLINE.fullmatch(text.strip())
    if whole and _CODE_LINE.match(whole[2].strip()):
        return Extraction(_composed(whole[2] + "\n", wanted), None, "inline")
    return None


def _composed(code: str, wanted: _Wanted) -> str:
    """A whole program as it is; an indented body behind the prompt; other indentation removed."""
    indent, first = _first_line(code)
    if not indent:
        return code
    whole = "\n".join(line.removeprefix(indent) for line in code.split("\n"))
    if wanted.continues and not _is_whole(first, code, whole, wanted):
        return wanted.prompt_code + code
    return whole


def _is_whole(first: str, code: str, dedented: str, wanted: _Wanted) -> bool:
    """Indented text that is no body: it opens with the entry point, or imports and then does."""
    if wanted.defines and first.startswith(("import ", "from ", "@", "#include", "using ")):
        return not wanted.defines.search(code) and wanted.defines.search(dedented) is not None
    return wanted.defines is not None and wanted.defines.match(first) is not None


def _first_line(code: str) -> tuple[str, str]:
    """Indentation and rest of the first line that is not blank."""
    for line in code.split("\n"):
        rest = line.lstrip(" \t")
        if rest.strip():
            return line[: len(line) - len(rest)], rest
    return "", ""


# --- text without fences -------------------------------------------------------------------


def _from_bare_text(text: str, wanted: _Wanted) -> Extraction | None:
    if not text.strip():
        return None
    indent, _ = _first_line(text)
    if len(indent) >= 2 or "\t" in indent:  # one blank before prose is only a token's edge
        code = _composed(text, wanted)
        return Extraction(code, None, "body" if code.endswith(text) else "bare")
    runs_on = wanted.continues and _BODY_LINE.search(text)
    whole = wanted.defines and wanted.defines.search(text)
    if whole and not (runs_on and runs_on.start() < whole.start()):
        return _cut_out(text)
    indented = wanted.defines_indented and wanted.defines_indented.search(text)
    if indented and not (runs_on and runs_on.start() < indented.start()):
        return _indented_block(text, indented.start())
    if _REFUSAL.search(text[:600]):
        return None
    return Extraction(wanted.prompt_code + text, None, "body") if runs_on else _cut_out(text)


def _cut_out(text: str) -> Extraction | None:
    """From the first line that looks like code to the last before sentences begin again."""
    lines = text.split("\n")
    start = next((i for i, line in enumerate(lines) if _is_code(line)), None)
    if start is None:
        return None
    end = start + 1
    for i in range(start + 1, len(lines)):
        if _is_prose(lines[i]):
            break
        if lines[i].strip():
            end = i + 1
    indent, _ = _first_line(lines[start])  # as a fence around the same lines would lose it
    inside = (line.removeprefix(indent) for line in lines[start:end])
    return Extraction("\n".join(inside) + "\n", None, "bare")


def _is_code(line: str) -> bool:
    return not _is_prose(line) and _CODE_LINE.match(line) is not None


def _is_prose(line: str) -> bool:
    """A sentence at the left edge: three words, none of the marks that statements have."""
    if not line[:1].strip() or not _PROSE_LINE.match(line):
        return False
    return not _STATEMENT.match(line)


_STATEMENT = re.compile(
    r"(?:from|import|def|class|async|function|const|let|var|using|package|public|private|static"
    r"|return|for|while|if|elif|else|with|try|except|int|void|func|fn|pub|sub|val|print|assert"
    r"|raise|del|global|lambda|export|type|struct|enum|namespace|template|typedef)\b.*[(){}=:;<\"']"
    r"|(?:from\s+[\w.]+\s+import|import\s+[\w.]+\s+as)\b|[\w.\[\], ]+=|#"
)


def _indented_block(text: str, offset: int) -> Extraction:
    """A Markdown block of four blanks: its lines around ``offset``, indentation removed."""
    lines = text.split("\n")
    at = text.count("\n", 0, offset)
    indent, _ = _first_line(lines[at])
    inside = [not line.strip() or line.startswith(indent) for line in lines]
    start = at
    while start > 0 and inside[start - 1]:
        start -= 1
    end = next((i for i in range(at, len(lines)) if not inside[i]), len(lines))
    code = "\n".join(line.removeprefix(indent) for line in lines[start:end])
    return Extraction(code.strip("\n") + "\n", None, "bare")
