"""Many runs, so many at once, until OpenMetadata knows the end of each."""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from k8s_pipeline_client import K8sPipelineClient
from k8s_pipeline_client.domain import labels
from tests.cluster.support import definitions
from tests.faults.kinds import Blow, Kind
from tests.faults.puts import REPORTER, TERMINAL, Put, end_of, faults
from tests.faults.stage import Stage
from tests.faults.watch import ended_at

Document = dict[str, Any]

_EVERY = 1.0
_STARTERS = 6
_OPEN = f"{labels.PIPELINE},{labels.REPORTED} notin ({labels.FINAL})"


@dataclass(frozen=True)
class Outcome:
    """What came of a load.

    Attributes:
        seconds: From the first start to the last end that was confirmed.
        kinds: How many runs there were of each kind.
        lost: Runs without a terminal row.
        doubled: Runs with more than one row, and rows of runs that nobody has started.
        wrong: Runs with another fault, and what it is.
        lags: Seconds from the Job's end to the reporter's terminal row, of each run whose end the reporter wrote.
        confirmed: Seconds from the Job's end to its mark that the row was read back, of each run that has a Job.
        ours: How many terminal rows the reporters have written in all.
        busiest: The machine's highest load average meanwhile.
    """

    seconds: float
    kinds: Mapping[str, int]
    lost: Sequence[str]
    doubled: Sequence[str]
    wrong: Mapping[str, Sequence[str]]
    lags: Sequence[float]
    confirmed: Sequence[float]
    ours: int
    busiest: float

    @property
    def count(self) -> int:
        """How many runs there were."""
        return sum(self.kinds.values())

    @property
    def faults(self) -> list[str]:
        """What is wrong."""
        found = [f"{len(runs)} runs {what}: {', '.join(runs[:5])}" for what, runs in self._bad if runs]
        return found + [f"run {run}: {'; '.join(wrong)}" for run, wrong in list(self.wrong.items())[:20]]

    @property
    def _bad(self) -> list[tuple[str, Sequence[str]]]:
        return [("lost", self.lost), ("doubled", self.doubled)]


