"""A `Cluster` in memory, for tests of what happens between two requests, and of how many there are.

What it does is held against the real API server by the contract suite (``tests/contract``). What it does not do:

- No controllers and no kubelet. Nothing makes Jobs, Pods or Events, or sets a status: a test does (`put`,
  `set_status`, `add_log`). Pods go at once when they are deleted, unless a finalizer holds them.
- No admission, quota, rights or webhooks: a hook that raises what they would say takes their place.
- Of the values of fields only those are validated that the product relies on being refused.
- Defaults are those of the fields that the product writes; see ``defaults.py``.
- No PUT, no generateName, no other namespace. A watch lasts until a test ends it, or nothing happens for its seconds.
- Garbage is collected right after each request, unless `collects` is False; then `collect` does it.
"""

from __future__ import annotations

import builtins
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

from k8s_pipeline_client import timelimit
from k8s_pipeline_client.cluster import paging
from k8s_pipeline_client.cluster.port import Extra, Kind, Object, Propagation, WatchEvent
from k8s_pipeline_client.cluster.sent import Observer, Sent
from k8s_pipeline_client.errors import ApiError, ConflictError, NotFoundError, UnreachableError
from tests.fakes import refusals
from tests.fakes.copies import copied
from tests.fakes.journal import Hook, Journal, Request
from tests.fakes.logs import Logs
from tests.fakes.refusals import Refusal
from tests.fakes.server import Server
from tests.fakes.store import Store
from tests.fakes.watching import Watches

_MANAGER = "k8s-pipeline"
_CONTROLLER = "kube-controller-manager"


