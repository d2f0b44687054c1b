"""Nobody gets past the login, which can be changed while the service runs."""

from __future__ import annotations

import base64
import json
import logging
import os
from pathlib import Path

import pytest

from k8s_pipeline_client.errors import SettingsError
from k8s_pipeline_client.service.auth import Credentials, FileValues, SecretValues, fixed
from k8s_pipeline_client.service.roots import OPERATIONS
from tests.fakes import FakeCluster
from tests.service.javaclient import ROOTS, JavaClient
from tests.service.stage import PASSWORD, USERNAME, Stage, staged


def basic(text: str | bytes) -> str:
    """Return the header."""
    return f"Basic {base64.b64encode(text.encode() if isinstance(text, str) else text).decode()}"


@pytest.mark.parametrize(
    "authorization",
    ["", "Basic", "Basic !", basic("admin"), basic("admin:"), basic(":"), basic(":a-password-of-tests"),
     basic("admin:a-password-of-tests "), basic("Admin:a-password-of-tests"), "Bearer a-password-of-tests",
     basic("admin:a-password-of-test"), basic(b"\xff:\xff"), "Basic " + "A" * 100_000, "Digest username=admin"],
)  # fmt: skip
def test_nothing_but_health_is_answered_without_the_right_login(stage: Stage, authorization: str) -> None:
    client = stage.client()
    client._authorization = authorization[:20_000]
    for root in ROOTS:
        for operation in OPERATIONS:
            method = "GET" if operation in ("health", "health-auth", "ip", "status", "last_dag_logs") else "POST"
            answer = client.send(method, f"{root}/{operation}")
            assert answer.status == (200 if operation == "health" else 401), operation
    for path in (
        "metrics",
        "docs",
        "openapi.json",
        "",
        "health",
        f"{ROOTS[0]}/health/../deploy",
        f"{ROOTS[0]}/health/",
    ):
        assert client.send("GET", path).status == 401
    assert stage.cluster.requests == []


def test_a_refused_login_says_what_to_set_and_how_to_log_in(stage: Stage) -> None:
    answer = stage.client(password="x").send("GET", f"{ROOTS[0]}/health-auth")
    assert "pipelineServiceClientConfiguration" in answer.json["error"]


def test_several_are_accepted_and_new_ones_as_soon_as_they_are_there(tmp_path: Path) -> None:
    """As a mounted Secret changes: a link is put in place of another."""
    data, other = tmp_path / "..1", tmp_path / "..2"
    for folder, password in ((data, "the first\n"), (other, "the first\nthe second\n\n")):
        folder.mkdir()
        (folder / "password").write_text(password)
        (folder / "username").write_text("admin\nömer:é")
    (tmp_path / "..data").symlink_to(data)
    names = FileValues([tmp_path / "..data/username"], "user name")
    words = FileValues([tmp_path / "..data/password"], "password")
    with staged(credentials=Credentials(names, words)) as stage:

        def accepted(password: str) -> bool:
            return stage.client(password=password).send("GET", f"{ROOTS[0]}/health-auth").status == 200

        assert accepted("the first") and not accepted("the second")
        (tmp_path / "new").symlink_to(other)
        os.replace(tmp_path / "new", tmp_path / "..data")
        assert accepted("the first") and accepted("the second")
        assert not accepted("")
        assert not accepted("the first\nthe second")


def test_what_cannot_be_read_does_not_lock_everybody_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "password"
    path.write_text("the-first-one")
    words = FileValues([path], "password")
    for text in (None, "", "\n \n"):
        path.unlink() if text is None else path.write_text(text)
        assert list(words()) == ["the-first-one"]
    path.write_text("the-second-one")
    assert list(words()) == ["the-second-one"]
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 3
    assert "the-first-one" not in caplog.text


@pytest.mark.parametrize("text", [None, "", "\n\n", "  "])
def test_nobody_begins_without_a_password(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "password"
    if text is not None:
        path.write_text(text)
    with pytest.raises(SettingsError):
        FileValues([path], "password")


def test_a_password_in_a_secret_is_read_by_its_key() -> None:
    cluster = FakeCluster()
    data = {"key": base64.b64encode(b"a-long-password\n").decode(), "empty": "", "bytes": "/w=="}
    cluster.put(
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": cluster.namespace}, "data": data}
    )
    assert list(SecretValues(cluster, "s", "key")()) == ["a-long-password"]
    for key in ("other", "empty", "bytes"):
        with pytest.raises(SettingsError):
            SecretValues(cluster, "s", key)


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_either_encoding_of_a_login_will_do(encoding: str) -> None:
    judge = Credentials(fixed(["ömer"], "user name"), fixed(["pä:ss€" if encoding == "utf-8" else "pä:ss"], "password"))
    word = "pä:ss€" if encoding == "utf-8" else "pä:ss"
    assert judge.accepts(basic(f"ömer:{word}".encode(encoding)))
    assert not judge.accepts(basic("ömer:pä:ss?".encode(encoding)))
    assert not judge.accepts(None)


def test_no_password_and_no_query_is_logged(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    client: JavaClient = stage.client()
    client.send_raw("GET", f"/{ROOTS[0]}/status?dag_id=x&password=in-the-query")
    client.send("POST", f"{ROOTS[0]}/deploy", {"password": "in-the-body", "name": 5})
    lines = json.dumps([[record.getMessage(), str(vars(record))] for record in caplog.records])
    assert "status" in lines
    for secret in (
        PASSWORD,
        base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode(),
        "in-the-query",
        "in-the-body",
    ):
        assert secret not in lines
