"""``submissions/VERDICT/``: one source file each, in the languages that can be judged.

The folder names the verdict a judge must give. Example: ``accepted/different.cc`` may become the
reference of the C++ task; ``wrong_answer/different_int.cc`` is one of its wrong solutions. Other
languages, Python 2 and submissions of several files are passed over.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from benchserver.engines.taskformats.native.folder import Folder

# In order of preference for the language of a task.
LANGUAGES = ("python", "cpp", "java", "c", "go", "rust", "javascript", "typescript", "bash")
WRONG = (
    *("wrong_answer", "time_limit_exceeded", "run_time_error"),
    *("partially_accepted", "rejected"),
)
_EXTENSIONS = {
    **{".py": "python", ".py3": "python", ".java": "java", ".c": "c", ".go": "go", ".rs": "rust"},
    **{".cc": "cpp", ".cpp": "cpp", ".cxx": "cpp", ".c++": "cpp", ".C": "cpp"},
    **{".js": "javascript", ".ts": "typescript", ".sh": "bash"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """``place``: ``accepted/different.cc``."""

    place: str
    language: str
    code: str

    def __repr__(self) -> str:
        return f"<Submission {self.place}>"


def language_of(name: str, code: str) -> str:
    """The language by file name or ``#!`` line, empty when it is none that can be judged."""
    first = code.split("\n", 1)[0] if code.startswith("#!") else ""
    if "python2" in first:
        return ""
    known = _EXTENSIONS.get(PurePosixPath(name).suffix, "")
    return known or ("python" if "python" in first else "")


def read_submissions(folder: Folder, verdicts: tuple[str, ...]) -> list[Submission]:
    """The submissions with one of these verdicts, sorted by verdict and name."""
    places = [f"{verdict}/{name}" for verdict in verdicts for name in _names(folder, verdict)]
    return [one for place in places if (one := _submission(folder, place)) is not None]


def chosen(folder: Folder, accepted: list[Submission], language: str) -> Submission | None:
    """The reference: in ``language``, or in the first of ``LANGUAGES``. None is a fault."""
    wanted = (language,) if language else LANGUAGES
    for name in wanted:
        for one in accepted:
            if one.language == name:
                return one
    mend = f"Add one source file in {' or '.join(wanted)}."
    folder.fault("no accepted submission that can be judged", inner="submissions", mend=mend)
    return None


def _names(folder: Folder, verdict: str) -> list[str]:
    return folder.names(f"submissions/{verdict}")


def _submission(folder: Folder, place: str) -> Submission | None:
    inner = f"submissions/{place}"
    files = folder.names(inner)
    if len(files) == 1:
        inner = f"{inner}/{files[0]}"
    if not (folder.root / inner).is_file():
        return None
    name = PurePosixPath(inner).name
    if PurePosixPath(name).suffix not in _EXTENSIONS and "." in name:
        return None
    code = folder.text(inner)
    language = language_of(name, code)
    return Submission(place=place, language=language, code=code) if language else None
