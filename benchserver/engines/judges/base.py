"""The contract of a judge: task + code -> Judgement, through a sandbox, expected values outside.

A judge never trusts a byte the candidate wrote: it decides from what the supervisor saw and from
plain data compared outside the candidate's box. Example: the program judge runs the code once per
case and compares stdout tokens itself; the candidate never holds an expected value.

Raises ``PlatformFault`` when *we* failed (sandbox broke, host starved): the caller retries.
"""

from __future__ import annotations

from typing import Protocol

from benchserver.core.task import TaskSpec
from benchserver.core.verdict import Judgement
from benchserver.engines.sandbox.base import Sandbox


class Judge(Protocol):
    def __call__(self, *, task: TaskSpec, code: str, sandbox: Sandbox) -> Judgement: ...
