"""Names and messages that a terminal would obey: escaped for people, whole for programs, in every command."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import click
import pytest
import yaml
from click.shell_completion import CompletionItem

from k8s_pipeline_client.cli import output
from k8s_pipeline_client.cli.complete import complete_name, complete_run
from k8s_pipeline_client.cli.main import run
from k8s_pipeline_client.cli.options import Globals
from k8s_pipeline_client.deploying.diff import Difference
from k8s_pipeline_client.errors import InvalidError, PipelineError
from k8s_pipeline_client.status import Attempt, Cause, CauseCode, PipelineStatus, RunStatus, State, Trigger
from k8s_pipeline_client.status.models import Missed
from tests.cluster.support.program import call
from tests.data import sample
from tests.unit.test_visible import NEVER_RAW

HOSTILE = "\x1b[31mred \x1b]0;title\x07\x9b2J\u202eexe.txt\u2066\r\nfix:  curl | sh\t\u2028adm\u200bin"
SHOWN = r"\x1b[31mred \x1b]0;title\x07\x9b2J\u202eexe.txt\u2066\r\nfix:  curl | sh\t\u2028adm\u200bin"
AT = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


def hostile_run() -> RunStatus:
    cause = Cause(CauseCode.EXIT_CODE, f"summary {HOSTILE}", f"detail {HOSTILE}", f"hint {HOSTILE}")
    attempt = Attempt(f"pod{HOSTILE}", State.FAILED, cause=cause)
    return RunStatus(
        f"id{HOSTILE}", f"job{HOSTILE}", State.FAILED, Trigger.MANUAL, cause, created_at=AT, attempts=(attempt,)
    )


def hostile_pipeline() -> PipelineStatus:
    return PipelineStatus(
        f"resource{HOSTILE}",
        f"name{HOSTILE}",
        f"fqn{HOSTILE}",
        f"display{HOSTILE}",
        f"service{HOSTILE}",
        f"kind{HOSTILE}",
        f"type{HOSTILE}",
        f"schedule{HOSTILE}",
        f"zone{HOSTILE}",
        on_demand=False,
        suspended=True,
        enabled=False,
        last_run=hostile_run(),
        missed=Missed(AT, f"missed{HOSTILE}"),
        warnings=(f"warning{HOSTILE}",),
    )


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> MagicMock:
    """A cluster in which everything has such a name."""
    monkeypatch.setenv("K8S_NAMESPACE", "shop")
    found = MagicMock()
    found.list_pipelines.return_value = [hostile_pipeline()]
    found.status.return_value = hostile_pipeline(), [hostile_run()]
    found.runs.return_value = [(f"display{HOSTILE}", hostile_run())]
    found.run.return_value = found.newest_run.return_value = found.wait.return_value = hostile_run()
    found.kill.return_value = [hostile_run()]
    found.diff_all.return_value = [
        Difference(f"Secret{HOSTILE}", "x", f"--- a\n+++ b\n+  x: {HOSTILE.replace(chr(10), '')}\n")
    ]
    found.names.return_value = [("shop", f"fqn{HOSTILE}"), (f"shop{HOSTILE}", "fqn")]
    found.enable.side_effect = InvalidError(f"admission says {HOSTILE}", hint=f"ask {HOSTILE}", status=422)
    monkeypatch.setattr(Globals, "client", lambda self: found)
    return found


class Stream(TextIOWrapper):
    """A pipe, or a terminal."""

    def __init__(self, encoding: str = "utf-8", *, is_terminal: bool = False) -> None:
        self.raw_bytes = BytesIO()
        super().__init__(self.raw_bytes, encoding=encoding, write_through=True)
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal

    def text(self) -> str:
        """What was written."""
        return self.raw_bytes.getvalue().decode(self.encoding)


@pytest.fixture(params=[False, True], ids=["pipe", "terminal"])
def terminal(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether both streams lead to a terminal, one with colours."""
    monkeypatch.setenv("COLUMNS", "2000")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR")
    return bool(request.param)


@contextmanager
def streams(*, terminal: bool = False, encoding: str = "utf-8") -> Iterator[tuple[Stream, Stream]]:
    """Standard output and error."""
    before = sys.stdout, sys.stderr
    out, err = Stream(encoding, is_terminal=terminal), Stream(encoding, is_terminal=terminal)
    sys.stdout, sys.stderr = out, err
    try:
        yield out, err
    finally:
        sys.stdout, sys.stderr = before


