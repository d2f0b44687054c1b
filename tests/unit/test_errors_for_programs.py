"""Errors for programs: JSON, and annotations of GitHub Actions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from k8s_pipeline_client.cli.github import annotation
from tests.unit.console import NAME, Console, console

__all__ = ["console"]


def test_errors_are_json_where_the_result_would_be(console: Console) -> None:
    result = console("status", "nosuch", "-o", "json", code=2)

    (error,) = json.loads(result.out)["errors"]
    assert (error["code"], error["exitCode"]) == ("UnknownName", 2)
    assert "nosuch" in error["message"]
    assert result.err.startswith("error: ")


def test_all_errors_of_definitions_are_in_it(console: Console, tmp_path: Path) -> None:
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_text('{"sourceConfig": {}, "pipelineType": 7}')

    result = console("validate", "-f", str(tmp_path), "-o", "json", code=2)

    errors = json.loads(result.out)["errors"]
    assert {error["exitCode"] for error in errors} == {2}
    assert len(errors) == len(result.err.splitlines()) > 1


def test_a_result_is_not_followed_by_a_second_document(console: Console) -> None:
    console.deploy()
    job = console.started()
    console.end(job, reason="BackoffLimitExceeded")

    result = console("wait", NAME, "-o", "json", code=3)

    assert json.loads(result.out)["state"] == "failed"
    assert result.err.startswith("error: ")


def test_github_shows_an_error_at_its_line(console: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    path = tmp_path / "bad.yaml"
    path.write_text("one: 1\ntwo: [")

    assert f"::error file={path},line=" in console("validate", "-f", str(path), code=2).err
    console.deploy()
    console("run", NAME)
    assert console("run", NAME, code=1).err.startswith("::error::nightly: run ")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a.yaml, line 3: no", "::error file=a.yaml,line=3::a.yaml, line 3: no"),
        ("a.yaml, document 2, line 3, column 4: no", "::error file=a.yaml,line=3,col=4::"),
        ("a.yaml: no", "::error file=a.yaml::a.yaml: no"),
        ("nightly: 100% of\nit", "::error::nightly: 100%25 of%0Ait"),
    ],
)
def test_an_annotation_names_the_place(text: str, shown: str) -> None:
    assert annotation("error", text, is_file=lambda path: path == "a.yaml").startswith(shown)
