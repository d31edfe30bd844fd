"""The Docker daemon of this machine, spoken to through its SDK; every failure is *ours*.

Decides what must be there before any box is started: a daemon on a local socket, the runtime, an
image with the very launcher that this version speaks to. What is missing is named with the line
that supplies it. Example: ``Daemon(runtime="runsc").image("rust")`` gives the image's id, or raises
``MissingPart`` saying ``deploy/sandbox/build.sh rust``.
"""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

from benchserver.core.errors import MissingPart, PlatformFault

REPOSITORY = "benchserver-sandbox"
LAUNCHER_LABEL = "benchserver.launcher"
_SECONDS = 60
_START = "apt-get install docker.io iptables, then: systemctl start docker (or: dockerd &)"
_GROUP = "usermod -aG docker $USER, then log in again"
_RUNTIME = "apt-get install runsc, name it in /etc/docker/daemon.json (deploy/README.md), restart"


class Daemon:
    """Raises ``MissingPart`` at once when the daemon or the runtime is absent."""

    def __init__(self, *, runtime: str) -> None:
        self.runtime = runtime
        self._api = _connect()
        with _faults("info"):
            found = self._api.info()
        if runtime not in found.get("Runtimes", {}):
            raise MissingPart(f"Docker has no runtime {runtime}", mend=_RUNTIME)
        if not any("seccomp" in option for option in found.get("SecurityOptions") or ()):
            raise MissingPart(
                "Docker was built without seccomp", mend="Use the distribution's docker.io"
            )
        self.processors = int(found["NCPU"])

    def close(self) -> None:
        self._api.close()

    def image(self, toolchain: str) -> str:
        """The id of the image for a toolchain ("": Python), its launcher checked."""
        from docker.errors import ImageNotFound

        tag = image_tag(toolchain)
        mend = f"deploy/sandbox/build.sh {tag}"
        try:
            with _faults("image"):
                found = self._api.inspect_image(f"{REPOSITORY}:{tag}")
        except PlatformFault as fault:
            if isinstance(fault.__cause__, ImageNotFound):
                raise MissingPart(f"no image {REPOSITORY}:{tag}", mend=mend) from None
            raise
        labels = found["Config"].get("Labels") or {}
        if labels.get(LAUNCHER_LABEL) != launcher_digest():
            raise MissingPart(f"image {REPOSITORY}:{tag} is of another version", mend=mend)
        return str(found["Id"])

    def images(self) -> Mapping[str, str]:
        """Toolchain -> id of every image of this version that this machine has for boxes."""
        with _faults("images"):
            found = self._api.images(name=REPOSITORY)
        return {
            tag.rpartition(":")[2]: str(each["Id"])
            for each in found
            if (each.get("Labels") or {}).get(LAUNCHER_LABEL) == launcher_digest()
            for tag in sorted(each.get("RepoTags") or ())
        }

    def create(
        self, *, image: str, user: str, host: Mapping[str, Any], labels: Mapping[str, str]
    ) -> str:
        with _faults("create"):
            made = self._api.create_container(
                image,
                [LAUNCHER, "keep"],
                stdin_open=True,
                user=user,
                network_disabled=True,
                hostname="box",
                working_dir="/",
                labels=dict(labels),
                host_config=self._api.create_host_config(runtime=self.runtime, **host),
            )
        return str(made["Id"])

    def attach(self, container: str) -> socket.socket:
        """The keeper's streams. Its stdin ends when this connection does (StdinOnce)."""
        parameters = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
        with _faults("attach"):
            return _own(self._api.attach_socket(container, params=parameters))

    def start(self, container: str) -> None:
        with _faults("start"):
            self._api.start(container)

    def execute(self, container: str, *, user: str) -> tuple[str, socket.socket]:
        with _faults("exec"):
            made = self._api.exec_create(container, [LAUNCHER, "run"], user=user, stdin=True)
            identity = str(made["Id"])
            return identity, _own(self._api.exec_start(identity, socket=True))

    def exit_code(self, execution: str) -> int | None:
        """None while it runs, or when nobody knows any more."""
        with suppress(PlatformFault), _faults("exec"):
            found = self._api.exec_inspect(execution)
            code = found.get("ExitCode")
            return None if found.get("Running") or code is None else int(code)
        return None

    def state(self, container: str) -> Mapping[str, Any]:
        with suppress(PlatformFault), _faults("inspect"):
            state: dict[str, Any] = self._api.inspect_container(container)["State"]
            return state
        return {}

    def kill(self, container: str) -> None:
        """Returns when the container is dead; nothing when it was."""
        with suppress(PlatformFault), _faults("kill"):
            self._api.kill(container, 9)

    def remove(self, container: str) -> None:
        with suppress(PlatformFault), _faults("remove"):
            self._api.remove_container(container, force=True, v=True)

    def labelled(self, label: str) -> list[dict[str, Any]]:
        """All containers, running or not, that carry ``label``."""
        with _faults("list"):
            found: list[dict[str, Any]] = self._api.containers(all=True, filters={"label": label})
            return found


def images_here(*, runtime: str) -> Mapping[str, str]:
    """Toolchain -> image id on this machine. Raises ``MissingPart``."""
    daemon = Daemon(runtime=runtime)
    try:
        return daemon.images()
    finally:
        daemon.close()


LAUNCHER = "/usr/local/bin/benchserver-launcher"


def image_tag(toolchain: str) -> str:
    return "base" if toolchain in ("", "python") else toolchain


@cache
def launcher_digest() -> str:
    """Of the source: an image carries it as a label, so both sides speak the same words."""
    return hashlib.sha256((Path(__file__).parent / "launcher.c").read_bytes()).hexdigest()


def _connect() -> Any:
    import docker  # slow to import, and only this engine needs it

    place = os.environ.get("DOCKER_HOST", "") or "unix:///var/run/docker.sock"
    if not place.startswith("unix://"):
        raise MissingPart(
            "the Docker sandbox needs a daemon on this machine", mend="Unset DOCKER_HOST"
        )
    try:
        api = docker.APIClient(base_url=place, version="auto", timeout=_SECONDS)
    except (docker.errors.DockerException, OSError) as error:
        denied = "Permission denied" in str(error)
        problem = "this user may not use Docker" if denied else "no Docker daemon answers"
        raise MissingPart(problem, mend=_GROUP if denied else _START) from error
    api.headers["Connection"] = "close"  # nothing kept open: forks and idle pools share nothing
    return api


def _own(wrapped: Any) -> socket.socket:
    """The raw connection behind the SDK's wrapper, owned by us alone."""
    raw = getattr(wrapped, "_sock", wrapped)
    copy = socket.socket(fileno=os.dup(raw.fileno()))
    response = getattr(wrapped, "_response", None)
    if response is not None:
        response.close()
    wrapped.close()
    raw.close()
    copy.settimeout(_SECONDS)
    return copy


@contextmanager
def _faults(step: str) -> Iterator[None]:
    """Whatever goes wrong with the daemon is our fault, told in one short line."""
    import docker
    import requests

    try:
        yield
    except (docker.errors.DockerException, requests.exceptions.RequestException, OSError) as error:
        reason = getattr(error, "explanation", None) or str(error)
        raise PlatformFault("docker", f"{step}: {str(reason)[:200]}") from error
