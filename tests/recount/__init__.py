"""Recount a published board from the raw rows: no code of the service, only SQL and arithmetic.

    python -m tests.recount DATABASE_URL

Every number of the newest snapshot of each board is computed again from verdicts, sends, exposures
and plans, with formulas written here a second time, and compared leaf by leaf; none is left out.
Run it soon after publishing: who evaluates later is counted too. Limits that no table holds
(``MIN_CELL``, ``EXPOSURE_PER_PROVIDER`` ...) are read from the variables that the service reads.
"""

from tests.recount.board import expected
from tests.recount.compare import disagreements, leaves, recount

__all__ = ("disagreements", "expected", "leaves", "recount")
