"""Reads the log of a run: of one attempt, or following it from one attempt to the next."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from k8s_pipeline_client.cluster.port import Cluster, Kind, Object
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.objects import MAIN_CONTAINER, annotation
from k8s_pipeline_client.errors import ClusterError, InvalidError, NotFoundError, UnknownNameError, UnreachableError
from k8s_pipeline_client.inventory.lookup import get_or_none, pods_of
from k8s_pipeline_client.polling import poll
from k8s_pipeline_client.runs.attempts import by_age, has_ended, has_started, started_at
from k8s_pipeline_client.runs.kubelet import is_message, lines_only
from k8s_pipeline_client.runs.logpage import LogPage, page_of
from k8s_pipeline_client.runs.logstream import Resumable
from k8s_pipeline_client.runs.rotated import GAP, ROTATED, in_blocks, lacks_beginning, what_is_missing_told
from k8s_pipeline_client.runs.spool import LogSpool
from k8s_pipeline_client.status import RunStatus, run_status

Note = Callable[[str], None]
"""Takes notices for people that are not part of the log."""

_ROTATED_AFTER = 60.0
"""Seconds in which no log grows so large that the kubelet rotates it."""
_RECONNECT_SECONDS = 300.0
"""Seconds to try to resume a log after its connection broke."""


@dataclass(frozen=True, slots=True)
class LogOptions:
    """The part of a log to read.

    Attributes:
        tail_lines: Only this number of lines from the end.
        since_seconds: Only lines that are not older.
        timestamps: Prefix every line with the node's timestamp.
        attempt: Counted from 1; the newest if None.
    """

    tail_lines: int | None = None
    since_seconds: int | None = None
    timestamps: bool = False
    attempt: int | None = None

    @property
    def is_whole(self) -> bool:
        """Whether the log is read from its beginning."""
        return self.tail_lines is None and self.since_seconds is None


WHOLE = LogOptions()


def read_log(cluster: Cluster, job: Object, status: RunStatus, options: LogOptions, note: Note) -> Iterator[bytes]:
    """Yield the current log of an attempt of a run; if there is none, note the reason.

    Raises:
        UnknownNameError: There is no such attempt.
    """
    pods = by_age(pods_of(cluster, job["metadata"]["name"]))
    if not pods:
        yield from _without_pod(job, status, note)
        return
    pod = _attempt(pods, options.attempt)
    if len(pods) > 1 and options.attempt is None:
        note(f"this is attempt {len(pods)}; attempts 1 to {len(pods) - 1} are available as well")
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
    if not options.timestamps and is_message(head):
        note(f"the node returned instead of the log: {head.decode('utf-8', 'replace').strip()}")
        return
    if options.is_whole and lacks_beginning(head, pod):
        note(ROTATED)
    yield head
    yield from blocks


def read_log_page(
    cluster: Cluster, spool: LogSpool, job: Object, number: int, status: Callable[[], RunStatus]
) -> LogPage:
    """Return a page of the log of a run's newest attempt; if there is no log, one page with the reason.

    Args:
        cluster: The cluster.
        spool: The stored logs.
        job: The run's Job.
        number: Counted from 0; a page that does not exist is empty.
        status: Returns the run's status, for the reason.
    """
    pods = by_age(pods_of(cluster, job["metadata"]["name"]))
    if not pods or not has_started(pods[-1]):
        notes: list[str] = []
        text = b"".join(read_log(cluster, job, status(), WHOLE, notes.append))
        return page_of([text or "\n".join(notes).encode()], number)
    pod = pods[-1]

    def read(stream: Resumable) -> Iterator[bytes]:
        response = cluster.read_log(
            pod["metadata"]["name"], container=MAIN_CONTAINER, since_time=stream.since, timestamps=True
        )
        return what_is_missing_told(stream, response, pod)

    key = (job["metadata"]["uid"], pod["metadata"]["uid"])
    return spool.page(key, number, read, grows=not has_ended(pod))


def follow_log(
    cluster: Cluster, job: Object, options: LogOptions, note: Note, *, timeout: float | None = None
) -> Iterator[bytes]:
    """Follow the log from before the pod's start to the end of the run, across its retries, or to the timeout."""
    seen: set[str] = set()
    name = job["metadata"]["name"]
    for _ in poll(timeout, first=0.2, longest=1.0):
        found = get_or_none(cluster, Kind.JOB, name)  # before the pods are read, so that the last one is not missed
        pods = by_age(pods_of(cluster, name))
        # By the status: the Job would also wait for sidecars that never terminate.
        over = found is None or run_status(found, pods, (), cluster.now()).state.is_terminal
        started = [pod for pod in pods if has_started(pod)]
        fresh = [pod for pod in started if pod["metadata"]["uid"] not in seen]
        if not seen:
            fresh = fresh[-1:]  # of earlier attempts, only the newest
        for pod in fresh:
            if seen:
                note(f"next attempt: Pod {pod['metadata']['name']}")
            seen |= {item["metadata"]["uid"] for item in started}
            if options.is_whole and _has_run_for_long(cluster, pod) and _is_rotated(cluster, pod):
                note(ROTATED)
            yield from _follow_pod(cluster, pod["metadata"]["name"], options, note)
            options = LogOptions(timestamps=options.timestamps)  # the other options are about the earlier log
        if over and not fresh:
            break
    if not seen:
        note("no pod of this run has started, so there is no log; see its status")