class FakeCluster:
    """One namespace in memory; implements `Cluster`. May be used by several threads.

    Attributes:
        clock: The API server's time; see `advance`.
        collects: Whether garbage is collected after each request.
        exists: What `namespace_exists` returns.
        is_dated: What `tells_time` returns.
        too_many: What `throttled` returns.
        denied: Verb and resource of each right that `may` says we do not have.
        extra: The objects of resources that are not of the port's kinds, by their plural.
        returned: How many objects reads and lists have returned so far; those that a hook reads count, too.
    """

    def __init__(
        self, namespace: str = "openmetadata-pipelines", *, page_size: int = paging.PAGE_SIZE, collects: bool = True
    ) -> None:
        self._namespace = namespace
        self._page_size = page_size
        self._lock = threading.RLock()
        self._journal: Journal[Request] = Journal()
        self._watches = Watches()
        self._store = Store(self.now, self._watches.changed)
        self._server = Server(self._store, namespace)
        self._logs = Logs()
        self.clock = datetime(2026, 1, 1, tzinfo=UTC)
        self.collects = collects
        self.exists: bool | None = True
        self.is_dated = True
        self.too_many = 0
        self.denied: set[tuple[str, str]] = set()
        self.extra: dict[str, builtins.list[Object]] = {}
        self.returned = 0
        self._observer: Observer = lambda sent: None

    # For tests.

    @property
    def requests(self) -> builtins.list[Request]:
        """What was asked for, in its order; what a hook asks for is not in it."""
        return self._journal.requests

    def before(self, hook: Hook) -> Callable[[], None]:
        """Have a hook called before each request, by the thread that makes it; return what ends that.

        It may raise what the request then raises (the journal has it, though nothing was carried out), or make
        requests of its own: those are in no journal, and call no hook.
        """
        return self._journal.before(hook)

    def after(self, hook: Hook) -> Callable[[], None]:
        """Have a hook called after each request that was carried out: what it raises, the caller gets instead."""
        return self._journal.after(hook)

    def advance(self, seconds: float) -> None:
        """Let time go by."""
        self.clock += timedelta(seconds=seconds)

    def put(self, item: Object) -> Object:
        """Have an object there, just as it is, status included; no request."""
        with self._lock:
            return self._store.put(item)

    def fork(self) -> FakeCluster:
        """Return another one that holds the same objects; nothing that is done to one is seen in the other."""
        found = FakeCluster(self._namespace, page_size=self._page_size, collects=self.collects)
        with self._lock:
            found._store.copy_from(self._store)
        found.clock, found.exists = self.clock, self.exists
        return found

    def set_status(self, kind: Kind, name: str, status: Object) -> Object:
        """Change the status as a controller does, by a merge patch; no request."""
        with self._lock:
            return self._server.merge(kind, name, {"status": status}, manager=_CONTROLLER, subresource="status")

    def set_log(self, pod: str, log: bytes, container: str = "main") -> None:
        """Have a container have written this until now; see also `add_log`."""
        with self._lock:
            self._logs.clear(pod, container)
            self._logs.add(pod, container, log, self.clock)

    def add_log(self, pod: str, log: bytes, container: str = "main") -> None:
        """Have a container write some more."""
        with self._lock:
            self._logs.add(pod, container, log, self.clock)

    def say_in_place_of_logs(self, message: bytes) -> None:
        """Have the kubelet answer with this wherever a log is asked for."""
        with self._lock:
            self._logs.message = message

    @property
    def watching(self) -> int:
        """How many watch."""
        return self._watches.count

    def end_watches(self, error: Exception | None = None) -> None:
        """End all watches, with an error or in order."""
        self._watches.end(error)

    def collect(self) -> None:
        """Collect garbage."""
        with self._lock:
            self._store.collect()

    # The port.

    @property
    def namespace(self) -> str:
        """See `Cluster.namespace`."""
        return self._namespace

    def get(self, kind: Kind, name: str) -> Object:
        """See `Cluster.get`."""
        with self._request(Request("get", kind, name), f"read {kind} {name}"):
            found = self._server.get(kind, name)
            self.returned += 1
            return found

    def list(self, kind: Kind, *, labels: str = "", fields: str = "") -> builtins.list[Object]:
        """See `Cluster.list`."""
        found: builtins.list[Object] = []
        for page in self.pages(kind, labels=labels, fields=fields, restart=found.clear):
            found += page
        return found

    def pages(
        self,
        kind: Kind,
        *,
        labels: str = "",
        fields: str = "",
        restart: Callable[[], None],
        first: int | None = None,
        size: int | None = None,
    ) -> Iterator[builtins.list[Object]]:
        """See `Cluster.pages`."""
        most = min(self._page_size, size or self._page_size)
        return paging.pages(self._fetch(kind, labels, fields), most, restart, first)

    def first(self, kind: Kind, *, labels: str) -> Object | None:
        """See `Cluster.first`."""
        return paging.first(self._fetch(kind, labels, ""))

    def watch(self, kind: Kind, *, seconds: int, labels: str = "", fields: str = "") -> Iterator[WatchEvent]:
        """See `Cluster.watch`."""
        with self._request(Request("watch", kind, labels=labels, fields=fields), f"watch {kind}s"):
            matches = self._server.matching(kind, labels, fields)
            there = copied(self._server.list(kind, labels, fields))
            events = self._watches.begin(kind, matches, there, seconds)
        yield from events()

    def count(self, kind: Kind) -> int | None:
        """See `Cluster.count`."""
        with self._request(Request("list", kind), f"count {kind}s"):
            return len(self._server.list(kind, "", ""))

    def _fetch(self, kind: Kind, labels: str, fields: str) -> paging.Fetch:
        """Return what gets the pages of a list, each by a request of its own."""
        left: builtins.list[Object] = []

        def fetch(query: Mapping[str, str]) -> tuple[builtins.list[Object], str]:
            with self._request(Request("list", kind, labels=labels, fields=fields), f"list {kind}s"):
                if "continue" not in query:  # later pages are of the state that the first one was of
                    left[:] = self._server.list(kind, labels, fields)
                size = int(query.get("limit", len(left)))
                page, left[:] = left[:size], left[size:]
                self.returned += len(page)
                return copied(page), "more" if left else ""

        return fetch

    def apply(self, manifest: Object, *, manager: str, force: bool = False, dry_run: bool = False) -> Object:
        """See `Cluster.apply`."""
        kind, name = Kind(manifest["kind"]), manifest["metadata"]["name"]
        request = Request("patch", kind, name, manager=manager, dry_run=dry_run)
        with self._request(request, f"apply {kind} {name}"):
            return self._server.apply(manifest, manager=manager, force=force, dry_run=dry_run)

    def create(self, manifest: Object, *, dry_run: bool = False) -> Object:
        """See `Cluster.create`."""
        kind, name = Kind(manifest["kind"]), manifest["metadata"]["name"]
        with self._request(Request("create", kind, name, dry_run=dry_run), f"create {kind} {name}"):
            return manifest if dry_run else self._server.create(manifest, manager=_MANAGER)

    def merge(self, kind: Kind, name: str, patch: Object) -> Object:
        """See `Cluster.merge`."""
        with self._request(Request("patch", kind, name), f"change {kind} {name}"):
            return self._server.merge(kind, name, patch, manager=_MANAGER)

    def delete(
        self,
        kind: Kind,
        name: str,
        propagation: Propagation,
        *,
        uid: str | None = None,
        version: str | None = None,
        grace_seconds: int | None = None,
    ) -> None:
        """See `Cluster.delete`."""
        try:
            with self._request(Request("delete", kind, name), f"delete {kind} {name}"):
                self._server.delete(kind, name, propagation, uid=uid, version=version, grace_seconds=grace_seconds)
        except NotFoundError:
            return
        except ConflictError:
            if uid is None or version is not None:
                raise

    def read_log(
        self,
        pod: str,
        *,
        container: str,
        follow: bool = False,
        tail_lines: int | None = None,
        since_seconds: int | None = None,
        since_time: str | None = None,
        timestamps: bool = False,
    ) -> Iterator[bytes]:
        """See `Cluster.read_log`; a log that is followed ends at once."""
        with self._request(Request("get", "Pod/log", pod), f"read the log of Pod {pod}"):
            found = self._server.get(Kind.POD, pod)
            if container not in [each["name"] for each in found["spec"]["containers"]]:
                raise refusals.bad_request(f"container {container} is not valid for pod {pod}")
            since = datetime.fromisoformat(since_time) if since_time else None
            if since_seconds is not None:
                since = self.clock - timedelta(seconds=since_seconds)
            log = self._logs.read(pod, container, tail_lines=tail_lines, since=since, timestamps=timestamps)
            if log is None:
                raise refusals.bad_request(f'container "{container}" in pod "{pod}" is waiting to start: trying')
        if log:
            yield log

    def may(self, verb: str, resource: str, *, group: str = "", subresource: str = "") -> bool:
        """See `Cluster.may`; a test denies rights by `denied`, and nothing but this goes by it."""
        with self._request(Request("create", "SelfSubjectAccessReview"), "create SelfSubjectAccessReview"):
            return (verb, f"{resource}/{subresource}" if subresource else resource) not in self.denied

    def whoami(self) -> str:
        """See `Cluster.whoami`."""
        with self._request(Request("create", "SelfSubjectReview"), "create SelfSubjectReview"):
            return "system:serviceaccount:fake:k8s-pipeline"

    def look(self, resource: Extra, name: str = "") -> builtins.list[Object]:
        """See `Cluster.look`; there is what a test has put into `extra`."""
        with self._request(Request("get" if name else "list", resource.plural, name), f"read {resource.plural} {name}"):
            found = [item for item in self.extra.get(resource.plural, ()) if name in ("", item["metadata"]["name"])]
            if name and not found:
                raise Refusal(404, "NotFound", f'{resource.plural} "{name}" not found')
            return found

    def version(self) -> str:
        """See `Cluster.version`."""
        with self._request(Request("get", "version"), "read the version"):
            return "v1.34.4"

    def namespace_exists(self) -> bool | None:
        """See `Cluster.namespace_exists`."""
        with self._request(Request("get", "Namespace", self._namespace), "read the namespace"):
            return self.exists

    @property
    def throttled(self) -> int:
        """See `Cluster.throttled`; nobody is, unless a test says so."""
        return self.too_many

    def observe(self, observer: Observer) -> None:
        """See `Cluster.observe`; the durations are none."""
        self._observer = observer

    def now(self) -> datetime:
        """See `Cluster.now`."""
        return self.clock

    def tells_time(self) -> bool:
        """See `Cluster.tells_time`."""
        return self.is_dated

    def close(self) -> None:
        """Do nothing: there are no connections."""

    @contextmanager
    def _request(self, request: Request, action: str) -> Iterator[None]:
        if timelimit.is_over():
            raise UnreachableError(f"timed out: {action}", code="TimeLimit")
        status: int | None = None
        try:
            with self._journal.around(request), self._lock:
                try:
                    yield
                except Refusal as refusal:
                    raise refusal.error(action, self._namespace) from None
                if self.collects:
                    self._store.collect()
            status = HTTPStatus.OK
        except ApiError as error:
            status = error.status
            raise
        finally:
            self._observer(Sent(request.verb, _plural(request.kind), status, 0.0))


def _plural(kind: str) -> str:
    """Return the resource of a kind, or of ``Kind/subresource``."""
    name, slash, subresource = kind.lower().partition("/")
    return f"{name}s{slash}{subresource}" if kind[:1].isupper() else kind
