"""Retries of requests within an overall timeout; the same rules for Kubernetes and OpenMetadata.

Retry libraries count attempts without an overall timeout, or wait for however long a Retry-After says.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from itertools import count
from typing import Protocol, TypeVar

from k8s_pipeline_client.timelimit import end_within, is_over, over

TOTAL_TIMEOUT = 60.0
"""Seconds that one request may take, retries included; a server that restarts is back by then."""
CONNECT_TIMEOUT = 10.0
READ_TIMEOUT = 30.0

_RETRIED = frozenset({429, 500, 502, 503, 504})
_FEW = 4
"""The maximum number of attempts where more would only delay the error message."""
_SHOWN = frozenset(
    {
        *("container", "follow", "sinceSeconds", "sinceTime", "tailLines", "timestamps"),
        *("fieldSelector", "labelSelector", "limit"),
        *("dryRun", "fieldManager", "fieldValidation", "force"),
        *("resourceVersion", "timeoutSeconds", "watch"),
        *("fields", "include", "service", "startTs", "endTs"),
    }
)
"""Query parameters whose values are logged; the values of others are masked."""
_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 5.0


class Response(Protocol):
    """The part of an HTTP response that decides about retries."""

    @property
    def status(self) -> int:
        """The HTTP status."""

    @property
    def retry_after(self) -> float:
        """``Retry-After`` in seconds; 0 if the header is missing."""

    def close(self) -> None:
        """Release the connection."""


T = TypeVar("T", bound=Response)
E = TypeVar("E", bound=Exception)


def retried(
    once: Callable[[float], T],
    *,
    broken: type[E],
    should_retry: Callable[[int, int | None, E | None], bool],
    total_timeout: float,
    log: logging.Logger,
    what: str,
) -> T:
    """Return the first response that a retry would not improve.

    Args:
        once: Sends one request; its deadline is given as a time of `time.monotonic`.
        broken: The exception that it raises without a complete response.
        should_retry: Whether to try again, given the number of attempts so far, and the response's status or the
            exception.
        total_timeout: Seconds for all attempts together.
        log: Gets every attempt at DEBUG, and retries at INFO.
        what: The request as it is logged; see `request_line`.

    Raises:
        E: There is no answer, or none in time.
        WaitTimeoutError: A `time_limit` was over before the first attempt.
    """
    if is_over():
        raise over(f"{what} not sent")
    end = end_within(total_timeout)
    for attempt in count(1):
        response: T | None = None
        cause: E | None = None
        begun = time.monotonic()
        try:
            response = once(end)
        except broken as error:
            cause = error
        # Only the class of the exception: its message may quote a header.
        came = response.status if response is not None else type(cause).__name__
        log.debug("%s: %s, attempt %d, %.0f ms", what, came, attempt, (time.monotonic() - begun) * 1000)
        if response is not None and response.status not in _RETRIED:
            return response
        pause = max(_backoff(attempt), response.retry_after if response is not None else 0.0)
        status = None if response is None else response.status
        if not should_retry(attempt, status, cause) or time.monotonic() + pause >= end:
            if response is not None:
                return response
            assert cause is not None
            raise cause
        if response is not None:
            response.close()
        log.info("%s: %s, attempt %d; retrying in %.1f s", what, came, attempt, pause)
        time.sleep(pause)
    raise AssertionError("unreachable")


def request_line(method: str, path: str, query: Mapping[str, str] | None) -> str:
    """Return a request as it is logged: no headers, no body, and no values that might be secret."""
    given = ((key, value if key in _SHOWN else "***") for key, value in (query or {}).items() if value)
    text = "&".join(f"{key}={value}" for key, value in given)
    return f"{method} {path}?{text}" if text else f"{method} {path}"


def is_retryable(attempt: int, status: int | None, *, never_connected: bool) -> bool:
    """Return whether to try again, if nothing else is known.

    Args:
        attempt: The number of attempts so far.
        status: The response's status; None without a response.
        never_connected: No connection has ever been established: the address is probably wrong.
    """
    # A 500 is often a component behind the server that is down: show its message soon.
    if status == HTTPStatus.INTERNAL_SERVER_ERROR or never_connected:
        return attempt < _FEW
    return True


def retry_after(header: str | None) -> float:
    """Return the seconds of a ``Retry-After`` header, which is a number or a date; 0 if it is neither."""
    text = (header or "").strip()
    if text.isascii() and text.isdecimal():
        return float(text)
    try:
        at = parsedate_to_datetime(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return 0.0
    return max(0.0, (at - datetime.now(UTC)).total_seconds())


def _backoff(attempt: int) -> float:
    longest = min(_FIRST_PAUSE * 2 ** (attempt - 1), _LONGEST_PAUSE)
    return random.uniform(longest / 2, longest)
