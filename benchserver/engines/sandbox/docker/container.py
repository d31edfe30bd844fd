"""One container that will run one program: made, made ready, used once, removed.

Ready means: the keeper runs, the runner waits for its job under a user id of its own, and our two
connections to them stand. Example: ``make(daemon, shape)`` takes the 0.1-0.3 s that a pool hides;
``send_files`` and the job are all that is left to do when a request comes.
"""

from __future__ import annotations

import secrets
import select
import socket
import threading
import time
from collections.abc import Mapping
from contextlib import suppress

from benchserver.core.errors import PlatformFault
from benchserver.engines.sandbox.docker.books import Books, open_books
from benchserver.engines.sandbox.docker.daemon import Daemon
from benchserver.engines.sandbox.docker.hardening import KEEPER_UID, Shape, host_options
from benchserver.engines.sandbox.docker.streams import DOCKER, KEEPER, STDOUT, Frames, receive

READY, FILES, BORN, REPORT, REPORTED, DIED, COMPLAINT = b"RFBOEX!"
_FIRST_UID, _UIDS = 10**6, 2**20
_READY_SECONDS = 60.0
_FILES_SECONDS = 60.0


class Container:
    """A fresh container. ``keeper`` and ``runner`` are our non-blocking connections."""

    def __init__(self, daemon: Daemon, identity: str) -> None:
        self.identity = identity
        self.execution = ""
        self.keeper: socket.socket | None = None
        self.runner: socket.socket | None = None
        self._daemon = daemon
        self._frames, self._words = Frames(DOCKER), Frames(KEEPER)
        self._killing = threading.Lock()
        self._killed = False

    def prepare(self, shape: Shape) -> None:
        """Start it and wait until the runner is ready for its job."""
        keeper = self.keeper = self._daemon.attach(self.identity)
        self._daemon.start(self.identity)
        user = str(_FIRST_UID + secrets.randbelow(_UIDS))
        self.execution, self.runner = self._daemon.execute(self.identity, user=f"{user}:{user}")
        keeper.setblocking(False)
        self.runner.setblocking(False)
        self._expect(READY, _READY_SECONDS)
        pid = int(self._daemon.state(self.identity).get("Pid", 0))
        self.books: Books = open_books(self.identity, pid)

    def send_files(self, packed: bytes) -> None:
        """Hand the files to the keeper; returns when they lie under ``/box``."""
        keeper = self._keeper()
        keeper.settimeout(_FILES_SECONDS)
        try:
            keeper.sendall(packed)
        except OSError as error:
            raise PlatformFault("box_start", "the container died before its job") from error
        finally:
            keeper.setblocking(False)
        self._expect(FILES, _FILES_SECONDS)

    def hear(self) -> list[tuple[int, bytes]] | None:
        """What the keeper says now: (kind, data); None when it is dead."""
        data = receive(self._keeper())
        if data is None:
            return []
        if not data:
            return None
        said = b"".join(part for stream, part in self._frames.feed(data) if stream == STDOUT)
        return self._words.feed(said)

    def is_fresh(self) -> bool:
        """Still alive, with nothing said since it became ready."""
        keeper, runner = self.keeper, self.runner
        if keeper is None or runner is None:
            return False
        return not select.select([keeper, runner], [], [], 0)[0]

    def kill(self) -> None:
        """Everything inside is dead when this returns. Keep reading our connections meanwhile."""
        with self._killing:
            if not self._killed:
                self._daemon.kill(self.identity)
                self._killed = True

    def remove(self) -> None:
        """Nothing of it is left afterwards."""
        self.hang_up()
        self._daemon.remove(self.identity)

    def hang_up(self) -> None:
        """Close our connections; the keeper then ends by itself."""
        for end in (self.keeper, self.runner):
            if end is not None:
                end.close()
        self.keeper = self.runner = None

    def exit_code(self) -> int | None:
        return self._daemon.exit_code(self.execution)

    def state(self) -> Mapping[str, object]:
        return self._daemon.state(self.identity)

    def _keeper(self) -> socket.socket:
        if self.keeper is None:
            raise PlatformFault("closed", "the container is gone")
        return self.keeper

    def _expect(self, kind: int, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            select.select([self._keeper()], [], [], left)
            said = self.hear()
            if said is None:
                break
            for found, data in said:
                if found == COMPLAINT:
                    raise PlatformFault("box_start", data.decode("ascii", "replace"))
                if found == kind:
                    return
        raise PlatformFault("box_start", "the container did not become ready")


def make(daemon: Daemon, shape: Shape, labels: Mapping[str, str]) -> Container:
    """A ready container. Raises ``PlatformFault`` and leaves nothing when that fails."""
    options = host_options(shape, runtime=daemon.runtime, processors=daemon.processors)
    user = f"{KEEPER_UID}:{KEEPER_UID}"
    identity = daemon.create(image=shape.image, user=user, host=options, labels=labels)
    container = Container(daemon, identity)
    try:
        container.prepare(shape)
    except BaseException:
        with suppress(PlatformFault):
            container.remove()
        raise
    return container
