"""What is read of a run for its diagnosis, beside its objects: the end of its log, and what is secret in it."""

from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from k8s_pipeline_client.cluster.port import Cluster, Kind, Object
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.objects import MAIN_CONTAINER, annotation
from k8s_pipeline_client.errors import ApiError, ClusterError, ForbiddenError, NotFoundError
from k8s_pipeline_client.launcher.detect import secret_values
from k8s_pipeline_client.runs.attempts import by_age, has_started
from k8s_pipeline_client.status import Diagnosis, RunStatus
from k8s_pipeline_client.status.diagnosis import diagnose

_TAIL_LINES = 200
_TAIL_BYTES = 256 * 1024

Keys = frozenset[str] | None
"""Of a Secret, those that a run gets to see; all of them if None."""


def diagnosed(
    cluster: Cluster, job: Object, run: RunStatus, pods: Sequence[Object], events: Sequence[Object]
) -> Diagnosis:
    """Return the diagnosis of a run, with the end of its log and without its secrets.

    A log that cannot be read is no reason to say nothing: its place then says why.

    Args:
        cluster: Has log and Secrets.
        job: The run's.
        run: Its status.
        pods: Its pods.
        events: Those about it; others do no harm.
    """
    log, why_none = _log_tail(cluster, job, pods)
    found = diagnose(run, job, pods, events, log, secrets_of(cluster, job))
    return dataclasses.replace(found, log_tail=why_none) if why_none else found


def _log_tail(cluster: Cluster, job: Object, pods: Sequence[Object]) -> tuple[str, str]:
    """The end of the log of the newest attempt that has started; or else why it cannot be read, if it is there."""
    started = [pod for pod in by_age(pods) if has_started(pod)]
    if not started:
        return annotation(job, labels.LOG_TAIL), ""
    try:
        return _read_tail(cluster, started[-1]["metadata"]["name"]), ""
    except NotFoundError:
        return annotation(job, labels.LOG_TAIL), ""
    except ClusterError as error:
        return "", f"(the log could not be read: {error.message})"


def _read_tail(cluster: Cluster, pod: str) -> str:
    kept = b""
    for piece in cluster.read_log(pod, container=MAIN_CONTAINER, tail_lines=_TAIL_LINES):
        kept = (kept + piece)[-2 * _TAIL_BYTES :]
    if len(kept) > _TAIL_BYTES:
        # Whole lines: of a secret that is cut in two, neither half would be known.
        kept = kept[-_TAIL_BYTES:].partition(b"\n")[2]
    return kept.decode(errors="replace")


def secrets_of(cluster: Cluster, job: Object) -> list[str]:
    """Return the values that a run must not show, out of the Secrets that it mounts or has in its environment.

    Where they may not be read, or are gone, the launcher has still struck out of the log what it knew to be secret.
    """
    found: list[str] = []
    for name, keys in mounted_secrets(job).items():
        try:
            secret = cluster.get(Kind.SECRET, name)
        except ForbiddenError:
            break
        except ApiError:
            continue
        found += _values(secret.get("data") or {}, keys)
    return found


def mounted_secrets(job: Object) -> dict[str, Keys]:
    """Return the Secrets that the pods of a Job get to see, each with its keys."""
    spec = job["spec"]["template"]["spec"]
    found: dict[str, Keys] = {}
    for name, keys in (*_of_volumes(spec), *_of_environment(spec)):
        before = found.get(name, frozenset())
        found[name] = None if keys is None or before is None else before | keys
    return found


def _of_volumes(spec: Object) -> Iterator[tuple[str, Keys]]:
    for volume in spec.get("volumes") or ():
        sources = [{"secret": volume.get("secret")}, *((volume.get("projected") or {}).get("sources") or ())]
        for source in sources:
            secret: Mapping[str, Any] = source.get("secret") or {}
            name = secret.get("secretName") or secret.get("name")
            if name:
                items = secret.get("items")
                yield str(name), frozenset(str(item["key"]) for item in items) if items else None


def _of_environment(spec: Object) -> Iterator[tuple[str, Keys]]:
    for container in (*(spec.get("initContainers") or ()), *(spec.get("containers") or ())):
        for variable in container.get("env") or ():
            reference = (variable.get("valueFrom") or {}).get("secretKeyRef")
            if reference:
                yield str(reference["name"]), frozenset({str(reference["key"])})
        for source in container.get("envFrom") or ():
            if source.get("secretRef"):
                yield str(source["secretRef"]["name"]), None


def _values(data: Mapping[str, str], keys: Keys) -> Iterator[str]:
    for key, encoded in data.items():
        if keys is None or key in keys:
            yield from _secret_in(base64.b64decode(encoded).decode(errors="ignore"))


def _secret_in(text: str) -> Collection[str]:
    """A workflow document holds secrets; any other value is one."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return (text,)
    return secret_values(document) if isinstance(document, dict | list) else (text,)
