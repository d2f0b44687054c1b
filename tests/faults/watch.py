"""What Kubernetes shows of runs, as it changes."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from k8s_pipeline_client.domain import labels
from tests.faults.stage import Stage

Object = Mapping[str, Any]

_EVERY = 2.0
_ENDS = ("Complete", "Failed")


class Watch:
    """Looks at the Jobs and pods of a place again and again.

    Attributes:
        shown: What was seen of each pipeline's runs, by its fully qualified name: each once, in order.
        ended: When the last Job of each has ended, in seconds since 1970.
    """

    def __init__(self, stage: Stage) -> None:
        """Begin to look."""
        self._stage = stage
        self._stop = threading.Event()
        self.shown: dict[str, list[str]] = {}
        self.ended: dict[str, float] = {}
        self._reported: dict[str, bool] = {}
        self._thread = threading.Thread(target=self._look_on, name="watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stop.set()
        self._thread.join()

    def is_reported(self, fqn: str) -> bool:
        """Return whether the Job of a pipeline bears the reporter's mark, or there was one and it is gone."""
        return self._reported.get(fqn, False)

    def now(self) -> float:
        """Return the time in seconds since 1970."""
        return time.time()

    def seconds_since(self, moment: float) -> float:
        """Return how long ago a moment was."""
        return time.time() - moment

    def _look_on(self) -> None:
        while not self._stop.is_set():
            with suppress(RuntimeError):  # an API server that is down is looked at again
                self._look()
            self._stop.wait(_EVERY)

    def _look(self) -> None:
        jobs, pods = self._stage.space.list("jobs", labels.PIPELINE), self._stage.space.list("pods", "job-name")
        are_all_there = {job["metadata"]["name"] for job in jobs} <= {
            pod["metadata"]["labels"]["job-name"] for pod in pods
        }
        events = [] if are_all_there else self._stage.space.list("events")
        there = set()
        for job in jobs:
            fqn = job["metadata"]["annotations"][labels.FQN]
            there.add(fqn)
            own = [pod for pod in pods if pod["metadata"]["labels"]["job-name"] == job["metadata"]["name"]]
            self._note(fqn, described(job, own, events))
            self._reported[fqn] = job["metadata"]["labels"].get(labels.REPORTED) == labels.FINAL
            if (ended := ended_at(job)) is not None:
                self.ended[fqn] = ended
        for fqn in set(self.shown) - there:
            self._note(fqn, "Job gone")
            self._reported[fqn] = True

    def _note(self, fqn: str, text: str) -> None:
        known = self.shown.setdefault(fqn, [])
        if not known or known[-1] != text:
            known.append(text)


def described(job: Object, pods: Sequence[Object], events: Iterable[Object]) -> str:
    """Return in a few words what Kubernetes shows of a run."""
    conditions = [item for item in job["status"].get("conditions", ()) if item["status"] == "True"]
    words = [f"{item['type']} {item.get('reason', '')}".strip() for item in conditions if item["type"] in _ENDS]
    words = words or [f"{item['type']} {item.get('reason', '')}".strip() for item in conditions][-1:]
    parts = [pod_described(pod) for pod in pods]
    if not pods:
        refused = [item["message"] for item in events if _is_refusal(item, job["metadata"]["uid"])]
        parts = [f"no pod: {_why(refused[-1])}" if refused else "no pod"]
    return "; ".join([*(f"Job {word}" for word in words[:1]), ", ".join(parts)])


def _why(message: str) -> str:
    """Return why something was refused, without its name, which is another one each time."""
    return (message.partition(" is forbidden: ")[2] or message)[:100]


def _is_refusal(event: Object, uid: str) -> bool:
    return (event["involvedObject"].get("uid"), event["reason"]) == (uid, "FailedCreate")


def pod_described(pod: Object) -> str:
    """Return a pod's phase, and the reason that its status gives."""
    status = pod["status"]
    found = [status.get("phase", "")]
    if status.get("reason"):
        found.append(status["reason"])
    for container in status.get("containerStatuses", ()):
        state = container["state"]
        if reason := (state.get("waiting") or {}).get("reason"):
            found.append(reason)
        if end := state.get("terminated"):
            code = str(end["exitCode"])
            found.append(" ".join(filter(None, [_named(container), end.get("reason") if code != "0" else "", code])))
    if not status.get("containerStatuses"):
        found += [item["reason"] for item in status.get("conditions", ()) if item.get("reason") == "Unschedulable"]
    if pod["metadata"].get("deletionTimestamp"):
        found.append("terminating")
    return f"pod {' '.join(filter(None, found))}"


def _named(container: Object) -> str:
    return "" if container["name"] == "main" else str(container["name"])


def ended_at(job: Object) -> float | None:
    """Return when a Job has ended, in seconds since 1970; the API has whole seconds."""
    for item in job["status"].get("conditions", ()):
        if item["type"] in _ENDS and item["status"] == "True":
            return datetime.fromisoformat(item["lastTransitionTime"]).timestamp()
    return None


def now() -> float:
    """Return the time in seconds since 1970."""
    return time.time()
