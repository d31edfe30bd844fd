"""What a prompt or a judging needs of an attempt comes in one look, nothing sealed beside it."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from benchserver.audit.keys import fetch, shred
from benchserver.engines.vault.base import CannotOpen
from benchserver.evaluations import opened
from benchserver.evaluations.models import Attempt
from tests import arrange

pytestmark = pytest.mark.django_db


def same(found: Attempt, path: str) -> tuple[object, object]:
    """A field as the look has it, without asking again, and as its row does."""
    true, seen = Attempt.objects.get(pk=found.pk), found
    with CaptureQueriesContext(connection) as asked:
        for name in path.split("."):
            seen = getattr(seen, name)
    assert not asked.captured_queries, path
    for name in path.split("."):
        true = getattr(true, name)
    return (bytes(seen), bytes(true)) if path.endswith("sealed") else (seen, true)


def all_same(found: Attempt, *paths: str) -> None:
    for path in paths:
        seen, true = same(found, path)
        assert seen == true, path


def test_all_that_a_prompt_needs_is_there_as_the_rows_have_it(evaluation):
    look = opened.for_prompt(evaluation.attempts.first().pk)
    found = look.attempt
    assert look.key == fetch(found.endpoint.key_data_key)
    version = ("number", "prompt_data_key", "prompt_sealed")
    all_same(found, *(f"entry.version.{name}" for name in version))
    all_same(found, "evaluation.protocol_payload", "evaluation.owner_group_id", "entry.split")
    endpoint = ("revision", "protocol", "options", "base_url", "wire_model", "key_revision")
    all_same(found, *(f"endpoint.{name}" for name in (*endpoint, "key_data_key", "key_sealed")))


def test_all_that_a_judging_needs_is_there_as_the_rows_have_it(evaluation):
    look = opened.for_judging(arrange.answered(evaluation, "text").pk)
    found = look.attempt
    assert look.key == fetch(found.reply.data_key)
    version = ("number", "task_data_key", "task_sealed")
    all_same(found, *(f"entry.version.{name}" for name in version))
    all_same(found, "reply.stop_reason", "reply.data_key", "reply.sealed", "entry.split")
    all_same(found, "evaluation.owner_group_id", "evaluation.rotation_id")


def test_a_prompt_is_opened_without_reading_the_sealed_tests(evaluation):
    found = opened.for_prompt(evaluation.attempts.first().pk).attempt
    assert {"task_sealed", "salt_sealed"} <= found.entry.version.get_deferred_fields()


def test_a_key_that_was_shredded_is_said_to_be_gone(evaluation):
    attempt = arrange.answered(evaluation, "text")
    shred(attempt.reply.data_key)
    with pytest.raises(CannotOpen, match="shredded"):
        _ = opened.for_judging(attempt.pk).key
    shred(evaluation.endpoint.key_data_key)
    with pytest.raises(CannotOpen, match="shredded"):
        _ = opened.for_prompt(attempt.pk).key


def test_an_attempt_that_is_not_there_or_has_no_reply_is_said_to_be_missing(evaluation):
    with pytest.raises(Attempt.DoesNotExist):
        opened.for_prompt(uuid4())
    with pytest.raises(Attempt.DoesNotExist):
        opened.for_judging(evaluation.attempts.first().pk)
