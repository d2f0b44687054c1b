"""Bare loops: what the same requests cost when nothing is done but to send them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

from tests.bench.wire import APPLY, Send, Server

CONNECTIONS = 16
PAGE = 500
OWNED = ("secrets", "configmaps", "cronjobs")

T = TypeVar("T")
Object = dict[str, Any]
Three = tuple[Object, Object, Object]
"""Secret, ConfigMap and CronJob of a pipeline, as rendered; the CronJob has its ``suspend``."""


def spread(items: Sequence[T], action: Callable[[Send, T], object], sends: Sequence[Send]) -> float:
    """Do something with every item, each sender in a thread of its own, and return the seconds that it took."""

    def share(number: int) -> None:
        for item in items[number :: len(sends)]:
            action(sends[number], item)

    begun = time.perf_counter()
    with ThreadPoolExecutor(len(sends)) as pool:
        for _ in pool.map(share, range(len(sends))):
            pass
    return time.perf_counter() - begun


def path_of(namespace: str, plural: str, name: str = "") -> str:
    """Return the path of a collection, or of an object in it."""
    group = "/apis/batch/v1" if plural in ("cronjobs", "jobs") else "/api/v1"
    return f"{group}/namespaces/{namespace}/{plural}" + (f"/{name}" if name else "")


def apply(send: Send, item: Object, manager: str = "bench") -> Object:
    """Apply an object, server-side."""
    metadata, plural = item["metadata"], item["kind"].lower() + "s"
    query = f"?fieldManager={manager}&fieldValidation=Strict&force=true"
    found: Object = send("PATCH", path_of(metadata["namespace"], plural, metadata["name"]) + query, item, APPLY)
    return found


def three_applies(send: Send, three: Three) -> None:
    """Apply what a pipeline has, one after the other."""
    for item in three:
        apply(send, item)


def four_writes(send: Send, three: Three) -> None:
    """Write as we do: CronJob suspended, what it owns with its UID, then its ``suspend``."""
    secret, config_map, cronjob = three
    owner = apply(send, cronjob | {"spec": cronjob["spec"] | {"suspend": True}})["metadata"]
    reference = {"apiVersion": "batch/v1", "kind": "CronJob", "name": owner["name"], "uid": owner["uid"]}
    for item in (secret, config_map):
        apply(send, item | {"metadata": item["metadata"] | {"ownerReferences": [reference]}})
    identity = {key: owner[key] for key in ("name", "namespace", "uid")}
    spec = {"suspend": cronjob["spec"]["suspend"]}
    switch = {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": identity, "spec": spec}
    apply(send, switch, "bench-suspend")


def paged_lists(send: Send, namespace: str) -> int:
    """Read all CronJobs, Secrets and ConfigMaps, page by page; return how many there are."""
    total = 0
    for plural in OWNED:
        after = ""
        while True:
            page = send("GET", f"{path_of(namespace, plural)}?limit={PAGE}&continue={after}")
            total += len(page["items"])
            after = page["metadata"].get("continue") or ""
            if not after:
                break
    return total


def remove(server: Server, namespace: str, names: Sequence[str]) -> None:
    """Delete what pipelines have. That all of it was there shows that what was timed has done its work."""

    def one(send: Send, name: str) -> None:
        for plural in OWNED:  # the CronJob last: nothing is left then for the garbage collector
            send("DELETE", path_of(namespace, plural, name) + "?propagationPolicy=Background")

    with server.connections(CONNECTIONS) as sends:
        spread(names, one, sends)


def delete_job(send: Send, namespace: str, name: str) -> None:
    """Delete a Job with its pods, if it is there."""
    with suppress(RuntimeError):
        send("DELETE", path_of(namespace, "jobs", name) + "?propagationPolicy=Background")
