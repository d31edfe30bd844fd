"""One task, another number for every owner group: put in as the prompt leaves and as it is judged.

A task whose text holds the marker ``{{salt}}`` is sent with a number derived from its version, the
owner group and the rotation; its tests, if they hold the marker too, ask for the same number.
Example: "Start from {{salt}}." is "Start from 48213906571123." for one group and no other.
"""

from __future__ import annotations

import dataclasses
import json

from benchserver.core.errors import PlatformFault
from benchserver.core.payload import from_payload, to_payload
from benchserver.core.task import PromptSpec, TaskSpec
from benchserver.evaluations.models import Evaluation, Exposure
from benchserver.measurement.contamination import salts
from benchserver.pools.models import TaskVersion


def own_salt(evaluation: Evaluation, version: TaskVersion, *, key: bytes) -> str:
    """The number this evaluation's group meets in this task. Raises ``PlatformFault`` keyless."""
    return _salt(key, version, evaluation.owner_group_id, evaluation.rotation_id)


def foreign_salts(evaluation: Evaluation, version: TaskVersion, *, key: bytes) -> list[str]:
    """The numbers that only other owners were sent in this task, up to now.

    Groups under which this provider's accounts were evaluated before a merge are its own.
    """
    same = Evaluation.objects.filter(provider__owner_group=evaluation.provider.owner_group_id)
    ours = {evaluation.owner_group_id, *same.values_list("owner_group_id", flat=True)}
    met = Exposure.objects.filter(version=version, first_sent_at__isnull=False)
    rows = met.exclude(owner_group__in=ours).values_list("owner_group_id", "rotation_id")
    return [_salt(key, version, group, rotation) for group, rotation in rows]


def is_salted(task: TaskSpec | PromptSpec) -> bool:
    """Whether what a model is shown holds the marker."""
    return salts.MARKER in task.statement or salts.MARKER in task.prompt_code


def salted_prompt(spec: PromptSpec, salt: str) -> PromptSpec:
    return dataclasses.replace(
        spec,
        statement=salts.salted(spec.statement, salt),
        prompt_code=salts.salted(spec.prompt_code, salt),
    )


def salted_task(task: TaskSpec, salt: str) -> TaskSpec:
    """The whole task as its recipient's: statement, tests and reference. Digits break no JSON."""
    text = json.dumps(to_payload(task))
    return from_payload(json.loads(salts.salted(text, salt)))


def _salt(key: bytes, version: TaskVersion, group: object, rotation: object) -> str:
    if not key:
        raise PlatformFault("no_salt_key", "a salted task needs the key that its salts come from")
    return salts.salt_of(key, str(version.pk), str(group), str(rotation))