def check_shown(*streams: Stream) -> str:
    """Check that a terminal would obey nothing but our own colours; return what was written."""
    text = "".join(stream.text() for stream in streams)
    ours = click.unstyle(text.replace(SHOWN, "<hostile>"))
    assert not (NEVER_RAW - {"\n", "\r"}) & set(ours), ours  # with the one of these our spinner clears its line
    assert not any(line.startswith("fix:  curl") for line in ours.splitlines()), ours
    return ours


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        (["list"], 2),
        (["status", "x"], 20),
        (["runs"], 2),
        (["run", "x"], 4),
        (["wait", "x"], 5),
        (["kill", "x"], 1),
        (["enable", "x"], 1),
        (["delete", HOSTILE], 1),
        (["delete", "--timeout", f"1{HOSTILE}", "x"], 4),
        ([HOSTILE], 4),
        ([f"--{HOSTILE}"], 4),
        (["validate", "-f", f"/no/{HOSTILE}"], 1),
        (["-v", "validate", "-f", f"/no/{HOSTILE}"], 0),
        (["--config", f"/no/{HOSTILE}", "config"], 1),
    ],
    ids=lambda value: value[0].replace(HOSTILE, "hostile") if isinstance(value, list) else "",
)
def test_every_command(client: MagicMock, terminal: bool, words: list[str], lines: int) -> None:
    client.resource_name.return_value = "om-x"
    client.delete_all.side_effect = lambda names, *, on_done, **_: [on_done(name, "om-x") for name in names]
    with streams(terminal=terminal) as written:
        run(words)
    text = check_shown(*written)
    assert text.strip()
    if lines and not terminal:
        assert len(text.splitlines()) == lines, text


def test_diff(client: MagicMock, terminal: bool, samples: Path) -> None:
    names = "pipelines/01_postgres_metadata_daily.json", "services/postgres.json"
    with streams(terminal=terminal) as written:
        assert run(["diff", *(word for name in names for word in ("-f", str(samples / name)))]) == 1
    text = check_shown(*written)
    assert text.startswith("--- a\n+++ b\n+  x: ")


def test_definitions(tmp_path: Path) -> None:
    entity = sample("pipelines/01_postgres_metadata_daily.json")
    entity |= {"displayName": f"shop{HOSTILE}", "airflowConfig": {"scheduleInterval": "@daily", "retries": 7}}
    path = tmp_path / "x.json"
    path.write_text(json.dumps([entity, sample("services/postgres.json")]))
    table = call(["validate", "-f", str(path)])
    assert "shop" not in table.out  # what cannot be typed as it is shown does not stand under NAME
    assert len(table.out.splitlines()) == 2
    assert not (NEVER_RAW - {"\n"}) & set(table.out + table.err)

    found = json.loads(call(["validate", "-f", str(path), "-o", "json"]).out)
    assert found[0]["displayName"] == f"shop{HOSTILE}"
    assert yaml.safe_load(call(["validate", "-f", str(path), "-o", "yaml"]).out) == found


@pytest.mark.parametrize("say", [output.say, output.note, output.warn, output.complain])
@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "ascii"])
def test_no_text_is_too_much_for_a_stream(say: Callable[[str], None], encoding: str) -> None:
    with streams(encoding=encoding) as (out, err):
        say("é 数 \ud800")
    assert r"\ud800" in out.text() + err.text()
    assert ("数" if encoding == "utf-8" else r"\u6570") in out.text() + err.text()


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "ascii"])
@pytest.mark.parametrize("form", ["json", "yaml"])
def test_what_programs_read_is_valid(encoding: str, form: str) -> None:
    value = {"a": HOSTILE, "b": "é 数 🚀", "c": ["half \ud800"], "d": {"e": None, "f": 1.5, "g": True}}
    with streams(encoding=encoding) as (out, _):
        output.emit(value, form, table=lambda: None)
    found: Any = json.loads(out.text()) if form == "json" else yaml.safe_load(out.text())
    assert found == value | ({} if form == "json" else {"c": ["half ?"]})


def test_wide_characters_leave_columns_straight(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_table(["NAME", "LAST"], [["数据库", "failed"], ["cafe\u0301", "failed"], ["🚀", "failed"]])
    before = [line.partition("failed")[0] for line in capsys.readouterr().out.splitlines()[1:]]
    wide = sum(character in "数据库🚀" for character in "数据库")
    assert [len(text) + width for text, width in zip(before, (wide, -1, 1), strict=True)] == [8, 8, 8]


def test_progress(terminal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "_SLOW_SECONDS", 0.0)
    with streams(terminal=terminal) as (_, err), output.progress(f"deleting {HOSTILE}") as report:
        for timer in threading.enumerate():
            if isinstance(timer, threading.Timer):
                timer.join(10)
        report(f"deleting {HOSTILE}: 1 done")
    assert SHOWN in err.text()
    assert HOSTILE[:9] not in err.text()


def test_the_shell_is_offered_what_can_be_read(client: MagicMock) -> None:
    ctx, parameter = click.Context(click.Command("x"), obj=Globals()), click.Argument(["name"])

    def offered(found: list[CompletionItem]) -> list[tuple[str, str | None]]:
        return [(item.value, item.help) for item in found]

    assert offered(complete_name(ctx, parameter, "sh")) == [("shop", f"fqn{SHOWN}")]
    assert offered(complete_run(ctx, parameter, "id")) == []


def test_an_error_for_programs_that_use_the_library_is_as_it_was() -> None:
    assert str(PipelineError("a\nb\x1b")) == "a b\x1b"
