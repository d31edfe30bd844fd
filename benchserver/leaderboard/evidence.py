"""Signs of memory, as a snapshot may say them: the published mark with the answer beside it.

Nothing below the publication rule and nothing before the right of reply is ever in it. Example: a
model that is being asked right now has the same empty member as one that was found clean.
"""

from __future__ import annotations

from typing import Any

from benchserver.evaluations import evidence
from benchserver.evaluations.models import Evaluation


def shown(evaluation: Evaluation) -> dict[str, Any] | None:
    """The row's ``evidence``: null when nobody has looked, ``grade`` empty when nothing is said."""
    return evidence.told_in_public(evaluation)
