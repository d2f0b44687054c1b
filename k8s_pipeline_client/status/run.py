"""Parses a run: its Job, its pods, and their events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.objects import Object
from k8s_pipeline_client.domain.raw import find, items, mapping, moment, text
from k8s_pipeline_client.status.events import Event, events_about, events_of_gone_pods, read_events
from k8s_pipeline_client.status.job import Job, read_job
from k8s_pipeline_client.status.pod import Pod, read_pod


@dataclass(frozen=True, slots=True)
class Run:
    """A run's objects, parsed.

    Attributes:
        job: Its Job.
        pods: Its existing pods, oldest first.
        job_events: Events about the Job, oldest first.
        gone_pod_events: Events about its deleted pods, oldest first.
    """

    job: Job
    pods: tuple[Pod, ...]
    job_events: tuple[Event, ...]
    gone_pod_events: tuple[Event, ...]

    @property
    def newest(self) -> Pod | None:
        """The newest pod."""
        return self.pods[-1] if self.pods else None

    @property
    def failed_pods(self) -> tuple[Pod, ...]:
        """Those whose main failed or never started; not those that only their sidecars kept until the deadline."""
        return tuple(pod for pod in self.pods if pod.phase == "Failed" and pod.main.exit_code != 0)

    @property
    def left_undone(self) -> str:
        """Why the newest attempt ingested nothing, if one before it had failed; else empty.

        A retry after the schedule's end does nothing, so the Job succeeds although the run failed. This can be
        detected only as long as the newest pod exists.
        """
        words = self.newest.last_words if self.newest else None
        if words is None or not words.skipped:
            return ""
        failed_and_gone = self.job.failed - sum(1 for pod in self.pods if pod.phase == "Failed")
        return words.skipped if self.failed_pods or failed_and_gone > 0 else ""


def _belongs(pod: Object, job_uid: str) -> bool:
    """Whether a pod belongs to the Job: a list by label may contain others."""
    owner = text(find(pod, "metadata", "labels", labels.CONTROLLER_UID))
    return not owner or not job_uid or owner == job_uid


def _age(pod: Object) -> tuple[str, str]:
    created = moment(find(pod, "metadata", "creationTimestamp"))
    return (created.isoformat() if created else "", text(find(pod, "metadata", "name")))


def _events_about_job(job: Job, events: tuple[Event, ...]) -> tuple[Event, ...]:
    if job.uid:
        return events_about(job.uid, events)
    return tuple(event for event in events if event.kind == "Job" and event.name == job.name)


def read_run(job: Any, pods: Any, events: Any) -> Run:
    """Parse a run's raw objects; pods and events of others are ignored."""
    facts = read_job(mapping(job))
    known_events = read_events(list(events or ()))
    raw_pods = sorted((pod for pod in items(list(pods or ())) if _belongs(pod, facts.uid)), key=_age)
    known_pods = tuple(read_pod(pod, known_events) for pod in raw_pods)
    return Run(
        job=facts,
        pods=known_pods,
        job_events=_events_about_job(facts, known_events),
        gone_pod_events=events_of_gone_pods(facts.name, (pod.uid for pod in known_pods), known_events),
    )
