"""The only place that talks to a Kubernetes API server.

The official client finds the cluster, logs in and does TLS and proxies; above that we send and read plain JSON,
because its typed models refuse fields of API servers that are newer than they are.
"""

from __future__ import annotations

import builtins
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

from kubernetes.client import ApiClient
from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError, MaxRetryError
from urllib3.util import Retry, Timeout

from k8s_pipeline_client import __version__
from k8s_pipeline_client.cluster.port import Kind, Object, Propagation
from k8s_pipeline_client.cluster.translate import api_error
from k8s_pipeline_client.errors import ApiError, ConflictError, NotFoundError, UnreachableError

CONNECT_TIMEOUT = 10.0
READ_TIMEOUT = 30.0
_PAGE = 500
_LOG_CHUNK = 64 * 1024

_RETRY = Retry(
    total=5,
    backoff_factor=0.2,
    backoff_jitter=0.2,
    backoff_max=10,
    status_forcelist=[429, 500, 502, 503, 504],
    allowed_methods=None,  # all: every write of ours may be repeated
    raise_on_status=False,
    redirect=0,
)

_PATHS = {
    Kind.CRONJOB: "/apis/batch/v1/namespaces/{namespace}/cronjobs",
    Kind.JOB: "/apis/batch/v1/namespaces/{namespace}/jobs",
    Kind.SECRET: "/api/v1/namespaces/{namespace}/secrets",
    Kind.CONFIG_MAP: "/api/v1/namespaces/{namespace}/configmaps",
    Kind.POD: "/api/v1/namespaces/{namespace}/pods",
    Kind.EVENT: "/api/v1/namespaces/{namespace}/events",
}


class KubeCluster:
    """One namespace of a cluster, by its API server; implements `Cluster`."""

    def __init__(self, client: ApiClient, namespace: str) -> None:
        """Take a client from `connect.api_client`, and the namespace to work in."""
        self._client = client
        self._namespace = namespace
        self._now: datetime | None = None

    @property
    def namespace(self) -> str:
        """The namespace that everything happens in."""
        return self._namespace

    def now(self) -> datetime:
        """Return the API server's time as of its last answer."""
        return self._now or datetime.now(UTC)

    def get(self, kind: Kind, name: str) -> Object:
        """Read one object; see `Cluster.get`."""
        return self._json("GET", self._path(kind, name), action=f"read {kind} {name}")

    def list(self, kind: Kind, *, labels: str = "", fields: str = "") -> builtins.list[Object]:
        """Read all that fits the selectors, page by page; see `Cluster.list`."""
        items: builtins.list[Object] = []
        query = {"labelSelector": labels, "fieldSelector": fields, "limit": str(_PAGE)}
        while True:
            page = self._json("GET", self._path(kind), query=query, action=f"list {kind}s")
            # The items of a list come without apiVersion and kind.
            items += [
                {"apiVersion": page["apiVersion"], "kind": kind.value, **item} for item in page["items"] or ()
            ]
            token = page.get("metadata", {}).get("continue")
            if not token:
                return items
            query["continue"] = token

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

    def create(self, manifest: Object) -> Object:
        """Create an object; see `Cluster.create`."""
        kind = Kind(manifest["kind"])
        return self._json(
            "POST",
            self._path(kind),
            query={"fieldManager": "k8s-pipeline", "fieldValidation": "Strict"},
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

    def delete(self, kind: Kind, name: str, propagation: Propagation, *, uid: str | None = None) -> None:
        """Delete an object; see `Cluster.delete`."""
        options: Object = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": propagation.value}
        if uid:
            options["preconditions"] = {"uid": uid}
        try:
            self._json("DELETE", self._path(kind, name), body=options, action=f"delete {kind} {name}")
        except NotFoundError:
            return
        except ConflictError:
            if uid is None:
                raise  # with a UID it says that the name belongs to another object by now: ours is gone

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
        # A log that is followed is silent for as long as the program is.
        timeout = Timeout(connect=CONNECT_TIMEOUT, read=None if follow else READ_TIMEOUT)
        path, action = self._path(Kind.POD, pod) + "/log", f"read the log of Pod {pod}"
        response = self._request("GET", path, query=query, timeout=timeout, stream=True)
        try:
            if response.status != HTTPStatus.OK:
                raise api_error(response.status, response.read(), action=action, namespace=self._namespace)
            yield from response.stream(_LOG_CHUNK)
        except HTTPError as error:
            raise UnreachableError(f"the connection broke while we {action}: {error}") from None
        finally:
            response.close()

    def namespace_exists(self) -> bool | None:
        """Return whether the namespace is there; None where our rights do not reach that far."""
        try:
            self._json("GET", f"/api/v1/namespaces/{quote(self._namespace)}", action="read the namespace")
        except NotFoundError:
            return False
        except ApiError:
            return None
        return True

    def _path(self, kind: Kind, name: str | None = None) -> str:
        path = _PATHS[kind].format(namespace=quote(self._namespace, safe=""))
        return f"{path}/{quote(name, safe='')}" if name is not None else path

    def _json(
        self,
        method: str,
        path: str,
        *,
        action: str,
        query: Mapping[str, str] | None = None,
        body: Object | None = None,
        content_type: str = "application/json",
    ) -> Object:
        response = self._request(
            method,
            path,
            query=query,
            body=json.dumps(body).encode() if body is not None else None,
            content_type=content_type,
            timeout=Timeout(connect=CONNECT_TIMEOUT, read=READ_TIMEOUT),
        )
        if not HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES:
            raise api_error(response.status, response.data, action=action, namespace=self._namespace)
        try:
            answer: Object = json.loads(response.data)
        except ValueError:
            raise UnreachableError(
                f"the answer of {self._client.configuration.host} to `{action}` is no JSON",
                hint="check that this is the address of a Kubernetes API server",
            ) from None
        return answer

    def _request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
        content_type: str = "application/json",
        timeout: Timeout,
        stream: bool = False,
    ) -> BaseHTTPResponse:
        configuration = self._client.configuration
        headers: dict[str, Any] = {
            "Accept": "application/json, */*",
            "User-Agent": f"k8s-pipeline/{__version__}",
        }
        if body is not None:
            headers["Content-Type"] = content_type
        self._client.update_params_for_auth(headers, [], ["BearerToken"], path, method, body)
        url = f"{configuration.host}{path}"
        used = {key: value for key, value in (query or {}).items() if value}
        if used:
            url += f"?{urlencode(used)}"
        try:
            response: BaseHTTPResponse = self._client.rest_client.pool_manager.request(
                method,
                url,
                body=body,
                headers=headers,
                timeout=timeout,
                retries=_RETRY,
                preload_content=not stream,
            )
        except HTTPError as error:
            cause = error.reason if isinstance(error, MaxRetryError) else error
            raise UnreachableError(
                f"the API server {configuration.host} gave no answer: {_plain(cause)}",
                hint="check the address and your network; see kubectl cluster-info",
            ) from None
        self._remember_time(response)
        return response

    def _remember_time(self, response: BaseHTTPResponse) -> None:
        date = response.headers.get("Date")
        if date:
            self._now = parsedate_to_datetime(date)


def _plain(error: BaseException | None) -> str:
    # urllib3 puts its connection object in front of what it has to say.
    return str(error).rsplit(">: ", 1)[-1] or type(error).__name__
