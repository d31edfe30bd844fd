"""Take framed streams apart, and write to a peer without ever blocking.

Docker sends what a container prints as frames (stream, length, bytes); inside the keeper's stream
the keeper's own words are framed once more. Example: ``Frames(DOCKER).feed(data)`` gives
``[(1, b"out"), (2, b"err")]`` and keeps a half-received frame for the next call.
Source: Docker Engine API, "Attach to a container", stream format.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from struct import Struct

DOCKER = Struct(">B3xI")
KEEPER = Struct("<BI")
STDOUT, STDERR = 1, 2
_CHUNK = 65536
_FULL = 2**20


class Frames:
    """An incremental reader of (kind, length, bytes)."""

    def __init__(self, head: Struct) -> None:
        self._head = head
        self._pending = bytearray()

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """All frames that ``data`` completes, in order."""
        self._pending += data
        found, at = [], 0
        while len(self._pending) - at >= self._head.size:
            kind, size = self._head.unpack_from(self._pending, at)
            end = at + self._head.size + size
            if len(self._pending) < end:
                break
            found.append((kind, bytes(self._pending[at + self._head.size : end])))
            at = end
        del self._pending[:at]
        return found


class Outlet:
    """Bytes on their way to a descriptor of ours: a runner's socket or one end of a pipe."""

    def __init__(self, end: socket.socket | int) -> None:
        self._end = end
        self._pending = bytearray()
        self._finishing = False
        self.closed = False

    def fileno(self) -> int:
        return self._end if isinstance(self._end, int) else self._end.fileno()

    def give(self, data: bytes) -> None:
        if not self.closed and not self._finishing:
            self._pending += data

    def finish(self) -> None:
        """No more will come: the reader gets end-of-file after what is pending."""
        self._finishing = True
        self._end_when_done()

    @property
    def waiting(self) -> bool:
        return bool(self._pending) and not self.closed

    @property
    def full(self) -> bool:
        return len(self._pending) > _FULL and not self.closed

    def pump(self) -> None:
        """Write what the reader takes now; a reader that is gone drops the rest."""
        try:
            written = os.write(self.fileno(), bytes(self._pending[:_CHUNK]))
        except BlockingIOError:
            return
        except OSError:
            self._close()
            return
        del self._pending[:written]
        self._end_when_done()

    def abandon(self) -> None:
        """Close without writing what is pending."""
        if not self.closed:
            self._close()

    def _end_when_done(self) -> None:
        if self._finishing and not self._pending and not self.closed:
            self._close()

    def _close(self) -> None:
        """A pipe is closed; of a socket only our half, since its answers are still to come."""
        self.closed = True
        self._pending.clear()
        if isinstance(self._end, int):
            os.close(self._end)
        else:
            with suppress(OSError):
                self._end.shutdown(socket.SHUT_WR)


def receive(end: socket.socket) -> bytes | None:
    """What has arrived: ``b""`` at the end of the stream, None when nothing has."""
    try:
        return end.recv(_CHUNK)
    except BlockingIOError:
        return None
    except OSError:
        return b""
