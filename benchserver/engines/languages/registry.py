"""Which languages there are: a literal table of name -> Language. Example: ``LANGUAGES["cpp"]``;
a new language is one declarative file and one line here."""

from __future__ import annotations

from benchserver.engines.languages.base import Language
from benchserver.engines.languages.bash import BASH
from benchserver.engines.languages.c import C
from benchserver.engines.languages.cpp import CPP
from benchserver.engines.languages.go import GO
from benchserver.engines.languages.java import JAVA
from benchserver.engines.languages.javascript import JAVASCRIPT
from benchserver.engines.languages.python import PYTHON
from benchserver.engines.languages.rust import RUST
from benchserver.engines.languages.typescript import TYPESCRIPT

LANGUAGES: dict[str, Language] = {
    "python": PYTHON,
    "javascript": JAVASCRIPT,
    "typescript": TYPESCRIPT,
    "bash": BASH,
    "c": C,
    "cpp": CPP,
    "go": GO,
    "rust": RUST,
    "java": JAVA,
}