@dataclass
class Load:
    """A load while it goes on.

    Attributes:
        at_once: How many runs may be active.
        say: Takes what is under way.
    """

    stage: Stage
    at_once: int
    say: Callable[[str], None]
    started: dict[str, Kind] = field(default_factory=dict)
    _clients: dict[str, K8sPipelineClient] = field(default_factory=dict)
    _struck: set[str] = field(default_factory=set)
    _ended: dict[str, float] = field(default_factory=dict)
    _marked: dict[str, float] = field(default_factory=dict)
    _open: Collection[str] = ()
    _busiest: float = 0.0

    def deploy(self, kinds: Collection[Kind]) -> None:
        """Have a pipeline for each kind, here and at OpenMetadata."""
        for kind in kinds:
            server = self.stage.server.url
            entity = definitions.pipeline(*kind.steps, name=kind.name, server=server, report=kind.report)
            self.stage.seed(entity)
            self._clients[kind.name] = self.stage.client(kind.name, kind.settings)
            self._clients[kind.name].deploy_pipeline(entity, definitions.service())

    def play(self, kinds: Sequence[Kind], *, total_timeout: float, more: Callable[[], bool] = lambda: False) -> Outcome:
        """Start a run of each of these, in order, and more while that is wanted; wait for all ends.

        Raises:
            AssertionError: It takes longer than that.
        """
        begin, number = time.monotonic(), 0
        with ThreadPoolExecutor(_STARTERS) as pool:
            while True:
                active = self._look()
                left = len(kinds) - number if not more() else len(kinds)
                room = max(0, min(self.at_once - active, left, 2 * _STARTERS))
                chosen = [kinds[(number + step) % len(kinds)] for step in range(room)]
                self.started.update(pool.map(self._start, chosen))
                number += room
                if left <= 0 and not self._open and not self._untold():
                    break
                if time.monotonic() - begin > total_timeout:
                    self.say(f"not within {total_timeout:.0f} s")
                    break
                if number and room and number % 25 < room:
                    self.say(f"{number} runs are started, {active} active, {len(self._open)} not confirmed")
                threading.Event().wait(_EVERY)
        return self._outcome(time.monotonic() - begin)

    def _start(self, kind: Kind) -> tuple[str, Kind]:
        run = self._clients[kind.name].pipelines.run(kind.name, allow_overlap=True)
        return run.run_id.lower(), kind

    def _look(self) -> int:
        """Look at what is not confirmed, strike what is to be struck, and return how many Jobs are active."""
        self._busiest = max(self._busiest, os.getloadavg()[0])
        jobs = self.stage.space.list("jobs", _OPEN)
        self._open = [job["metadata"]["name"] for job in jobs]
        self._clear()
        active = [job for job in jobs if ended_at(job) is None]
        self._strike(active)
        return len(active)

    def _clear(self) -> None:
        """Remove what is confirmed, as its TTL would: a node that keeps a thousand dead pods starts no others."""
        for job in self.stage.space.list("jobs", f"{labels.PIPELINE},{labels.REPORTED}={labels.FINAL}"):
            run, ended, marked = _run_id(job), ended_at(job), _marked_at(job)
            if ended is not None and marked is not None:
                self._ended[run], self._marked[run] = ended, marked
            self._delete("/apis/batch/v1", "jobs", job)

    def _strike(self, active: Sequence[Document]) -> None:
        kinds = {kind.fqn: kind for kind in self.started.values() if kind.blow is not Blow.NONE}
        wanted = {
            job["metadata"]["name"]: (job, kinds[job["metadata"]["annotations"][labels.FQN]])
            for job in active
            if job["metadata"]["annotations"][labels.FQN] in kinds and job["metadata"]["name"] not in self._struck
        }
        if not wanted:
            return
        remembered = _remembered(self.stage)
        for pod in self.stage.space.list("pods", f"job-name in ({','.join(wanted)})"):
            job, kind = wanted[pod["metadata"]["labels"]["job-name"]]
            if pod["status"].get("phase") != "Running":
                continue
            if kind.blow is Blow.POD_DELETED:
                self._delete("/api/v1", "pods", pod)
            elif f"{labels.OPEN_RUN}{_run_id(job)}" in remembered:
                self._delete("/apis/batch/v1", "jobs", job)

    def _delete(self, group: str, kind: str, item: Document) -> None:
        name = item["metadata"]["name"]
        path = f"{group}/namespaces/{self.stage.space.namespace}/{kind}/{name}"
        self._struck.add(item["metadata"]["labels"]["job-name"] if kind == "pods" else name)
        with suppress(RuntimeError):  # it has ended by itself
            self.stage.access.api.request("DELETE", path, {"propagationPolicy": "Background"})

    def _untold(self) -> set[str]:
        """Return the runs that have no terminal row."""
        fqns = {kind.fqn for kind in self.started.values()}
        rows = [row for fqn in fqns for row in self.stage.in_force(fqn)]
        return set(self.started) - {row["runId"] for row in rows if row["pipelineState"] in TERMINAL}

    def _outcome(self, seconds: float) -> Outcome:
        received: dict[str, list[Put]] = {}
        for put in self.stage.received():
            received.setdefault(str(put.row.get("runId")), []).append(put)
        in_force: dict[str, list[Document]] = {}
        for fqn in {kind.fqn for kind in self.started.values()}:
            for row in self.stage.in_force(fqn):
                in_force.setdefault(row["runId"], []).append(row)
        wrong = {
            run: found
            for run, kind in self.started.items()
            if (found := faults(received.get(run, []), in_force.get(run, []), state=kind.state))
        }
        by_us = {run: end for run in self.started if (end := end_of(received.get(run, []))) and end.by == REPORTER}
        return Outcome(
            seconds=seconds,
            kinds=Counter(kind.name for kind in self.started.values()),
            lost=sorted(self._untold()),
            doubled=sorted(run for run, rows in in_force.items() if len(rows) > 1 or run not in self.started),
            wrong=wrong,
            lags=sorted(end.at - self._ended[run] for run, end in by_us.items() if run in self._ended),
            confirmed=sorted(marked - self._ended[run] for run, marked in self._marked.items()),
            ours=sum(put.by == REPORTER and put.is_end for items in received.values() for put in items),
            busiest=self._busiest,
        )


def _run_id(job: Document) -> str:
    return str(job["metadata"]["labels"].get(labels.APP_RUN_ID) or job["metadata"]["uid"]).lower()


def _remembered(stage: Stage) -> set[str]:
    maps = stage.space.list("configmaps", labels.OPEN_RUNS)
    return {key for item in maps for key in item["metadata"].get("annotations") or {}}


def _marked_at(job: Document) -> float | None:
    """Return when a Job got the reporter's mark, in seconds since 1970: the API keeps who wrote which field when."""
    mark = f"f:{labels.REPORTED}"
    for entry in job["metadata"].get("managedFields", ()):
        if mark in entry["fieldsV1"].get("f:metadata", {}).get("f:labels", {}):
            return datetime.fromisoformat(entry["time"]).timestamp()
    return None
