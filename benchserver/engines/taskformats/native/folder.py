"""Read files of one task folder, and nothing outside it.

A task source is somebody's upload: a symlink to a key file, a file of a gigabyte or bytes that
are no text must become faults, not content. Example: ``tests/01.in`` that links to
``../../other/01.in`` is refused, a link inside the folder is followed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchserver.engines.taskformats.faults import Faults

MAX_FILE_BYTES = 4 * 2**20
_IGNORED = frozenset({"__pycache__", ".DS_Store", ".gitkeep"})


@dataclass(frozen=True, slots=True)
class Folder:
    """One task folder; ``name`` begins every place that a fault names."""

    root: Path
    name: str
    faults: Faults

    def place(self, inner: str, line: int = 0) -> str:
        return f"{self.name}/{inner}:{line}" if line else f"{self.name}/{inner}"

    def fault(self, problem: str, *, inner: str, mend: str, line: int = 0) -> None:
        self.faults.add(problem, place=self.place(inner, line), mend=mend)

    def has(self, inner: str) -> bool:
        return (self.root / inner).is_symlink() or (self.root / inner).exists()

    def names(self, inner: str = ".") -> list[str]:
        """Names in the sub-folder, sorted; empty when it is absent or leaves the task folder."""
        folder = self.root / inner
        if not self._stays_inside(inner) or not folder.is_dir():
            return []
        return sorted(p.name for p in folder.iterdir() if p.name not in _IGNORED)

    def text(self, inner: str) -> str:
        """The file's text, line ends untouched. What cannot be read is a fault and empty."""
        if not self.has(inner):
            self.fault("the file is missing", inner=inner, mend=f"Write {inner}.")
            return ""
        if not self._stays_inside(inner):
            return ""
        if not (self.root / inner).is_file():  # a pipe would block, a device never end
            self.fault("not a plain file", inner=inner, mend="Put a plain file here.")
            return ""
        try:
            return self._read(self.root / inner, inner)
        except OSError as error:
            problem = f"the file cannot be read ({type(error).__name__})"
            self.fault(problem, inner=inner, mend="Make it a readable plain file.")
        except UnicodeDecodeError as error:
            line = error.object.count(b"\n", 0, error.start) + 1
            self.fault("not UTF-8", inner=inner, line=line, mend="Save the file as UTF-8.")
        return ""

    def full_text(self, inner: str) -> str:
        """Like ``text``, and a blank file is a fault too."""
        before = len(self.faults.found)
        text = self.text(inner)
        if text.strip():
            return text
        if len(self.faults.found) == before:
            self.fault("the file is blank", inner=inner, mend="Fill it.")
        return ""

    def optional_text(self, inner: str) -> str:
        return self.text(inner) if self.has(inner) else ""

    def _read(self, path: Path, inner: str) -> str:
        with path.open("rb") as stream:
            data = stream.read(MAX_FILE_BYTES + 1)
        if len(data) <= MAX_FILE_BYTES:
            return data.decode("utf-8")
        self.fault("larger than 4 MiB", inner=inner, mend="Make the file smaller.")
        return ""

    def _stays_inside(self, inner: str) -> bool:
        home = self.root.resolve()
        try:
            real = (self.root / inner).resolve()
        except (OSError, RuntimeError):  # a circle of links
            real = home.parent
        if real == home or home in real.parents:
            return True
        self.fault(
            "a link leaves the task folder", inner=inner, mend="Put a copy of the file here."
        )
        return False
