"""How long is waited, and how often is asked: the rules that every server is asked by."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8s_pipeline_client.retrying import is_retryable, request_line, retried, retry_after

LOG = logging.getLogger(__name__)


class Broken(Exception):
    """No whole answer."""


@dataclass(frozen=True)
class Response:
    status: int
    retry_after: float = 0.0

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def waited(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses, which take no time: the clock is put forward by them."""
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    monkeypatch.setattr(time, "monotonic", lambda: sum(pauses))
    return pauses


def asked(*answers: Response | None) -> tuple[Callable[[float], Response], list[float]]:
    """Something that answers so, the last one forever; None is no answer. Beside it, until when each had time."""
    ends: list[float] = []

    def once(end: float) -> Response:
        answer = answers[min(len(ends), len(answers) - 1)]
        ends.append(end)
        if answer is None:
            raise Broken("broken off")
        return answer

    return once, ends


def always(attempt: int, status: int | None, cause: Broken | None) -> bool:
    return is_retryable(attempt, status, never_connected=False)


@pytest.mark.parametrize("bad", [Response(429), Response(500), Response(502), Response(503), Response(504), None])
def test_what_passes_is_asked_for_again(waited: list[float], bad: Response | None) -> None:
    once, ends = asked(bad, bad, Response(200))

    assert retried(once, broken=Broken, should_retry=always, total_timeout=60.0, log=LOG, what="GET /x") == Response(
        200
    )
    assert len(ends) == 3
    assert waited[1] > 0


@pytest.mark.parametrize("status", [200, 301, 400, 401, 403, 404, 409, 422, 501])
def test_what_stays_is_taken_at_once(waited: list[float], status: int) -> None:
    once, ends = asked(Response(status))

    assert (
        retried(once, broken=Broken, should_retry=always, total_timeout=60.0, log=LOG, what="GET /x").status == status
    )
    assert (len(ends), waited) == (1, [])


@pytest.mark.parametrize("bad", [Response(503), Response(429, 7.0), None])
def test_all_of_it_is_bounded(waited: list[float], bad: Response | None) -> None:
    once, ends = asked(bad)
    if bad is None:
        with pytest.raises(Broken):
            retried(once, broken=Broken, should_retry=always, total_timeout=60.0, log=LOG, what="GET /x")
    else:
        assert retried(once, broken=Broken, should_retry=always, total_timeout=60.0, log=LOG, what="GET /x") == bad

    assert sum(waited) < 60
    assert len(ends) > 5
    assert set(ends) == {60.0}


def test_a_500_is_said_soon(waited: list[float]) -> None:
    once, ends = asked(Response(500))

    retried(once, broken=Broken, should_retry=always, total_timeout=60.0, log=LOG, what="GET /x")

    assert len(ends) == 4


def test_a_server_that_wants_more_patience_than_there_is_gets_none(waited: list[float]) -> None:
    once, ends = asked(Response(429, 3600.0))

    assert retried(once, broken=Broken, should_retry=always, total_timeout=60.0, log=LOG, what="GET /x").status == 429
    assert (len(ends), waited) == (1, [])


def test_other_errors_are_not_caught(waited: list[float]) -> None:
    def once(end: float) -> Response:
        raise KeyError("ours")

    with pytest.raises(KeyError):
        retried(once, broken=Broken, should_retry=always, total_timeout=60.0, log=LOG, what="GET /x")


@pytest.mark.parametrize(("header", "seconds"), [(None, 0), ("", 0), ("7", 7), (" 30 ", 30), ("-5", 0), ("soon", 0)])
def test_retry_after_as_a_number(header: str | None, seconds: float) -> None:
    assert retry_after(header) == seconds


@pytest.mark.parametrize(("ahead", "least", "most"), [(60, 50, 60), (-60, 0, 0)])
def test_retry_after_as_a_date(ahead: int, least: float, most: float) -> None:
    header = format_datetime(datetime.now(UTC) + timedelta(seconds=ahead), usegmt=True)
    assert least <= retry_after(header) <= most


@given(st.text())
def test_retry_after_takes_anything(header: str) -> None:
    assert retry_after(header) >= 0


def test_every_attempt_is_logged_and_none_of_what_was_raised(
    waited: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    once, _ = asked(None, Response(503, retry_after=7.0), Response(200))
    with caplog.at_level(logging.DEBUG):
        retried(once, broken=Broken, should_retry=always, total_timeout=60.0, log=LOG, what="GET /x")
    said = [(record.levelname, record.getMessage()) for record in caplog.records]
    assert [text for level, text in said if level == "DEBUG"] == [
        "GET /x: Broken, attempt 1, 0 ms",
        "GET /x: 503, attempt 2, 0 ms",
        "GET /x: 200, attempt 3, 0 ms",
    ]
    assert [text.split(";")[0] for level, text in said if level == "INFO"] == [
        "GET /x: Broken, attempt 1",
        "GET /x: 503, attempt 2",
    ]
    assert said[3][1].endswith("retrying in 7.0 s")
    assert "broken off" not in caplog.text


def test_what_is_logged_of_a_request() -> None:
    query = {"labelSelector": "app=x", "continue": "secret-1", "limit": "", "token": "secret-2"}
    assert request_line("GET", "/a", query) == "GET /a?labelSelector=app=x&continue=***&token=***"
    assert request_line("GET", "/a", None) == "GET /a"
