"""The admin's room: what staff may see and do. Most of it is read-only, since history is.

Tasks, versions, runs, records and the log are written by verbs and jobs only; here they are looked
at. Keys and sealed bytes have no field anywhere, and data keys no page at all. Each change is also
in the audit trail. Example: an evaluation can be cancelled here, not edited.
"""

from __future__ import annotations

from django.contrib import admin

from benchserver.console.admin import evaluations, evidence, panel, pools, providers, records

admin.site.site_header = "benchserver"
admin.site.site_title = "benchserver admin"
admin.site.index_title = "The admin's room"
admin.site.site_url = "/"
admin.site.index_template = "console/index.html"

__all__ = ["evaluations", "evidence", "panel", "pools", "providers", "records"]
