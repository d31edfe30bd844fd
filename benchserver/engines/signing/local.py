"""The log signer with its key in a file: signs one growing history and never a second one.

Its memory is the last signed note, in a file of its own, stored and flushed *before* the note is
handed out. Example: killed in between, the next start either signs the same tree again or has the
note already; a tree that does not extend the last one (RFC 6962 consistency) is refused, however
the database came to hold it. Losing the state file loses that memory: back it up with the key.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn, SupportsIndex

from benchserver.core.errors import BadInput, PlatformFault
from benchserver.engines.signing.files import load_signing_key, locked, replace_durably
from benchserver.transparency import merkle, notes

MAX_SIZE = 2**53 - 1  # the largest integer that every JSON reader keeps
HASH_BYTES = 32
NOTHING_SIGNED = notes.Checkpoint("", 0, merkle.EMPTY_ROOT)


class LocalLogSigner:
    """Implements ``base.LogSigner``. One state file belongs to one key and one origin."""

    def __init__(self, key_file: Path, state_file: Path, origin: str) -> None:
        """``origin`` names the log and its key, e.g. ``bench.example/results``.

        Raises ``MissingPart`` or ``BadInput`` for the key or origin, ``PlatformFault`` for a state
        file that is damaged or of another log.
        """
        self._key = load_signing_key(key_file)
        self._verifier = notes.verifier_key_of(self._key, name=origin)
        self._state_file = state_file
        self.name = origin
        self.verifier_key = str(self._verifier)
        state_file.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        self._last()

    def __repr__(self) -> str:
        return f"LocalLogSigner({self.name!r})"

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise TypeError("a signer is never pickled")

    def last_size(self) -> int:
        """Size of the last checkpoint signed, 0 at first."""
        return self._last()[0].size

    def last_note(self) -> str:
        """The last signed note, empty at first."""
        return self._last()[1]

    def sign_checkpoint(self, *, size: int, root: bytes, proof: Sequence[bytes]) -> str:
        """C2SP signed note over (origin, size, root), on disk when this returns.

        ``root`` and each hash of ``proof`` have 32 bytes; ``proof`` leads from ``last_size()`` to
        ``size`` and is empty from 0. The same tree again gives the same note. Raises ``BadInput``
        when malformed, else ``PlatformFault``: ``log_shrinks``, ``log_forks``,
        ``log_inconsistent``, ``signing_state_...``. A refusal leaves the state as it was.
        """
        _check_form(size, root, proof)
        with locked(self._state_file.parent):
            last, note = self._last()
            if note and (size, root) == (last.size, last.root):
                return note
            _refuse_fork(last, size, root, proof)
            note = notes.sign_checkpoint(notes.Checkpoint(self.name, size, root), self._key)
            self._store(note)
        return note

    def _last(self) -> tuple[notes.Checkpoint, str]:
        """The last checkpoint with its note. Read anew each time: another process may sign."""
        try:
            note = self._state_file.read_text(encoding="utf-8")
        except FileNotFoundError:
            return NOTHING_SIGNED, ""
        except (OSError, UnicodeDecodeError):
            raise self._state_fault("damaged", "unreadable") from None
        return self._verified(note), note

    def _verified(self, note: str) -> notes.Checkpoint:
        try:
            said = notes.parse_checkpoint(notes.parse_note(note).text)
            if said.origin != self.name:
                raise self._state_fault("of_another_log", "its origin differs")
            return notes.open_checkpoint(note, self._verifier)
        except BadInput:
            raise self._state_fault("damaged", "not a note signed by this key") from None

    def _store(self, note: str) -> None:
        try:
            replace_durably(self._state_file, note.encode(), mode=0o644)
        except OSError as error:
            raise self._state_fault("not_stored", error.strerror or "") from None

    def _state_fault(self, what: str, detail: str) -> PlatformFault:
        mend = "restore it from its backup; never delete it, or the log can fork unseen"
        return PlatformFault(f"signing_state_{what}", f"{self._state_file}: {detail}; {mend}")


def _check_form(size: int, root: bytes, proof: Sequence[bytes]) -> None:
    if not 0 <= size <= MAX_SIZE:
        raise BadInput("size out of range", place="size", mend="Pass 0 to 2**53 - 1")
    if any(len(part) != HASH_BYTES for part in (root, *proof)):
        raise BadInput("a hash has not 32 bytes", place="root or proof", mend="Pass raw SHA-256")


def _refuse_fork(last: notes.Checkpoint, size: int, root: bytes, proof: Sequence[bytes]) -> None:
    if size < last.size:
        raise PlatformFault("log_shrinks", f"{last.size} entries are signed, {size} offered")
    if size == last.size > 0:
        raise PlatformFault("log_forks", f"another tree of {size} entries is signed already")
    extends = merkle.verify_consistency(
        old_size=last.size, old_root=last.root, new_size=size, new_root=root, proof=proof
    )
    if not extends:
        raise PlatformFault("log_inconsistent", f"{size} entries do not extend {last.size}")
