"""What nobody foresaw is said in one line without secrets, and so is its traceback."""

from __future__ import annotations

from typing import Any, cast

import pytest

from k8s_pipeline_client.cli.options import Globals
from k8s_pipeline_client.cli.running import _follow
from k8s_pipeline_client.domain.redaction import keep_secret, redacted, redacted_traceback
from k8s_pipeline_client.errors import InputError
from tests.cluster.support.program import Result, call
from tests.unit.test_connection import _token

JWT = _token({"sub": "system:serviceaccount:prod:deployer"})
SECRETS = [
    f"Invalid header value b'Bearer {JWT}\\n'",
    "Invalid header value b'Bearer geheim-1\\n'",
    f"token {JWT} is odd",
    "https://joe:geheim-1@proxy:3128 is odd",
    "{'password': 'geheim-1', 'x': 1}",
    "client_secret=geheim-1&grant_type=x",
    "Authorization: Basic Z2VoZWltLTE=",
    "-----BEGIN EC PRIVATE KEY-----\nZ2VoZWltLTE=\n-----END EC PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\\nZ2VoZWltLTE=\\n",
    "LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0tCloyVm9aV2x0TFRFPQo=",
]
SHOWN = ("geheim", "Z2VoZWlt", "loyVm9aV2x", JWT.split(".")[1])


def _fail(monkeypatch: pytest.MonkeyPatch, error: BaseException, *words: str) -> Result:
    def broken(*_: object, **__: object) -> None:
        local = "".join(["geh", "eim-local"])
        raise error.with_traceback(None) from ValueError(f"no {local[:2]} but Bearer geheim-1")

    monkeypatch.setattr("k8s_pipeline_client.settings.load_settings", broken)
    return call([*words, "list"])


@pytest.mark.parametrize("text", SECRETS)
@pytest.mark.parametrize("words", [(), ("-v",), ("-vv",)])
def test_an_error_that_nobody_foresaw_shows_no_secret(
    monkeypatch: pytest.MonkeyPatch, text: str, words: tuple[str, ...]
) -> None:
    result = _fail(monkeypatch, TypeError(text), *words)
    assert result.code == 1
    assert result.err.startswith("error: unexpected TypeError in cli/options.py:")
    for secret in SHOWN:
        assert secret not in result.err + result.out
    assert ("Traceback" in result.err) == (words == ("-vv",))
    if not words:
        assert len(result.err.splitlines()) == 1


def test_an_error_of_the_system_that_is_not_about_the_output_is_not_called_so(monkeypatch: pytest.MonkeyPatch) -> None:
    result = _fail(monkeypatch, FileNotFoundError(2, "No such file or directory", "/x"))
    assert "unexpected FileNotFoundError" in result.err


def test_an_error_that_we_foresaw_is_explained_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    error = InputError("cannot be used")
    assert _fail(monkeypatch, error).err == "error: cannot be used\n"
    said = _fail(monkeypatch, error, "-v").err.splitlines()
    assert said[0] == "error: cannot be used"
    assert said[1].startswith("cause: ValueError: no ge but Bearer ***")
    assert len(said) == 2
    assert "Traceback" in _fail(monkeypatch, error, "-vv").err
    assert "Traceback" in _fail(monkeypatch, error, "-v", "-v").err


def test_a_secret_that_is_known_is_struck_out_anywhere() -> None:
    keep_secret("opaque-7f3a")
    assert "opaque-7f3a" not in redacted("the answer to opaque-7f3a was no")
    assert "opaque-7f3a" not in redacted("path /x?opaque%2D7f3a opaque-7f3a")


def test_what_is_no_secret_stays() -> None:
    text = "cronjobs.batch om-x is forbidden in https://host:6443/api: see line 7 of cluster/kube.py"
    assert redacted(text) == text


def test_a_traceback_tells_places_and_no_values() -> None:
    try:
        secret = "geheim-1"
        raise KeyError(len(secret))
    except KeyError as error:
        text = redacted_traceback(error)
    assert "test_secrets_kept.py" in text
    assert "raise KeyError(len(secret))" in text


def test_what_goes_wrong_beside_the_main_thread_shows_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    class Client:
        def follow(self, *_: object, **__: object) -> None:
            raise TypeError("Bearer geheim-1")

    _follow(Globals(), cast(Any, Client()), "job", None, None)
    said = capsys.readouterr().err
    assert "unexpected TypeError in cli/running.py:" in said
    assert "geheim" not in said
    assert len(said.splitlines()) == 1
