"""How long each operation may take, and which threads it uses. Pure.

OpenMetadata's server waits for a response without any limit of its own, and a person with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Lane(StrEnum):
    """Threads that are kept apart, so that what takes long does not hold up what has to be quick."""

    QUICK = "quick"
    CHANGES = "changes"
    LOGS = "logs"


THREADS = {Lane.QUICK: 16, Lane.CHANGES: 32, Lane.LOGS: 8}
"""Whoever comes when all are busy waits, as long as its time lasts."""


@dataclass(frozen=True, slots=True)
class Limit:
    """How long an operation may take.

    Attributes:
        name: What metrics and logs call it.
        lane: Its threads.
        seconds: After so many seconds there is a response, whatever it is.
    """

    name: str
    lane: Lane
    seconds: float

    @property
    def work(self) -> float:
        """How many seconds its requests and waits have: a little less, so that the response says what did not come."""
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
