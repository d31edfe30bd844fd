"""The contract of the log signer: it signs checkpoints of the transparency log, nothing else.

Example: ``sign(checkpoint_text)`` returns a C2SP signed note. The signer remembers the last
checkpoint it signed in a file of its own and refuses a smaller or inconsistent one (no forks).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class LogSigner(Protocol):
    name: str  # key name of the note, e.g. "bench.example/results"
    verifier_key: str  # name+hex(keyid)+base64(0x01||pub)

    def sign_checkpoint(self, *, size: int, root: bytes, proof: Sequence[bytes]) -> str:
        """Signed note over (origin, size, root). ``proof`` = RFC 6962 consistency proof from the
        last signed size; refused (PlatformFault) when it does not verify."""
        ...

    def last_size(self) -> int:
        """Size of the last checkpoint signed, 0 at first."""
        ...
