"""An attempt with all that a prompt, or a judging, needs to be opened: one look, planned once.

An attempt is looked at this way twice in its life, and the rows it touches are wide. Fields that
are not asked for stay away until somebody reads them. The endpoint's or the reply's data key comes
along. Example: ``for_prompt(id).attempt.entry.version`` holds the sealed prompt; the sealed tests,
which may be large, were not read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Model

from benchserver.audit import keys
from benchserver.audit.prepared import rows
from benchserver.engines.vault.base import WrappedKey
from benchserver.evaluations.models import Attempt, Evaluation, Reply
from benchserver.pools.models import FormEntry, TaskVersion
from benchserver.providers.models import Endpoint

_Fields = Mapping[type[Model], tuple[str, ...]]
_JSON = ("protocol_payload", "options")
_ATTEMPT = ("id", "evaluation_id", "endpoint_id", "entry_id", "sample")
_ENTRY = ("id", "form_id", "version_id", "split")
_EVALUATION = ("id", "provider_id", "owner_group_id", "rotation_id")
_TO_PROMPT: _Fields = {
    Attempt: _ATTEMPT,
    FormEntry: _ENTRY,
    TaskVersion: ("id", "number", "prompt_data_key", "prompt_sealed"),
    Evaluation: (*_EVALUATION, "protocol_payload"),
    Endpoint: (
        *("id", "revision", "protocol", "options", "base_url", "wire_model"),
        *("key_revision", "key_data_key", "key_sealed"),
    ),
}
_TO_JUDGE: _Fields = {
    Attempt: _ATTEMPT,
    FormEntry: _ENTRY,
    TaskVersion: ("id", "number", "task_data_key", "task_sealed"),
    Evaluation: _EVALUATION,
    Reply: ("attempt_id", "send_id", "stop_reason", "data_key", "sealed"),
}
_JOINED = {
    Attempt: "evaluations_attempt t0",
    FormEntry: "JOIN pools_formentry t1 ON t1.id = t0.entry_id",
    TaskVersion: "JOIN pools_taskversion t2 ON t2.id = t1.version_id",
    Evaluation: "JOIN evaluations_evaluation t3 ON t3.id = t0.evaluation_id",
    Endpoint: "JOIN providers_endpoint t4 ON t4.id = t0.endpoint_id",
    Reply: "JOIN evaluations_reply t5 ON t5.attempt_id = t0.id",
}
_PLACES = {model: place for place, model in enumerate(_JOINED)}


def _in_order(fields: _Fields) -> _Fields:
    """As ``from_db`` takes values: in the order of their model's fields."""
    return {
        model: tuple(f.attname for f in model._meta.concrete_fields if f.attname in names)
        for model, names in fields.items()
    }


def _sql(fields: _Fields, key: str) -> str:
    """``key``: the joined column that names a data key."""
    columns = [f't{_PLACES[model]}."{name}"' for model, names in fields.items() for name in names]
    columns += [f'k."{name}"' for name in keys.COLUMNS]
    joined = [*(_JOINED[each] for each in fields), f"LEFT JOIN audit_datakey k ON k.id = {key}"]
    return f"SELECT {', '.join(columns)} FROM {' '.join(joined)} WHERE t0.id = %s"


_FOR_PROMPT, _FOR_JUDGING = _in_order(_TO_PROMPT), _in_order(_TO_JUDGE)
_PROMPT = _sql(_FOR_PROMPT, f"t{_PLACES[Endpoint]}.key_data_key")
_JUDGING = _sql(_FOR_JUDGING, f"t{_PLACES[Reply]}.data_key")


@dataclass(frozen=True, slots=True)
class Opened:
    """``attempt`` with what its look was for, and the row of the data key, None when it is gone."""

    attempt: Attempt
    _key: tuple[Any, ...]

    @property
    def key(self) -> WrappedKey:
        """Raises ``CannotOpen`` (code ``shredded``) when there is none."""
        return keys.as_key(self._key)


def for_prompt(attempt_id: UUID) -> Opened:
    """With evaluation, endpoint, its key and sealed prompt. Raises ``Attempt.DoesNotExist``."""
    parts, key = _parts(_PROMPT, _FOR_PROMPT, attempt_id)
    attempt = _whole(parts)
    attempt.endpoint = parts[Endpoint]
    return Opened(attempt, key)


def for_judging(attempt_id: UUID) -> Opened:
    """With sealed task, reply and its key. Raises ``Attempt.DoesNotExist``, also where no reply
    is."""
    parts, key = _parts(_JUDGING, _FOR_JUDGING, attempt_id)
    attempt = _whole(parts)
    parts[Reply].attempt = attempt  # and so the attempt's reply is this one
    return Opened(attempt, key)


def _whole(parts: dict[type[Model], Any]) -> Attempt:
    attempt: Attempt = parts[Attempt]
    attempt.evaluation, attempt.entry = parts[Evaluation], parts[FormEntry]
    attempt.entry.version = parts[TaskVersion]
    return attempt


def _parts(
    sql: str, fields: _Fields, attempt_id: UUID
) -> tuple[dict[type[Model], Any], tuple[Any, ...]]:
    found = rows(sql, [attempt_id])
    if not found:
        raise Attempt.DoesNotExist
    values = iter(found[0])
    parts = {
        model: model.from_db("default", names, [_read(name, next(values)) for name in names])
        for model, names in fields.items()
    }
    return parts, tuple(values)


def _read(name: str, value: Any) -> Any:
    return json.loads(value) if name in _JSON and isinstance(value, str) else value
