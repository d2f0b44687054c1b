"""The only module that sends requests to a Kubernetes API server.

Requests and responses are plain JSON, because the official client's typed models reject fields of newer API servers.
"""

from __future__ import annotations

import builtins
import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from http import HTTPStatus
from urllib.parse import quote

from k8s_pipeline_client.cluster import paging, watching
from k8s_pipeline_client.cluster.paging import PAGE_SIZE
from k8s_pipeline_client.cluster.port import EVERYWHERE, Extra, Kind, Object, Propagation, WatchEvent
from k8s_pipeline_client.cluster.sent import Observer
from k8s_pipeline_client.cluster.server import ApiServer
from k8s_pipeline_client.cluster.translate import api_error
from k8s_pipeline_client.cluster.transport import Transport
from k8s_pipeline_client.errors import ApiError, ConflictError, NotFoundError, UnreachableError
from k8s_pipeline_client.retrying import TOTAL_TIMEOUT

_ESCAPED_IN_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")

_PATHS = {
    Kind.CRONJOB: "/apis/batch/v1{place}/cronjobs",
    Kind.JOB: "/apis/batch/v1{place}/jobs",
    Kind.SECRET: "/api/v1{place}/secrets",
    Kind.CONFIG_MAP: "/api/v1{place}/configmaps",
    Kind.POD: "/api/v1{place}/pods",
    Kind.EVENT: "/api/v1{place}/events",
}


