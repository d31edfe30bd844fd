"""What nobody changes: published snapshots, the audit trail, the transparency log."""

from __future__ import annotations

from django.contrib import admin

from benchserver.audit.models import Event
from benchserver.console.admin.base import ReadOnly
from benchserver.leaderboard.models import Snapshot
from benchserver.ledger.models import Checkpoint, Entry


@admin.register(Snapshot)
class SnapshotAdmin(ReadOnly):
    list_display = ("sequence", "track", "rotation", "log_index", "published_at")
    list_filter = ("track",)
    fields = ("sequence", "track", "rotation", "digest", "log_index", "published_at", "body")


@admin.register(Event)
class EventAdmin(ReadOnly):
    list_display = ("at", "actor", "verb", "target", "provider")
    list_filter = ("verb",)
    search_fields = ("actor", "verb", "target", "provider")
    fields = ("at", "actor", "verb", "target", "provider", "facts")


@admin.register(Entry)
class EntryAdmin(ReadOnly):
    list_display = ("index", "kind", "leaf_hash", "at")
    list_filter = ("kind",)
    fields = ("index", "kind", "leaf_hash", "at", "text")
    readonly_fields = ("text",)

    @admin.display(description="Body, as hashed")
    def text(self, entry: Entry) -> str:
        return bytes(entry.body).decode("utf-8", "replace")


@admin.register(Checkpoint)
class CheckpointAdmin(ReadOnly):
    list_display = ("size", "root", "at")
    fields = ("size", "root", "note", "verifier_key", "at")
