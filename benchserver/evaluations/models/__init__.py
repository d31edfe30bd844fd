"""The rows of this room, by what they are about; the rest of the house imports them from here."""

from benchserver.evaluations.models.judging import (
    ReferenceRuns,
    SecondOpinion,
    SuspendedWorker,
    VerdictCorrection,
    VerdictRecord,
)
from benchserver.evaluations.models.signs import (
    EvidenceRecord,
    IdentityMark,
    IdentityReading,
    ReplyTrace,
)
from benchserver.evaluations.models.telling import CellNoise, Score, Told, ToldSet
from benchserver.evaluations.models.work import (
    Attempt,
    Budget,
    Evaluation,
    Exposure,
    FaultRecord,
    Lane,
    Reply,
    Send,
    Wake,
)

__all__ = [
    "Attempt",
    "Budget",
    "CellNoise",
    "Evaluation",
    "EvidenceRecord",
    "Exposure",
    "FaultRecord",
    "IdentityMark",
    "IdentityReading",
    "Lane",
    "ReferenceRuns",
    "Reply",
    "ReplyTrace",
    "Score",
    "SecondOpinion",
    "Send",
    "SuspendedWorker",
    "Told",
    "ToldSet",
    "VerdictCorrection",
    "VerdictRecord",
    "Wake",
]
