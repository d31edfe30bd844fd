"""The composition root: settings -> engines, the only place that knows both.

Example: ``opener()`` gives what this process's key files allow and fails loudly, naming the
setting, where a private half is needed and absent. Everything is built once per process, at first
use.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings

from benchserver.core.engine.policy import EnginePolicy
from benchserver.core.errors import BadInput, MissingPart
from benchserver.core.task import TaskSpec
from benchserver.core.verdict import Judgement
from benchserver.engines import judges, languages
from benchserver.engines.endpoints import registry as endpoint_registry
from benchserver.engines.endpoints.address import AddressPolicy
from benchserver.engines.endpoints.admission.listening import ListeningTransport
from benchserver.engines.endpoints.admission.probing import Heard
from benchserver.engines.endpoints.base import EndpointClient
from benchserver.engines.endpoints.transport import Transport
from benchserver.engines.judges import registry as judge_registry
from benchserver.engines.sandbox import registry as sandbox_registry
from benchserver.engines.sandbox.base import Sandbox
from benchserver.engines.signing.base import LogSigner
from benchserver.engines.signing.local import LocalLogSigner
from benchserver.engines.vault import rotation
from benchserver.engines.vault.base import Right, WrappedKey
from benchserver.engines.vault.keyring import private_file, public_file, read_secret
from benchserver.engines.vault.opener import HpkeOpener
from benchserver.engines.vault.sealer import HpkeSealer


@cache
def sealer() -> HpkeSealer:
    """The public halves: every process has them."""
    return HpkeSealer.from_files(
        {
            Right.GENERATE: settings.SEAL_GENERATE_KEY_FILE,
            Right.EXECUTE: settings.SEAL_EXECUTE_KEY_FILE,
        }
    )


@cache
def opener() -> HpkeOpener:
    """The private halves this process was given; opening with another right raises."""
    files: dict[Right, Path | None] = {
        Right.GENERATE: settings.OPEN_GENERATE_KEY_FILE,
        Right.EXECUTE: settings.OPEN_EXECUTE_KEY_FILE,
    }
    return HpkeOpener.from_files({right: path for right, path in files.items() if path})


def new_key_pair(right: Right) -> str:
    """A new active pair beside the old ones, in place; its id. Raises ``BadInput``."""
    return rotation.rotate_key(_key_folder(right), right)


def retire_key_pairs(right: Right) -> tuple[str, ...]:
    """Forget all pairs but the active one; their ids. Raises ``NotAllowed`` or ``BadInput``."""
    return rotation.forget_old_keys(_key_folder(right), right)


def rewrap(key: WrappedKey) -> WrappedKey:
    """The same data key under the active pair. Raises ``CannotOpen``."""
    return rotation.rewrap(key, opener(), sealer())


def _key_folder(right: Right) -> Path:
    """Where both halves of ``right`` lie; a pair is only changed where both can be."""
    name = right.value
    public: Path = getattr(settings, f"SEAL_{name.upper()}_KEY_FILE")
    private: Path | None = getattr(settings, f"OPEN_{name.upper()}_KEY_FILE")
    folder = public.parent
    if private != private_file(folder, right) or public != public_file(folder, right):
        files = f"seal_{name}.pub and open_{name}.key"
        mend = f"Run it where {files} lie in one folder, with both settings naming them"
        raise BadInput("both halves are needed in one folder", place=str(folder), mend=mend)
    return folder


@cache
def signer() -> LogSigner:
    """The log's signing key. Raises ``MissingPart`` in a process that does not hold it."""
    if settings.SIGNING_KEY_FILE is None:
        raise MissingPart("the log's signing key", mend="Set SIGNING_KEY_FILE")
    return LocalLogSigner(
        settings.SIGNING_KEY_FILE, settings.SIGNING_STATE_FILE, settings.LOG_ORIGIN
    )


@cache
def sandbox() -> Sandbox:
    """The probed sandbox engine of this machine. Raises ``MissingPart``: it fails closed."""
    return sandbox_registry.open_sandbox(sandbox_name())


