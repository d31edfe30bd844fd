"""What models write after a fence: names of languages, and labels of what is no program.

Example: ``py3`` stands for ``python``, so a block labelled so is in the language of a Python task;
``console`` or ``json`` label output and data.
"""

from __future__ import annotations

# Names that models write after a fence, per language of a task.
ALIASES = {
    "python": {"python", "py", "python3", "py3", "python2", "ipython", "sage"},
    "javascript": {"javascript", "js", "node", "nodejs", "mjs", "jsx", "ecmascript"},
    "typescript": {"typescript", "ts", "tsx"},
    "cpp": {"cpp", "c++", "cxx", "cc", "hpp"},
    "csharp": {"csharp", "cs", "c#"},
    "bash": {"bash", "sh", "shell", "zsh"},
    "go": {"go", "golang"},
    "rust": {"rust", "rs"},
    "ruby": {"ruby", "rb"},
    "perl": {"perl", "pl"},
    "julia": {"julia", "jl"},
    "racket": {"racket", "rkt", "scheme", "lisp"},
}
ALIAS_OF = {alias: name for name, aliases in ALIASES.items() for alias in aliases}

# What a fence that holds no solution is labelled with.
NOT_CODE = {
    *("text", "txt", "plaintext", "plain", "output", "console", "terminal", "log", "none"),
    *("json", "yaml", "toml", "xml", "html", "css", "csv", "markdown", "md", "diff"),
    *("bash", "sh", "shell", "zsh", "cmd", "powershell", "input", "stdin", "stdout"),
}
