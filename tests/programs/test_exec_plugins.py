"""Kubeconfigs that log in by a program."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import time
from pathlib import Path

import pytest

from k8s_pipeline_client.cluster.connect import connect
from k8s_pipeline_client.cluster.transport import Transport
from k8s_pipeline_client.errors import LoginError
from tests.cluster.support.program import call
from tests.kubeconfigs.check import check_form, check_quiet
from tests.kubeconfigs.forms import Form, credential, forms
from tests.kubeconfigs.standin import StandIn

PROGRAM = str(Path(sys.executable).with_name("k8s-pipeline"))
# Its token is the number of the run.
COUNTING = """
echo x >> <folder>/runs
n=$(wc -l < <folder>/runs | tr -d ' ')
cat <<.
{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "geheim-$n"MORE}}
.
"""


@pytest.mark.parametrize("form", [form for form in forms() if form.starts_a_program], ids=lambda form: form.form)
def test_a_form_is_honoured_as_by_kubectl_or_refused(
    form: Form, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_form(form, tmp_path, monkeypatch)


def _transport(tmp_path: Path, server: StandIn, script: str) -> Transport:
    Form("exec", "", user={"plugin": {"script": script}}).write(server, tmp_path)
    return Transport(connect(tmp_path / "config"), total_timeout=5.0)


def test_a_plugin_is_run_once_for_many_requests(tmp_path: Path) -> None:
    with StandIn.open(tmp_path) as server:
        transport = _transport(tmp_path, server, COUNTING.replace("MORE", ""))
        for _ in range(3):
            assert transport.send("GET", "/api").status == 200
        assert server.who() == "token geheim-1"


def test_what_has_expired_is_asked_for_anew(tmp_path: Path) -> None:
    script = COUNTING.replace("MORE", ',"expirationTimestamp":"2020-01-01T00:00:00Z"')
    with StandIn.open(tmp_path) as server:
        transport = _transport(tmp_path, server, script)
        server.seen.clear()
        transport.send("GET", "/api")
        transport.send("GET", "/api")
        first, second = server.seen
        assert first != second


def test_a_token_that_is_not_accepted_any_more_is_replaced_in_the_middle(tmp_path: Path) -> None:
    with StandIn.open(tmp_path) as server:
        transport = _transport(tmp_path, server, COUNTING.replace("MORE", ""))
        server.refused = 1
        assert transport.send("GET", "/api").status == 200
        assert server.seen == ["token geheim-1", "token geheim-2"]


def test_a_certificate_that_is_replaced_is_shown(tmp_path: Path) -> None:
    with StandIn.open(tmp_path) as server:
        for name in ("one", "two"):
            pair = server.client(name)
            printed = credential(clientCertificateData=pair.certificate.decode(), clientKeyData=pair.key.decode())
            (tmp_path / name).write_text(printed)
        transport = _transport(
            tmp_path, server, "f=one; [ -e <folder>/runs ] && f=two; touch <folder>/runs; . <folder>/$f"
        )
        transport.send("GET", "/api")
        server.refused = 1
        transport.send("GET", "/api")
        assert list(dict.fromkeys(server.seen)) == ["certificate one", "certificate two"]


def test_a_plugin_that_fails_in_the_middle_ends_it(tmp_path: Path) -> None:
    script = "[ -e <folder>/runs ] && { echo 'log in again' >&2; exit 3; }; touch <folder>/runs; "
    with StandIn.open(tmp_path) as server:
        transport = _transport(tmp_path, server, script + credential(token="geheim-1"))
        server.refused = 1
        with pytest.raises(LoginError, match="exit code 3: log in again"):
            transport.send("GET", "/api")


def test_a_plugin_that_does_not_end_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("k8s_pipeline_client.cluster.plugin.TIMEOUT", 1.0)
    with StandIn.open(tmp_path) as server:
        begun = time.monotonic()
        with pytest.raises(LoginError, match=r"timed out after .*: waiting"):
            _transport(tmp_path, server, "echo $$ > <folder>/pid; echo waiting >&2; exec sleep 60")
        assert time.monotonic() - begun < 20
        with pytest.raises(ProcessLookupError):
            os.kill(int((tmp_path / "pid").read_text()), 0)


@pytest.mark.parametrize("stream", ["1", "2"])
def test_a_plugin_that_prints_much_takes_no_memory(tmp_path: Path, stream: str) -> None:
    with StandIn.open(tmp_path) as server, pytest.raises(LoginError) as caught:
        _transport(tmp_path, server, f"head -c 50000000 /dev/zero | tr '\\0' x >&{stream}; exit 1")
    assert len(str(caught.value)) < 2000


def test_a_plugin_leaves_a_program_behind_and_nobody_waits_for_it(tmp_path: Path) -> None:
    with StandIn.open(tmp_path) as server:
        begun = time.monotonic()
        transport = _transport(tmp_path, server, "sleep 30 & echo $! > <folder>/pid; " + credential(token="geheim-1"))
        assert transport.send("GET", "/api").status == 200
        assert time.monotonic() - begun < 20
        os.kill(int((tmp_path / "pid").read_text()), 9)


def test_control_characters_and_secrets_in_its_words_are_not_passed_on(tmp_path: Path) -> None:
    token = "eyJhbGciOiJub25l.eyJzdWIiOiJnZWhlaW0.c2ln"
    script = f"printf '\\033[2Jfailed with Bearer {token}\\nand\\a more' >&2; exit 1"
    with StandIn.open(tmp_path) as server:
        words = Form("exec", "", user={"plugin": {"script": script}}).write(server, tmp_path)
        result = call([*words, "list"])
    check_quiet(result)
    assert token not in result.err
    assert "\\x1b[2Jfailed with Bearer" in result.err
    assert "\033" not in result.err


def test_a_plugin_without_its_interpreter_is_not_called_missing(tmp_path: Path) -> None:
    plugin = tmp_path / "bin" / "login"
    plugin.parent.mkdir()
    plugin.write_text("#!/no/such/interpreter\n")
    plugin.chmod(0o755)
    user = {"plugin": {"exec": {"command": str(plugin)}}}
    with StandIn.open(tmp_path) as server:
        Form("exec", "", user=user).write(server, tmp_path)
        with pytest.raises(LoginError, match="cannot be started: No such file or directory"):
            connect(tmp_path / "config")


def test_at_a_terminal_a_plugin_asks_and_is_heard_at_once(tmp_path: Path) -> None:
    script = "printf 'your code? ' >&2; read code; " + credential(token="geheim-CODE").replace("'.'", ".")
    script = script.replace("CODE", "$code")
    with StandIn.open(tmp_path) as server:
        user = {"plugin": {"script": script, "exec": {"interactiveMode": "Always"}}}
        words = Form("exec", "", user=user).write(server, tmp_path)
        ours, its = pty.openpty()
        process = subprocess.Popen(
            [PROGRAM, *words, "list"], stdin=its, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        os.close(its)
        assert process.stderr is not None
        heard = b""
        while b"your code? " not in heard:
            part = os.read(process.stderr.fileno(), 1000)
            assert part, heard
            heard += part
        os.write(ours, b"77\n")
        process.communicate(timeout=60)
        os.close(ours)
        assert process.returncode == 0
        assert server.who() == "token geheim-77"
