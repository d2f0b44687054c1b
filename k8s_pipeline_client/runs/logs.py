"""Reads the log of a run: of one attempt, or on and on from one attempt to the next."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from k8s_pipeline_client.cluster.port import Cluster, Kind, Object
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.objects import MAIN_CONTAINER, annotation
from k8s_pipeline_client.errors import InvalidError, NotFoundError, UnknownNameError, UnreachableError
from k8s_pipeline_client.inventory.lookup import get_or_none, pods_of
from k8s_pipeline_client.polling import poll
from k8s_pipeline_client.runs.attempts import by_age, has_ended, has_started
from k8s_pipeline_client.runs.logpage import LogPage, page_of
from k8s_pipeline_client.runs.logstream import Resumable
from k8s_pipeline_client.runs.rotated import GAP, ROTATED, in_blocks, lacks_beginning, what_is_missing_told
from k8s_pipeline_client.runs.spool import LogSpool
from k8s_pipeline_client.status import RunStatus, run_status

Note = Callable[[str], None]
"""Takes what a person should know and what is not part of the log."""

_RECONNECT_SECONDS = 300.0
"""How long to try to get back to a log whose connection broke."""


@dataclass(frozen=True, slots=True)
class LogOptions:
    """Which part of a log.

    Attributes:
        tail_lines: Only so many lines from the end.
        since_seconds: Only what is not older.
        timestamps: Begin every line with the node's timestamp.
        attempt: Counted from 1; the newest if None.
    """

    tail_lines: int | None = None
    since_seconds: int | None = None
    timestamps: bool = False
    attempt: int | None = None

    @property
    def is_whole(self) -> bool:
        """Whether the log is asked for from its beginning."""
        return self.tail_lines is None and self.since_seconds is None


WHOLE = LogOptions()


def read_log(cluster: Cluster, job: Object, status: RunStatus, options: LogOptions, note: Note) -> Iterator[bytes]:
    """Yield the log of an attempt of a run as far as there is one, and say why where there is none.

    Raises:
        UnknownNameError: There is no such attempt.
    """
    pods = by_age(pods_of(cluster, job["metadata"]["name"]))
    if not pods:
        yield from _without_pod(job, status, note)
        return
    pod = _attempt(pods, options.attempt)
    if len(pods) > 1 and options.attempt is None:
        note(f"this is attempt {len(pods)}; attempts 1 to {len(pods) - 1} can be read as well")
    if not has_started(pod):
        note(f"Pod {pod['metadata']['name']} has not started, so there is no log yet; it can be followed")
        _why(status, note)
        return
    log = cluster.read_log(
        pod["metadata"]["name"],
        container=MAIN_CONTAINER,
        tail_lines=options.tail_lines,
        since_seconds=options.since_seconds,
        timestamps=options.timestamps,
    )
    blocks = in_blocks(log)
    head = next(blocks, b"")
    if options.is_whole and lacks_beginning(head, pod):
        note(ROTATED)
    yield head
    yield from blocks


def read_log_page(
    cluster: Cluster, spool: LogSpool, job: Object, number: int, status: Callable[[], RunStatus]
) -> LogPage:
    """Return a page of the log of a run's newest attempt; where there is no log, one page that says why.

    Args:
        cluster: Where.
        spool: What has been read of it so far.
        job: The run's.
        number: Counted from 0; one that there is not is empty.
        status: Tells the run's status, for the reason.
    """
    pods = by_age(pods_of(cluster, job["metadata"]["name"]))
    if not pods or not has_started(pods[-1]):
        notes: list[str] = []
        text = b"".join(read_log(cluster, job, status(), WHOLE, notes.append))
        return page_of([text or "\n".join(notes).encode()], number)
    pod = pods[-1]

    def read(stream: Resumable) -> Iterator[bytes]:
        answer = cluster.read_log(
            pod["metadata"]["name"], container=MAIN_CONTAINER, since_time=stream.since, timestamps=True
        )
        return what_is_missing_told(stream, answer, pod)

    key = (job["metadata"]["uid"], pod["metadata"]["uid"])
    return spool.page(key, number, read, grows=not has_ended(pod))


def follow_log(
    cluster: Cluster, job: Object, options: LogOptions, note: Note, *, timeout: float | None = None
) -> Iterator[bytes]:
    """Yield the log from before the pod's start to the end of the run, across its retries.

    Ends when the run has ended, or when the time is over.
    """
    seen: set[str] = set()
    name = job["metadata"]["name"]
    for _ in poll(timeout, first=0.2, longest=1.0):
        found = get_or_none(cluster, Kind.JOB, name)  # before the pods are read, so that none that came last is missed
        pods = by_age(pods_of(cluster, name))
        # As it shows: the Job alone would wait for sidecars that never end.
        over = found is None or run_status(found, pods, (), cluster.now()).state.is_terminal
        started = [pod for pod in pods if has_started(pod)]
        fresh = [pod for pod in started if pod["metadata"]["uid"] not in seen]
        if not seen:
            fresh = fresh[-1:]  # of attempts that are over already, only the newest
        for pod in fresh:
            if seen:
                note(f"the next attempt: Pod {pod['metadata']['name']}")
            seen |= {item["metadata"]["uid"] for item in started}
            yield from _follow_pod(cluster, pod["metadata"]["name"], options, note)
            options = LogOptions(timestamps=options.timestamps)  # the rest is about what was before we came
        if over and not fresh:
            break
    if not seen:
        note("no pod of this run has started, so there is no log; its status says why")


def _follow_pod(cluster: Cluster, pod: str, options: LogOptions, note: Note) -> Iterator[bytes]:
    """Follow one pod's log to its end; where the connection breaks, go on where it broke."""
    stream = Resumable(keep_stamps=options.timestamps)
    pauses = poll(_RECONNECT_SECONDS, first=0.5, longest=5.0)
    while next(pauses, None) is not None:
        before = stream.since
        try:
            # Asked before reading: an answer can end early, where the node rotates the file. What is read after the
            # container has ended is the end.
            ended = _has_ended(cluster, pod)
            pieces = stream.feed(_open(cluster, pod, options, since=before))
            first = next(pieces, b"")
            if stream.has_gap:
                note(GAP)
            yield first
            yield from pieces
            if ended:
                return
        except UnreachableError as error:
            note(f"{error.message}; taking the log up again")
        except (NotFoundError, InvalidError):
            note(f"Pod {pod} is gone, and the rest of its log with it")
            return
        if stream.since != before:  # there was something new: patience begins anew
            pauses = poll(_RECONNECT_SECONDS, first=0.5, longest=5.0)
    note(f"nothing more could be read of Pod {pod} for {_RECONNECT_SECONDS:.0f} s")


