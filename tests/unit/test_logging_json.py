"""A log in JSON is one object a line, whoever logs, without secrets, and with nothing else in between."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from k8s_pipeline_client import service
from k8s_pipeline_client.cli.logs import log_json
from k8s_pipeline_client.jsonlog import FACTS
from tests.unit.console import Console
from tests.unit.reconciling import console, world
from tests.unit.reporting import World

__all__ = ["console", "world"]

OURS = logging.getLogger("k8s_pipeline_client.service.test")


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """What was logged so far, parsed; the log is as it was afterwards."""
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    end = log_json()
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    end()


def test_a_line_has_time_level_logger_message_and_facts(logged: Any) -> None:
    OURS.info("it is\ndone", extra={FACTS: {"status": 200, "who": "a", "of": ["b"], "none": None}})
    OURS.debug("not this one")
    logging.getLogger("of.a.library").info("this one, too")
    first, second = logged()
    assert first["time"].endswith("Z")
    assert (first["level"], first["logger"], first["message"]) == ("info", "service.test", "it is\ndone")
    assert (first["status"], first["who"], first["of"], first["none"]) == (200, "a", "['b']", None)
    assert second["logger"] == "of.a.library"


def test_no_fact_takes_the_place_of_what_every_line_has(logged: Any) -> None:
    OURS.info("the message", extra={FACTS: {"message": "another", "time": "another"}})
    (line,) = logged()
    assert (line["message"], line["time"] == "another") == ("the message", False)


def test_a_line_has_no_secrets(logged: Any) -> None:
    OURS.info(
        "with password=hunter2hunter2 \x1b[31m", extra={FACTS: {"one": "token: abcdef", "two": ["token: abcdef"]}}
    )
    try:
        raise ValueError("Bearer abcdefghijkl")
    except ValueError:
        OURS.exception("it failed")
    text = json.dumps(logged())
    assert "hunter2" not in text and "abcdef" not in text
    assert "ValueError" in logged()[1]["traceback"]


@pytest.fixture
def warned(console: Console) -> Console:
    """Commands whose settings name an image that is warned of."""
    console.configure(ingestionImage="openmetadata/ingestion:1.12.0")
    return console


@pytest.mark.parametrize("verbose", [[], ["-v"]], ids=["", "-v"])
def test_reconcile_has_nothing_but_json(world: World, warned: Console, verbose: list[str]) -> None:
    world.failed_run()
    lines = warned("reconcile", *verbose, "--once", "--log-format", "json", "-o", "json").err.splitlines()
    found = [json.loads(line) for line in lines]
    assert [line["message"] for line in found if "ingestion:1.12.0" in line["message"]]
    (reported,) = [line for line in found if "reported failed" in line["message"]]
    assert reported["state"] == "failed"


def test_serve_has_nothing_but_json(warned: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "serve", lambda *_: OURS.warning("it serves"))
    (tmp_path / "login").write_text("one\n")
    login = str(tmp_path / "login")
    lines = warned("serve", "--username-file", login, "--password-file", login).err.splitlines()
    said = [json.loads(line)["message"] for line in lines]
    assert said[-1] == "it serves"
    assert "ingestion:1.12.0" in said[0]
    assert len(said) == 2
