"""The WSGI entry point that gunicorn loads."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

from benchserver.config.checks import refuse_unsafe_web

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchserver.config.settings")
application = get_wsgi_application()
refuse_unsafe_web()  # gunicorn runs no system checks by itself

from benchserver import dispatch  # noqa: E402 - its settings and models are ready now

dispatch.publish_only()
