"""``python -m tests.recount DATABASE_URL``: prints what differs, exits 1 when anything does."""

from __future__ import annotations

import sys

import psycopg

from tests.recount.compare import recount


def main() -> int:
    with psycopg.connect(sys.argv[1]) as connection:
        wrong = recount(connection)
    print("\n".join(wrong) or "every number of the newest boards agrees with the raw rows")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
