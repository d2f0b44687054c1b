"""A request and its response without HTTP, so that they can be had without a socket, too."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


def _go_on() -> None:
    """Have nobody come in between."""


@dataclass(frozen=True)
class Request:
    """A request without its transport.

    Attributes:
        segments: The path below `/v1`, decoded segment by segment.
        body: The JSON of it, its text where it is none, None where there is no body.
        between: Called after a first row of a run was looked for and not found, and before it is written.
    """

    method: str
    segments: tuple[str, ...]
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    content_type: str = "application/json"
    authorization: str | None = None
    between: Callable[[], None] = _go_on


@dataclass(frozen=True)
class Response:
    """Status and JSON body; None is an empty body."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


def refused(status: int, message: str) -> Response:
    return Response(status, {"code": status, "message": message})


def not_found(kind: str, name: str) -> Response:
    return refused(404, f"{kind} instance for {name} not found")


def already_exists() -> Response:
    return refused(409, "Entity already exists")


def uuid_of(text: str) -> str | None:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return None


def no_such_path() -> Response:
    """What a part of a path gets that is none of its kind: no UUID, for one."""
    return refused(404, "HTTP 404 Not Found")
