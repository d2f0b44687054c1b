"""A run, its row and all who write it, in whatever order: what the reporters make of it must not depend on that."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from k8s_pipeline_client.reporter.decide import Confirm, Facts, Wish, Write, decide
from k8s_pipeline_client.status import CauseCode, RunStatus, State
from k8s_pipeline_client.status.models import Attempt
from tests.unit.reports.build import INGESTED, Document, facts, ms, run
from tests.unit.status_cases.build import RUN_ID, START

ENDS = {
    "success": None,
    "exit 1": CauseCode.EXIT_CODE,
    "out of memory": CauseCode.OOM_KILLED,
    "deadline": CauseCode.DEADLINE_EXCEEDED,
    "killed": CauseCode.KILLED,
    "killed too late": CauseCode.KILLED,
    "evicted": CauseCode.EVICTED,
    "Job deleted": CauseCode.JOB_DELETED,
    "no image": CauseCode.IMAGE_PULL,
}
"""How a run may end, for Kubernetes."""


@dataclass
class World:
    """One run.

    Attributes:
        handed_over: The server made its id, and says that it is queued.
        killed_state: The setting.
        now: Goes on by itself.
        row: What the server has.
        end: How it ended; None while it has not.
        lost: Nobody confirms the end of its pod.
        attempts: Its pods.
        reported: What each attempt's ingestion has said last.
        writes: By the reporters, in their order.
        intents: What each reporter has decided and not done yet.
    """

    handed_over: bool = False
    killed_state: str = "failed"
    now: datetime = START
    row: Document | None = None
    end: str | None = None
    lost: bool = False
    attempts: list[Attempt] = field(default_factory=list)
    reported: list[str] = field(default_factory=list)
    ended_at: datetime | None = None
    lost_at: datetime | None = None
    writes: list[Document] = field(default_factory=list)
    intents: dict[str, Wish] = field(default_factory=dict)

    def wait(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    def start(self) -> None:
        """An attempt starts, the first or one that follows."""
        if self.end is None and not self.lost and not self._is_running:
            self.attempts.append(Attempt(f"pod-{len(self.attempts)}", State.RUNNING, started_at=self.now))
            self.reported.append("")

    def fail_attempt(self) -> None:
        """The attempt fails, and a retry follows."""
        if self._is_running and not self.lost:
            self._end_attempt(State.FAILED, 1)

    def finish(self, how: str) -> None:
        """The run ends, if that is how it can end."""
        if self.end is not None or (self.lost and how not in ("deadline", "Job deleted", "success")):
            return
        if how == "no image" or self._is_running:
            has_begun = bool(self.attempts)
            if (how == "no image") == has_begun:
                return
            codes = {"success": 0, "killed too late": 0, "exit 1": 1, "out of memory": 137}
            if has_begun:
                self._end_attempt(State.SUCCESS if how == "success" else State.FAILED, codes.get(how))
            self.end, self.lost, self.ended_at = how, False, self.now

    def lose(self) -> None:
        if self._is_running:
            self.lost, self.lost_at = True, self.now

    def ingestion(self, state: str) -> None:
        """The ingestion reports itself, for as long as it can."""
        if not self._is_running:
            return
        before = self.row or {"timestamp": ms(self.now), "startDate": ms(self.now)}
        self.row = {key: before[key] for key in ("timestamp", "startDate") if key in before}
        self.row |= {"runId": RUN_ID, "pipelineState": state, "config": {}}
        if state != "running" or len(self.attempts) > 1:
            self.row["endDate"] = ms(self.now)
        if state != "running":
            self.row["status"] = [INGESTED]
        self.reported[-1] = state

    def server(self) -> None:
        """The server says that it is queued, sometimes late: all that was there is replaced."""
        if self.handed_over:
            self.row = {"runId": RUN_ID, "pipelineState": "queued", "timestamp": ms(START) + 5, "startDate": ms(START)}

    def look(self, reporter: str) -> Wish:
        """A reporter reads and decides; what it does may come later."""
        self.intents[reporter] = decide(self.status, self.row, self.facts, self.now)
        return self.intents[reporter]

    def act(self, reporter: str) -> None:
        """A reporter does what it has decided."""
        wish = self.intents.pop(reporter, None)
        if isinstance(wish, Write):
            self.writes.append(wish.row)
            self.row = wish.row

    @property
    def status(self) -> RunStatus:
        state = self._state
        code = ENDS[self.end] if self.end else CauseCode.IMAGE_PULL if state is State.QUEUED else None
        return run(
            state,
            code,
            created_at=START,
            started_at=self.attempts[0].started_at if self.attempts else None,
            ended_at=self.ended_at,
            attempts=tuple(self.attempts),
        )

    @property
    def facts(self) -> Facts:
        return facts(
            self.status,
            can_still_write=self._is_running,
            node_lost_since=self.lost_at if self.lost else None,
            run_id_was_handed_over=self.handed_over,
            killed_state=self.killed_state,
        )

    @property
    def _state(self) -> State:
        if self.end is not None:
            return State.SUCCESS if self.end == "success" else State.FAILED
        return State.RUNNING if self.attempts else State.QUEUED

    @property
    def _is_running(self) -> bool:
        return bool(self.attempts) and self.attempts[-1].state is State.RUNNING

    def _end_attempt(self, state: State, exit_code: int | None) -> None:
        last = self.attempts[-1]
        self.attempts[-1] = Attempt(last.name, state, exit_code=exit_code, started_at=last.started_at)

    def settle(self) -> None:
        """Nobody writes any more but the reporters, in turn."""
        self.intents.clear()
        self.wait(3600)
        for turn in range(8):
            wish = self.look("ab"[turn % 2])
            if isinstance(wish, Confirm):
                break
            self.act("ab"[turn % 2])
