"""The schema builds from nothing on a real Postgres, and its triggers refuse what they should."""

import pytest
from django.db import IntegrityError, transaction

from benchserver.audit.models import Event
from benchserver.audit.record import record

pytestmark = pytest.mark.django_db


def test_an_audit_event_can_be_neither_changed_nor_deleted():
    record("something.happened", by="test", target="x")
    event = Event.objects.get()
    for act in (lambda: Event.objects.update(verb="other"), event.delete):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            act()
    assert Event.objects.get().verb == "something.happened"