class KubeCluster:
    """One namespace of a cluster, by its API server; implements `Cluster`."""

    def __init__(
        self, server: ApiServer, namespace: str, *, total_timeout: float = TOTAL_TIMEOUT, page_size: int = PAGE_SIZE
    ) -> None:
        """Take a server from `connect.connect` and a namespace.

        Args:
            server: The API server, with credentials.
            namespace: The namespace of all requests, or `EVERYWHERE`.
            total_timeout: Seconds that one request may take, retries included.
            page_size: The ``limit`` of list requests.
        """
        self._transport = Transport(server, total_timeout=total_timeout)
        self._namespace = namespace
        self._page_size = page_size

    @property
    def namespace(self) -> str:
        """The namespace of all requests."""
        return self._namespace

    @property
    def throttled(self) -> int:
        """The number of 429 responses so far; see `Cluster.throttled`."""
        return self._transport.throttled

    def observe(self, observer: Observer) -> None:
        """Have somebody told of each request; see `Cluster.observe`."""
        self._transport.observer = observer

    def now(self) -> datetime:
        """Return the API server's time as of its last response."""
        return self._transport.now()

    def tells_time(self) -> bool:
        """Return whether the API server has told its time; see `Cluster.tells_time`."""
        return self._transport.stated_time is not None

    def get(self, kind: Kind, name: str) -> Object:
        """Read one object; see `Cluster.get`."""
        return self._json("GET", self._path(kind, name), action=f"read {kind} {name}")

    def list(self, kind: Kind, *, labels: str = "", fields: str = "") -> builtins.list[Object]:
        """Read the objects that match the selectors; see `Cluster.list`."""
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
        """Read the objects that match the selectors, page by page; see `Cluster.pages`."""
        selectors = {"labelSelector": labels, "fieldSelector": fields}
        most = min(self._page_size, size or self._page_size)
        return paging.pages(lambda query: self._page(kind, {**selectors, **query}), most, restart, first)

    def first(self, kind: Kind, *, labels: str) -> Object | None:
        """Read one object that matches the selector; see `Cluster.first`."""
        return paging.first(lambda query: self._page(kind, {"labelSelector": labels, **query}))

    def watch(self, kind: Kind, *, seconds: int, labels: str = "", fields: str = "") -> Iterator[WatchEvent]:
        """Watch the objects that match the selectors; see `Cluster.watch`."""
        query = {**watching.query_of(seconds), "labelSelector": labels, "fieldSelector": fields}
        chunks = self._streamed(self._path(kind), query, f"watch {kind}s", idle=seconds + watching.PATIENCE)

        def refusal(status: int, body: bytes) -> ApiError:
            return api_error(status, body, action=f"watch {kind}s", namespace=self._namespace)

        yield from watching.events(chunks, kind, refusal)

    def count(self, kind: Kind) -> int | None:
        """Count all objects of a kind; see `Cluster.count`."""
        page = self._json("GET", self._path(kind), query={"limit": "1"}, action=f"count {kind}s")
        metadata, found = page.get("metadata") or {}, len(page.get("items") or ())
        left = metadata.get("remainingItemCount")
        return None if left is None and metadata.get("continue") else found + int(left or 0)

    def apply(self, manifest: Object, *, manager: str, force: bool = False, dry_run: bool = False) -> Object:
        """Server-side apply; see `Cluster.apply`."""
        kind, name = Kind(manifest["kind"]), manifest["metadata"]["name"]
        query = {"fieldManager": manager, "fieldValidation": "Strict", "force": "true" if force else "false"}
        if dry_run:
            query["dryRun"] = "All"
        return self._json(
            "PATCH",
            self._path(kind, name),
            query=query,
            body=manifest,
            content_type="application/apply-patch+yaml",
            action=f"apply {kind} {name}",
        )

    def create(self, manifest: Object, *, dry_run: bool = False) -> Object:
        """Create an object; see `Cluster.create`."""
        kind = Kind(manifest["kind"])
        return self._json(
            "POST",
            self._path(kind),
            query={"fieldManager": "k8s-pipeline", "fieldValidation": "Strict", "dryRun": "All" if dry_run else ""},
            body=manifest,
            action=f"create {kind} {manifest['metadata']['name']}",
        )

    def merge(self, kind: Kind, name: str, patch: Object) -> Object:
        """Apply a JSON merge patch; see `Cluster.merge`."""
        return self._json(
            "PATCH",
            self._path(kind, name),
            query={"fieldManager": "k8s-pipeline"},
            body=patch,
            content_type="application/merge-patch+json",
            action=f"change {kind} {name}",
        )

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
        """Delete an object; see `Cluster.delete`."""
        options: Object = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": propagation.value}
        if grace_seconds is not None:
            options["gracePeriodSeconds"] = grace_seconds
        conditions = {"uid": uid, "resourceVersion": version}
        if uid or version:
            options["preconditions"] = {key: value for key, value in conditions.items() if value}
        try:
            self._json("DELETE", self._path(kind, name), body=options, action=f"delete {kind} {name}")
        except NotFoundError:
            return
        except ConflictError:
            if uid is None or version is not None:
                raise  # with a UID, it means that another object has the name by now: ours is gone

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
        """Read a container's log; see `Cluster.read_log`."""
        query = {"container": container, "follow": "true" if follow else "false"}
        if tail_lines is not None:
            query["tailLines"] = str(tail_lines)
        if since_seconds is not None:
            query["sinceSeconds"] = str(since_seconds)
        if since_time is not None:
            query["sinceTime"] = since_time
        if timestamps:
            query["timestamps"] = "true"
        action = f"read the log of Pod {pod}"
        # A followed log has no output for as long as the program writes none.
        yield from self._streamed(self._path(Kind.POD, pod) + "/log", query, action, idle=None if follow else 0)

    def may(self, verb: str, resource: str, *, group: str = "", subresource: str = "") -> bool:
        """Return whether we have a permission; see `Cluster.may`."""
        asked = {"namespace": self._namespace, "verb": verb, "resource": resource}
        asked |= {key: value for key, value in (("group", group), ("subresource", subresource)) if value}
        answer = self._json(
            "POST",
            "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            body={
                "apiVersion": "authorization.k8s.io/v1",
                "kind": "SelfSubjectAccessReview",
                "spec": {"resourceAttributes": asked},
            },
            action="create SelfSubjectAccessReview",
        )
        return bool((answer.get("status") or {}).get("allowed"))

    def whoami(self) -> str:
        """Return the user that we are; see `Cluster.whoami`."""
        found = self._json(
            "POST",
            "/apis/authentication.k8s.io/v1/selfsubjectreviews",
            body={"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"},
            action="create SelfSubjectReview",
        )
        return str(((found.get("status") or {}).get("userInfo") or {}).get("username") or "")

    def look(self, resource: Extra, name: str = "") -> builtins.list[Object]:
        """Read what only a check-up is about; see `Cluster.look`."""
        root = f"/apis/{resource.group}/{resource.version}" if resource.group else f"/api/{resource.version}"
        place = f"/namespaces/{quote(self._namespace, safe='')}" if resource.namespaced else ""
        path = f"{root}{place}/{resource.plural}"
        if name:
            return [self._json("GET", f"{path}/{quote(name, safe='')}", action=f"read {resource.plural} {name}")]
        found = self._json("GET", path, action=f"list {resource.plural}")
        return builtins.list(found.get("items") or ())

    def version(self) -> str:
        """Return the API server's version, such as ``v1.34.4``."""
        return str(self._json("GET", "/version", action="read the version", key="gitVersion")["gitVersion"])

    def namespace_exists(self) -> bool | None:
        """Return whether the namespace exists; None if we are not allowed to read it."""
        try:
            self._json("GET", f"/api/v1/namespaces/{quote(self._namespace)}", action="read the namespace")
        except NotFoundError:
            return False
        except ApiError:
            return None
        return True

    def close(self) -> None:
        """Close the connections; see `Cluster.close`."""
        self._transport.close()

    def _streamed(self, path: str, query: Mapping[str, str], action: str, *, idle: float | None) -> Iterator[bytes]:
        """Yield the body of a response as it arrives; see `Transport.stream` for ``idle``."""
        stream = self._transport.stream(path, query=query, idle=idle)
        try:
            if stream.status != HTTPStatus.OK:
                raise api_error(stream.status, b"".join(stream), action=action, namespace=self._namespace)
            yield from stream
        except UnreachableError as error:
            raise UnreachableError(f"{error.message} (to {action})") from error
        finally:
            stream.close()

    def _path(self, kind: Kind, name: str | None = None) -> str:
        if self._namespace == EVERYWHERE and name is not None:
            raise ValueError(f"{kind} {name} is in one namespace")
        place = "" if self._namespace == EVERYWHERE else f"/namespaces/{quote(self._namespace, safe='')}"
        path = _PATHS[kind].format(place=place)
        return f"{path}/{quote(name, safe='')}" if name is not None else path

    def _page(self, kind: Kind, query: Mapping[str, str]) -> tuple[builtins.list[Object], str]:
        page = self._json("GET", self._path(kind), query=query, action=f"list {kind}s")
        if "items" not in page:
            raise UnreachableError(
                f"the response of {self._transport.host} to `list {kind}s` is not a list",
                hint="check that this is the address of a Kubernetes API server",
            )
        # The items of a list have no kind and apiVersion.
        items = [{"apiVersion": page["apiVersion"], "kind": kind.value, **item} for item in page["items"] or ()]
        return items, str((page.get("metadata") or {}).get("continue") or "")

    def _json(
        self,
        method: str,
        path: str,
        *,
        action: str,
        query: Mapping[str, str] | None = None,
        body: Object | None = None,
        content_type: str = "application/json",
        key: str = "kind",
    ) -> Object:
        response = self._transport.send(
            method,
            path,
            query=query,
            body=_encoded(body) if body is not None else None,
            content_type=content_type,
        )
        if not HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES:
            raise api_error(response.status, response.body, action=action, namespace=self._namespace)
        try:
            found = json.loads(response.body)
        except (ValueError, RecursionError):
            found = None
        # The response may come from something in between, such as a login page or a load balancer.
        if not isinstance(found, dict) or key not in found:
            raise UnreachableError(
                f"the response of {self._transport.host} to `{action}` is not from a Kubernetes API",
                hint="check that this is the address of a Kubernetes API server",
            )
        return found


def _encoded(body: Object) -> bytes:
    r"""Return JSON that is valid YAML, too, since the API server parses apply patches as YAML.

    YAML accepts no surrogate pairs, as JSON's ``\u`` has them for an emoji, and some characters only as escapes with
    ``\u``.
    """
    text = json.dumps(body, ensure_ascii=False)
    if text.isascii() and "\x7f" not in text:  # as nearly all are; the pattern takes half as long as all the rest
        return text.encode()
    return _ESCAPED_IN_YAML.sub(lambda match: f"\\u{ord(match[0]):04x}", text).encode()