def _has_run_for_long(cluster: Cluster, pod: Object) -> bool:
    """Return whether so much may have been logged that a part of it is gone."""
    start = started_at(pod)
    return start is not None and (cluster.now() - start).total_seconds() > _ROTATED_AFTER


def _is_rotated(cluster: Cluster, pod: Object) -> bool:
    try:
        log = cluster.read_log(pod["metadata"]["name"], container=MAIN_CONTAINER)
        return lacks_beginning(next(in_blocks(log), b""), pod)
    except ClusterError:
        return False  # following it says what is wrong


def _follow_pod(cluster: Cluster, pod: str, options: LogOptions, note: Note) -> Iterator[bytes]:
    """Follow one pod's log to its end; resume it if the connection breaks."""
    stream = Resumable(keep_stamps=options.timestamps)
    pauses = poll(_RECONNECT_SECONDS, first=0.5, longest=5.0)
    told: set[str] = set()

    def tell(message: str) -> None:
        if message not in told:  # it is asked again, and says it again
            told.add(message)
            note(f"the node returned instead of the log: {message}")

    while next(pauses, None) is not None:
        before = stream.since
        try:
            # Checked before reading: a response can end early, if the node rotates the file. A read after the
            # container has terminated is complete.
            ended = _has_ended(cluster, pod)
            response = lines_only(_open(cluster, pod, options, since=before), tell)
            blocks = iter(stream.feed(response))
            first = next(blocks, b"")
            if stream.has_gap:
                note(GAP)
            yield first
            yield from blocks
            if ended:
                return
        except UnreachableError as error:
            note(f"{error.message}; resuming the log")
        except (NotFoundError, InvalidError):
            note(f"Pod {pod} is gone, and so is the rest of its log")
            return
        if stream.since != before:  # new lines: the time starts again
            pauses = poll(_RECONNECT_SECONDS, first=0.5, longest=5.0)
    note(f"could not read more of the log of Pod {pod} for {_RECONNECT_SECONDS:.0f} s")


def _open(cluster: Cluster, pod: str, options: LogOptions, *, since: str | None) -> Iterator[bytes]:
    """Request the log from the current position; at first, the requested part."""
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
        note("the pod is gone; these are the last lines, saved when the run was killed")
        yield tail.encode()
        return
    gone = (
        "the pod is gone, and so is its log" if status.state.is_terminal else "there is no pod yet, so there is no log"
    )
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
    """Return whether the log is complete; a response that ends early is resumed."""
    try:
        return has_ended(cluster.get(Kind.POD, pod))
    except NotFoundError:
        return True