def sandbox_name() -> str:
    """The engine that ``SANDBOX`` and ``SANDBOX_RUNTIME`` name together."""
    return sandbox_registry.engine_name(settings.SANDBOX, runtime=settings.SANDBOX_RUNTIME)


def sandbox_images() -> Mapping[str, str]:
    """Toolchain -> image id, for a rotation to commit to; empty without a container engine."""
    return sandbox_registry.images_of(sandbox_name())


def judging() -> Callable[[TaskSpec, str], Judgement]:
    """A judge bound to this process's sandbox."""
    box = sandbox()
    return lambda task, code: judge_registry.judge(task=task, code=code, sandbox=box)


@cache
def judge_image() -> str:
    """What judges, as one digest over the sources of the judges and of the languages they build,
    the programs of ours in a box included; committed to by a rotation."""
    digest = hashlib.sha256()
    for folder in (Path(judges.__file__).parent, Path(languages.__file__).parent):
        for source in sorted(folder.rglob("*")):
            if source.is_file() and "__pycache__" not in source.parts:
                name = source.relative_to(folder.parent).as_posix()
                digest.update(name.encode() + b"\0" + source.read_bytes())
    return f"sha256:{digest.hexdigest()}"


@cache
def address_policy() -> AddressPolicy:
    return AddressPolicy(allow_local=settings.ENDPOINT_ALLOW_LOCAL, production=settings.PRODUCTION)


def check_address(url: str) -> None:
    """Raises ``BadInput`` when an endpoint may not live there; nothing is looked up or called."""
    address_policy().parse(url)


@cache
def _transport() -> Transport:
    ca_file = str(settings.ENDPOINT_CA_FILE or "")
    return Transport(policy=address_policy(), ca_file=ca_file)


def endpoint(protocol: str, options: Mapping[str, Any] | None = None) -> EndpointClient:
    """The client of a wire protocol. Raises ``BadInput`` for an unknown name or a wrong option."""
    return endpoint_registry.client(protocol, _transport(), options)


def listening_endpoint(
    protocol: str, heard: Heard, options: Mapping[str, Any] | None = None
) -> EndpointClient:
    """The same client for one admission visit; ``heard`` learns what headers say about limits."""
    ca_file = str(settings.ENDPOINT_CA_FILE or "")
    transport = ListeningTransport(heard=heard, policy=address_policy(), ca_file=ca_file)
    return endpoint_registry.client(protocol, transport, options)


def check_options(protocol: str, options: Any) -> dict[str, Any]:
    """An endpoint's options as they are kept. Raises ``BadInput`` naming place and mend."""
    return endpoint_registry.check(protocol, options)


def protocols() -> tuple[str, ...]:
    return tuple(sorted(endpoint_registry.PROTOCOLS))


@cache
def mac_key() -> bytes:
    """Key of the MACs by which tasks are recognised again; derived, so it reveals nothing."""
    return shared_key() or _mac_key(settings.SECRET_KEY)


@cache
def shared_key() -> bytes:
    """The same key, or nothing where this process has no ``SECRET_KEY_FILE``: what another process
    must be able to compute again (salts, readings) is not made with a key of one's own."""
    try:
        return _mac_key(read_secret(settings.SECRET_KEY_FILE))
    except (MissingPart, BadInput):
        return b""


def _mac_key(secret: str) -> bytes:
    return hashlib.sha256(b"benchserver task mac\n" + secret.encode()).digest()


def engine_policy() -> EnginePolicy:
    return EnginePolicy(
        lease_seconds=settings.LEASE_SECONDS,
        refused_sends_max=settings.REFUSED_SENDS_MAX,
        retry_base_seconds=settings.RETRY_BASE_SECONDS,
        evaluations_per_rotation=settings.EVALUATIONS_PER_ROTATION,
        exposure_per_provider=settings.EXPOSURE_PER_PROVIDER,
        exposure_per_task=settings.EXPOSURE_PER_TASK,
        double_judging_share=settings.DOUBLE_JUDGING_SHARE,
    )