def _open(cluster: Cluster, pod: str, options: LogOptions, *, since: str | None) -> Iterator[bytes]:
    """Ask for the log from where we are; at first, for the part that was asked for."""
    return cluster.read_log(
        pod,
        container=MAIN_CONTAINER,
        follow=True,
        tail_lines=options.tail_lines if since is None else None,
        since_seconds=options.since_seconds if since is None else None,
        since_time=since,
        timestamps=True,
    )


def _without_pod(job: Object, status: RunStatus, note: Note) -> Iterator[bytes]:
    tail = annotation(job, labels.LOG_TAIL)
    if tail:
        note("the pod is gone; these are the last lines that were kept when the run was killed")
        yield tail.encode()
        return
    gone = "the pod is gone, and its log with it" if status.state.is_terminal else "there is no pod yet, so no log"
    note(gone)
    _why(status, note)


def _why(status: RunStatus, note: Note) -> None:
    if status.cause:
        note(f"why: {status.cause.summary}")


def _attempt(pods: list[Object], number: int | None) -> Object:
    if number is None:
        return pods[-1]
    if number > len(pods):
        raise UnknownNameError(f"there is no attempt {number}", hint=f"the run has {len(pods)}")
    return pods[number - 1]


def _has_ended(cluster: Cluster, pod: str) -> bool:
    """Tell whether the log cannot grow any more; an answer that ends early is taken up again."""
    try:
        return has_ended(cluster.get(Kind.POD, pod))
    except NotFoundError:
        return True
