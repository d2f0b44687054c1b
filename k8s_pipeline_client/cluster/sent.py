"""What was sent to an API server, in its own terms: for metrics. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

_PATH = re.compile(
    r"/(?:api/[^/]+|apis/[^/]+/[^/]+)(?:/namespaces/[^/]+)?"
    r"/(?P<resource>[a-z]+)(?:/(?P<name>[^/]+)(?:/(?P<subresource>[a-z]+))?)?"
)
_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


class Sent(NamedTuple):
    """A request that was sent once: a retry is another one, as is each page of a list.

    Attributes:
        verb: As RBAC has it: ``get``, ``list``, ``watch``, ``create``, ``patch``, ``update``, ``delete``.
        resource: Its plural, with its subresource: ``jobs``, ``pods/log``; ``version``, and what else is no resource.
        status: Of the response; None without one.
        seconds: Until the response began.
    """

    verb: str
    resource: str
    status: int | None
    seconds: float


Observer = Callable[[Sent], None]


def described(method: str, path: str, query: Mapping[str, str]) -> tuple[str, str]:
    """Return verb and resource of a request; neither holds a name, so there are few of them."""
    found = _PATH.fullmatch(path)
    if found is None:
        return _VERBS.get(method, "get"), path.strip("/").partition("/")[0]
    resource = "/".join(filter(None, (found["resource"], found["subresource"])))
    if method != "GET":
        return _VERBS[method], resource
    if query.get("watch") == "true":
        return "watch", resource
    return "get" if found["name"] else "list", resource
