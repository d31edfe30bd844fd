"""``create_provider``: an organisation, its first account and one API token, printed once.

Example: ``./bench create_provider "Acme Labs" --email ops@acme.example --password-file pw.txt``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from benchserver.core.errors import BadInput
from benchserver.providers import register, tokens

BY = "command create_provider"


class Command(BaseCommand):
    help = (
        "Create a provider: organisation, first account and API token (printed once). "
        'Example: create_provider "Acme Labs" --email ops@acme.example'
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the organisation's name")
        parser.add_argument("--email", required=True, help="login of its first account")
        parser.add_argument(
            "--password-file",
            type=Path,
            help="file whose first line is the password; without it the pages cannot be logged "
            "into until `changepassword EMAIL` sets one (- reads standard input)",
        )
        parser.add_argument(
            "--scopes",
            nargs="+",
            default=list(tokens.SCOPES),
            metavar="SCOPE",
            help=f"what the token may do: {', '.join(tokens.SCOPES)} (default: all)",
        )
        parser.add_argument("--json", action="store_true", help="one JSON document on stdout")

    def handle(self, **options: Any) -> None:
        try:
            made = create(
                name=options["name"],
                email=options["email"],
                password=read_password(options["password_file"]),
                scopes=options["scopes"],
            )
        except BadInput as fault:
            raise CommandError(str(fault), returncode=1) from None
        self.stdout.write(json.dumps(made) if options["json"] else as_text(made))


def read_password(path: Path | None) -> str | None:
    """The file's first line, checked against the password rules. Raises ``BadInput``."""
    if path is None:
        return None
    try:
        text = sys.stdin.readline() if str(path) == "-" else path.read_text().partition("\n")[0]
    except (OSError, UnicodeDecodeError):
        raise BadInput("the password file cannot be read", place=str(path)) from None
    password = text.rstrip("\r\n")
    try:
        validate_password(password)
    except ValidationError as weak:
        raise BadInput(" ".join(weak.messages).rstrip("."), place="password") from None
    return password


@transaction.atomic
def create(
    *, name: str, email: str, password: str | None, scopes: list[str]
) -> dict[str, str | list[str] | bool]:
    """All or nothing. Raises ``BadInput`` when name or e-mail is taken or a scope is unknown."""
    provider = register.create_provider(name=name, email=email, password=password, by=BY)
    token, text = tokens.issue(provider=provider, name="first", scopes=scopes, by=BY)
    return {
        "provider": provider.slug,
        "login": email,
        "has_password": password is not None,
        "scopes": list(token.scopes),
        "token": text,
    }


def as_text(made: dict[str, Any]) -> str:
    password = "" if made["has_password"] else f" (no password: changepassword {made['login']})"
    return (
        f"provider  {made['provider']}\n"
        f"login     {made['login']}{password}\n"
        f"scopes    {', '.join(made['scopes'])}\n"
        f"token     {made['token']}\n"
        "The token is shown this once."
    )
