"""``manage.py doctor``: what this machine can do, each line proved by a probe.

Prints ``ok`` or ``bad``, what was tried and, when bad, the line that mends it. Exit status 1 when
something the service cannot do without is bad. Example: ``./bench doctor --json``.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from benchserver.core.errors import MissingPart
from benchserver.runtime import probes
from benchserver.runtime.home import Home, open_home
from benchserver.runtime.probes import Finding, attempt

LEVEL_MEND = (
    "Enough for demo and grade; private pools in production need it: start ./bench up as root"
)
SANDBOX_MEND = "Allow unprivileged user namespaces, or install Docker: see docs/operations"


class Command(BaseCommand):
    help = "Probe this machine: database, broker, sandbox, keys, disk. Example: ./bench doctor"
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON document on stdout")

    def handle(self, **options: Any) -> None:
        findings = examine(open_home())
        good = all(each.ok or not each.mandatory for each in findings)
        if options["json"]:
            lines = [asdict(each) for each in findings]
            self.stdout.write(json.dumps({"ok": good, "findings": lines}, indent=2))
        else:
            self.stdout.write("\n".join(_line(each) for each in findings))
        if not good:
            sys.exit(1)


def examine(home: Home) -> list[Finding]:
    """Every probe, in the order in which one would mend things."""
    findings = [probes.probe_python(home), probes.probe_disk(home)]
    with probes.services(home) as embedded:
        findings += embedded
        findings.append(probes.probe_database(settings.DATABASE_URL))
        findings.append(probes.probe_clock(settings.DATABASE_URL))
        findings.append(probes.probe_broker(settings.BROKER_URL))
        findings.append(probe_workers())
    findings.append(probes.probe_key_modes(home))
    findings += probe_keys()
    findings += probe_sandbox()
    findings += probe_engines()
    findings += probe_languages()
    return findings


def probe_workers() -> Finding:
    """Machines that a disputed verdict has taken out; no tables yet means none."""
    from django.db import Error, connection

    from benchserver.evaluations import opinions

    try:
        names = list(opinions.suspended().values_list("name", flat=True))
    except Error:
        names = []
    finally:
        connection.close()
    return Finding(
        name="judging workers",
        ok=not names,
        detail=f"taken out: {', '.join(names)}" if names else "none is taken out",
        mend="Mend the machine, then let it back in the admin: Suspended workers",
        mandatory=False,
    )


def probe_keys() -> list[Finding]:
    """Seal and open once with each right whose private half this process holds."""
    from benchserver.engines.vault.base import Right

    mend = "Restore the key files from the key backup, or name them in the settings"
    return [
        attempt(f"key {right.value}", lambda r=right: _round_trip(r), mend=mend)  # type: ignore[misc]
        for right in Right
    ]


def _round_trip(right: Any) -> str:
    from benchserver.engines.vault.base import Context
    from benchserver.engines.vault.opener import HpkeOpener
    from benchserver.engines.vault.sealer import HpkeSealer

    public = getattr(settings, f"SEAL_{right.value.upper()}_KEY_FILE")
    private = getattr(settings, f"OPEN_{right.value.upper()}_KEY_FILE")
    sealer = HpkeSealer.from_files({right: public})
    context = Context(table="doctor", row="1", field="probe")
    key, sealed = sealer.seal(right, {context: b"probe"})
    if not private:
        return f"sealed with {key.key_id}; this process may not open"
    opened = HpkeOpener.from_files({right: private}).open(key, context, sealed[context])
    if opened != b"probe":
        raise RuntimeError("what was opened is not what was sealed")
    return f"sealed and opened with {key.key_id}"


def probe_sandbox() -> list[Finding]:
    """Attack a real box: one line per guarantee, after one line for the whole."""
    try:
        from benchserver import wiring
    except ImportError as error:
        return [Finding(name="sandbox", ok=False, detail=str(error), mend=SANDBOX_MEND)]
    guarantees: list[Any] = []

    def probe() -> str:
        sandbox = wiring.sandbox()
        try:
            guarantees.extend(sandbox.probe())
            return f"{sandbox.name}, level {sandbox.level}"
        finally:
            sandbox.close()

    whole = attempt("sandbox", probe, mend=SANDBOX_MEND)
    return [whole, *(_guarantee(each) for each in guarantees)]


def probe_engines() -> list[Finding]:
    """Each sandbox engine that this machine could use, with the level it was proved to hold."""
    from contextlib import closing

    from benchserver.engines.sandbox.registry import ENGINES, open_sandbox

    def probe(name: str) -> str:
        with closing(open_sandbox(name)) as sandbox:
            return f"works, level {sandbox.level}"

    return [
        attempt(
            f"engine: {name}",
            lambda: probe(name),  # noqa: B023 (called at once)
            mend=SANDBOX_MEND,
            mandatory=False,
        )
        for name in ENGINES
    ]


def probe_languages() -> list[Finding]:
    """Build and run each language's ``hello`` in real boxes; only Python must work."""
    from contextlib import closing

    from benchserver import wiring
    from benchserver.engines.judges.toolchains import is_stale, prove
    from benchserver.engines.languages.registry import LANGUAGES
    from benchserver.engines.sandbox.registry import open_sandbox

    def probe(language: Any, sandbox: Any) -> str:
        slow = "; compiles slowly: ./bench prepare_toolchains" if is_stale(language) else ""
        return f"{prove(language, sandbox)}{slow}"

    try:
        engine = open_sandbox(wiring.sandbox_name())
    except MissingPart:
        return []  # the sandbox's own line says it
    with closing(engine) as sandbox:
        return [
            attempt(
                f"language: {language.title}",
                lambda: probe(language, sandbox),  # noqa: B023 (called at once)
                mend=language.install,
                mandatory=language.name == "python",
            )
            for language in LANGUAGES.values()
        ]


def _guarantee(found: Any) -> Finding:
    """The engine itself raises for a mandatory guarantee; the others may be missing."""
    return Finding(
        name=f"sandbox: {found.name}",
        ok=found.held,
        detail=found.detail,
        mend=LEVEL_MEND,
        mandatory=False,
    )


def _line(found: Finding) -> str:
    line = f"{'ok ' if found.ok else 'bad'}  {found.name:26}  {found.detail}"
    return line if found.ok or not found.mend else f"{line}\n     {'':26}  {found.mend}"
