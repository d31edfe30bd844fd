"""``manage.py up``: the whole service in the foreground under one supervisor.

Starts, in this order and each when the one before is ready: embedded Postgres and Valkey (unless
DATABASE_URL and BROKER_URL name others), migrations, the web server, the three workers and the
schedule. Ctrl-C stops all cleanly, a second one at once. Example: ``./bench up --port 8080``.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from benchserver.console.toolchains import prepare_toolchains
from benchserver.engines.signing.files import ensure_signing_key
from benchserver.engines.vault.keyring import ensure_keys
from benchserver.runtime.home import Home, open_home
from benchserver.runtime.parts import build_service


def prepare_keys(home: Home) -> None:
    """Make the key files that are missing, owned by the service account; none is overwritten."""
    owner = (home.account.uid, home.account.gid) if home.account.foreign else None
    ensure_keys(home.keys, owner=owner)
    ensure_signing_key(home.keys, owner=owner)


class Command(BaseCommand):
    help = "Run the whole service in the foreground. Example: ./bench up --port 8080"
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000, help="of the web server (8000)")
        parser.add_argument("--host", default="127.0.0.1", help="address to bind (127.0.0.1)")
        parser.add_argument("--executors", type=int, help="sandbox processes (one per core)")
        parser.add_argument(
            "--json", action="store_true", help="print one JSON document once all parts are ready"
        )

    def handle(self, **options: Any) -> None:
        home = open_home()
        prepare_keys(home)
        prepare_toolchains(lambda line: print(line, file=sys.stderr, flush=True))
        service = build_service(
            home,
            port=options["port"],
            host=options["host"],
            executors=options["executors"],
        )
        url = f"http://{options['host']}:{options['port']}"
        service.run(when_ready=lambda: self._announce(url, str(home.logs), options["json"]))

    def _announce(self, url: str, logs: str, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps({"url": url, "logs": logs}))
        else:
            self.stdout.write(f"benchserver serves on {url} - logs in {logs} - Ctrl-C stops it")
        self.stdout.flush()
