"""Trying again where that can help, within a time that is bounded in all; the same for every server that we ask.

Libraries that retry count attempts and know no time for all of them, or wait as long as any Retry-After says.
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

TOTAL_TIMEOUT = 60.0
"""How long one request may take in all; a server that is restarted is back by then."""
CONNECT_TIMEOUT = 10.0
READ_TIMEOUT = 30.0

_RETRIED = frozenset({429, 500, 502, 503, 504})
_FEW = 4
"""So many attempts where more would only keep a person waiting for the message."""
_SHOWN = frozenset(
    {
        *("container", "follow", "sinceSeconds", "sinceTime", "tailLines", "timestamps"),
        *("fieldSelector", "labelSelector", "limit"),
        *("dryRun", "fieldManager", "fieldValidation", "force"),
        *("fields", "include", "service"),
    }
)
"""Parameters whose values are logged; of any other only that it is there."""
_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 5.0


class Response(Protocol):
    """An answer, as far as it matters here."""

    @property
    def status(self) -> int:
        """The HTTP status."""

    @property
    def retry_after(self) -> float:
        """What the server says to wait, in seconds; 0 where it says nothing."""

    def close(self) -> None:
        """Give the connection up."""


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
    """Return the first answer that trying again would not better.

    Args:
        once: Asks one time, and gives up at the given time of `time.monotonic`.
        broken: What it raises where there is no whole answer.
        should_retry: Says whether another attempt makes sense, given the number of those that were made, and the
            answer's status or what was raised.
        total_timeout: How long all of it may take, in seconds.
        log: Told of every attempt (DEBUG), and of those that are made again (INFO).
        what: What is asked for there; see `request_line`.

    Raises:
        E: There is no answer, or none in time.
    """
    end = time.monotonic() + total_timeout
    for attempt in count(1):
        answer: T | None = None
        cause: E | None = None
        begun = time.monotonic()
        try:
            answer = once(end)
        except broken as error:
            cause = error
        # Of what was raised only the kind: its words may quote a header.
        came = answer.status if answer is not None else type(cause).__name__
        log.debug("%s: %s, attempt %d, %.0f ms", what, came, attempt, (time.monotonic() - begun) * 1000)
        if answer is not None and answer.status not in _RETRIED:
            return answer
        pause = max(_backoff(attempt), answer.retry_after if answer is not None else 0.0)
        status = None if answer is None else answer.status
        if not should_retry(attempt, status, cause) or time.monotonic() + pause >= end:
            if answer is not None:
                return answer
            assert cause is not None
            raise cause
        if answer is not None:
            answer.close()
        log.info("%s: %s, attempt %d; again in %.1f s", what, came, attempt, pause)
        time.sleep(pause)
    raise AssertionError("unreachable")


def request_line(method: str, path: str, query: Mapping[str, str] | None) -> str:
    """Return what is logged of a request: no headers, no body, and no values that might be secret."""
    given = ((key, value if key in _SHOWN else "***") for key, value in (query or {}).items() if value)
    text = "&".join(f"{key}={value}" for key, value in given)
    return f"{method} {path}?{text}" if text else f"{method} {path}"


def is_retryable(attempt: int, status: int | None, *, never_connected: bool) -> bool:
    """Return whether another attempt makes sense, where nothing else is known.

    Args:
        attempt: How many were made.
        status: The answer's status, if there was one.
        never_connected: There was no connection, and never has been: the address is probably wrong.
    """
    # A 500 is often something behind the server that is down: the message says so, and is wanted soon.
    if status == HTTPStatus.INTERNAL_SERVER_ERROR or never_connected:
        return attempt < _FEW
    return True


def retry_after(header: str | None) -> float:
    """Return the seconds that a ``Retry-After`` asks for, which is a number or a date; 0 if it is neither."""
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
