"""The time limit of each operation, and its thread pool. Pure.

OpenMetadata's server has no timeout of its own, and a person waits with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Lane(StrEnum):
    """Thread pools, so that slow operations do not delay quick ones."""

    QUICK = "quick"
    CHANGES = "changes"
    LOGS = "logs"


THREADS = {Lane.QUICK: 16, Lane.CHANGES: 32, Lane.LOGS: 8}
"""If all are busy, a request waits, within its time limit."""


@dataclass(frozen=True, slots=True)
class Limit:
    """The time limit of an operation.

    Attributes:
        name: In metrics and logs.
        lane: Its thread pool.
        seconds: Until the response, whatever it is.
    """

    name: str
    lane: Lane
    seconds: float

    @property
    def work(self) -> float:
        """The seconds for its requests and waits: a little less, so that the response can say what timed out."""
        return self.seconds - min(0.5, self.seconds * 0.1)


HEALTH = Limit("health-auth", Lane.QUICK, 1.0)
STATUS = Limit("status", Lane.QUICK, 1.0)
HOST_IP = Limit("ip", Lane.QUICK, 1.0)
DEPLOY = Limit("deploy", Lane.CHANGES, 10.0)
TRIGGER = Limit("trigger", Lane.CHANGES, 10.0)
ENABLE = Limit("enable", Lane.CHANGES, 10.0)
DISABLE = Limit("disable", Lane.CHANGES, 10.0)
KILL = Limit("kill", Lane.CHANGES, 10.0)
DELETE = Limit("delete", Lane.CHANGES, 10.0)
RUN_AUTOMATION = Limit("run_automation", Lane.CHANGES, 10.0)
RUN_APPLICATION = Limit("run_application", Lane.CHANGES, 10.0)
LOGS = Limit("last_dag_logs", Lane.LOGS, 15.0)
