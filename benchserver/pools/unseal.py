"""The only door from a sealed task to its plaintext; every use is audited.

Only intake, generate, judge and disclose may import this module (an import contract keeps it so),
and it works only in a process that holds the right's private half. Example:
``prompt(version=v, opener=o, by="generate w1")`` gives what a model is shown, no tests.
"""

from __future__ import annotations

import json

from benchserver.audit.keys import fetch_noted
from benchserver.core.payload import from_payload
from benchserver.core.task import PromptSpec, Shape, TaskSpec
from benchserver.engines.vault.base import Context, Opener, WrappedKey
from benchserver.pools.models import TaskVersion


def context(version: TaskVersion, field: str) -> Context:
    """What a sealed field of a version is bound to."""
    return Context(table="task_version", row=str(version.pk), field=field, revision=version.number)


def prompt(*, version: TaskVersion, opener: Opener, by: str) -> PromptSpec:
    """The prompt part (generate right). Raises ``CannotOpen``."""
    key = _key(version.prompt_data_key, "prompt.opened", version, by)
    data = json.loads(opener.open(key, context(version, "prompt"), bytes(version.prompt_sealed)))
    files = tuple(data.get("solution_files", ()))
    return PromptSpec(**{**data, "shape": Shape(data["shape"]), "solution_files": files})


def task(*, version: TaskVersion, opener: Opener, by: str) -> TaskSpec:
    """The whole task (execute right). Raises ``CannotOpen``."""
    key = _key(version.task_data_key, "task.opened", version, by)
    data = json.loads(opener.open(key, context(version, "task"), bytes(version.task_sealed)))
    return from_payload(data)


def salt(*, version: TaskVersion, opener: Opener, by: str) -> bytes:
    """The commitment's salt (execute right), needed only to reveal. Raises ``CannotOpen``."""
    key = _key(version.task_data_key, "salt.opened", version, by)
    return opener.open(key, context(version, "salt"), bytes(version.salt_sealed))


def _key(data_key: str, verb: str, version: TaskVersion, by: str) -> WrappedKey:
    return fetch_noted(data_key, verb=verb, by=by, target=str(version.pk))
