"""The launcher starts a program as Python itself would, and hands the document over."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from k8s_pipeline_client.launcher import MASK
from k8s_pipeline_client.launcher.program import EXIT_UNUSABLE, parse
from k8s_pipeline_client.launcher.unusable import Unusable, read_file
from tests.programs.pod import DOCUMENT, SECRET, Pod, interpreters

pytestmark = pytest.mark.timeout(60)


@pytest.mark.parametrize("python", interpreters())
def test_on_every_python(pod: Pod, python: str) -> None:
    pod.python = python
    ended = pod.run(
        """
        import os, subprocess, sys
        assert os.environ["config"] == os.getenv("config") == os.environ.get("config")
        print(os.getenv("config"))
        os.write(2, "Ünmasked? s3cr3t-välue\\n".encode())
        subprocess.run([sys.executable, "-c", "import os; print(os.getenv('config'))"])
        raise RuntimeError("no s3cr3t-välue here")
        """
    )
    shown = json.dumps(DOCUMENT).replace(json.dumps(SECRET)[1:-1], MASK)
    assert (ended.code, ended.out) == (1, f"{shown}\nNone\n")
    assert ended.err.startswith(
        f'Ünmasked? {MASK}\nTraceback (most recent call last):\n  File "{pod.folder}/image/main.py", line 7, in'
    )
    assert ended.err.endswith(f"RuntimeError: no {MASK} here\n")
    assert "launcher" not in ended.err
    assert ended.message["cause"] == f"RuntimeError: no {MASK} here"


def test_as_python_starts_a_file(pod: Pod) -> None:
    pod.write("beside.py", "X = 1")
    pod.write(
        "facts.py",
        """
        import sys, beside, __main__, pickle
        class C: pass
        def f(x: 1 + 1): pass
        assert f.__annotations__ == {"x": 2}
        assert __main__.C is C and pickle.loads(pickle.dumps(C)) is C
        print(sys.argv, sys.path[0], __name__, __file__, __package__, __spec__, __doc__)
        """,
    )
    ended = pod.run("", "facts.py", "a", "--", "--config")
    stock = subprocess.run(
        [sys.executable, "facts.py", "a", "--", "--config"],
        cwd=pod.folder / "image",
        capture_output=True,
        text=True,
    )
    assert (ended.out, ended.err, ended.code) == (stock.stdout, stock.stderr, 0)


def test_as_python_starts_a_module(pod: Pod) -> None:
    pod.write("apps/__init__.py", "")
    code = """
        import sys
        print(sys.argv, sys.path[0], __name__, __file__, __package__, __spec__.name)
        """
    pod.write("apps/runner.py", code)
    pod.write("apps/__main__.py", code)
    for name in ("apps.runner", "apps"):
        ended = pod.run("", "-m", name, "a")
        stock = subprocess.run(
            [sys.executable, "-m", name, "a"], cwd=pod.folder / "image", capture_output=True, text=True
        )
        assert (ended.out, ended.err, ended.code) == (stock.stdout, stock.stderr, 0)


@pytest.mark.parametrize(
    ("code", "status", "err"),
    [
        ("import sys; sys.exit()", 0, ""),
        ("import sys; sys.exit(0)", 0, ""),
        ("import sys; sys.exit(7)", 7, ""),
        ("import sys; sys.exit(256 + 9)", 9, ""),
        ("import sys; sys.exit(True)", 1, ""),
        ("import sys; sys.exit('it failed: s3cr3t-välue')", 1, f"it failed: {MASK}\n"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -9, ""),
        ("import nothing_of_that_name", 1, "ModuleNotFoundError: No module named 'nothing_of_that_name'\n"),
        ("x = (", 1, "SyntaxError: '(' was never closed\n"),
        ("import sys; sys.excepthook = lambda *a: print('hooked'); 1 / 0", 1, ""),
    ],
)
def test_exit_codes(pod: Pod, code: str, status: int, err: str) -> None:
    ended = pod.run(code)
    assert ended.code == status
    assert ended.err.endswith(err) if err else not ended.err
    assert "launcher" not in ended.err
    assert ended.message.get("exitCode") == (status if status >= 0 else None)
    assert ended.out == ("hooked\n" if "hooked" in code else "")


@pytest.mark.parametrize(
    ("document", "target", "words"),
    [
        (None, "main.py", "cannot read the document"),
        (b"password: hidden-one", "main.py", "is not a JSON object"),
        (b"{}", "absent.py", "image: OpenMetadata's ingestion-base has one, its image for Airflow does not"),
        (b"{}", "absent.py", "this image has no absent.py in /"),
        (b"{}", ".", "cannot read the entry point"),
        (b"{}", "-m absent", "this image has no module absent: OpenMetadata's ingestion-base has one"),
        (b"{}", "-m absent.within", "this image has no module absent.within: OpenMetadata's ingestion-base has one"),
    ],
)
def test_what_cannot_be_started(pod: Pod, document: bytes | None, target: str, words: str) -> None:
    pod.document = document
    ended = pod.run("print('started')", *target.split())
    assert (ended.code, ended.out) == (EXIT_UNUSABLE, "")
    assert ended.err.startswith("launcher: ") and ended.err.count("\n") == 1
    assert words in ended.err and "hidden-one" not in ended.err
    assert ended.message["exitCode"] == EXIT_UNUSABLE and words in ended.message["cause"]


@pytest.mark.parametrize(
    "raw",
    [b"", b'{"password": "s3cr3t-v\xe4lue"}', b"a: hidden", b"[" * 100_000, b'["hidden"]'],
    ids=lambda raw: raw[:9],
)
def test_a_document_that_is_none_is_not_shown(raw: bytes) -> None:
    with pytest.raises(Unusable) as caught:
        parse(raw)
    assert str(caught.value) == "the document is not a JSON object"


def test_a_command_line_that_cannot_be_used(pod: Pod) -> None:
    done = subprocess.run(
        [sys.executable, "mount/launch.py", "--config", "x"], cwd=pod.folder, capture_output=True, text=True
    )
    assert done.returncode == 2 and "required: target" in done.stderr


def test_no_child_inherits_the_document(pod: Pod) -> None:
    pod.document = json.dumps({"note": "x" * 150_000}).encode()
    ended = pod.run(
        """
        import multiprocessing, os, subprocess
        def child(queue):
            queue.put((dict(os.environ).get("config"), subprocess.call(["true"])))
        if __name__ == "__main__":
            assert len(os.environ["config"]) > 150_000 and "config" in os.environ
            assert "config" not in list(os.environ) and "config" not in os.environ.copy()
            own = open("/proc/self/environ", "rb").read()
            assert b"xxxxx" not in own and b"config=" not in own
            env = subprocess.check_output(["env"]) + subprocess.check_output(["env"], env=os.environ.copy())
            assert b"config=" not in env and os.system("true") == 0
            for way in ("fork", "spawn"):
                context = multiprocessing.get_context(way)
                queue = context.Queue()
                process = context.Process(target=child, args=(queue,))
                process.start()
                print(queue.get(), flush=True)
                process.join()
        """
    )
    assert (ended.err, ended.out) == ("", "(None, 0)\n(None, 0)\n")


def test_the_program_may_change_it(pod: Pod) -> None:
    ended = pod.run(
        """
        import os
        assert os.environ["config"][0] == "{" and "config=" not in os.popen("env").read()
        assert os.environ.pop("config") and "config" not in os.environ and os.getenv("config", "?") == "?"
        os.environ["config"] = "own"
        assert os.environ["config"] == "own" and os.popen("echo $config").read() == "own\\n"
        del os.environ["config"]
        for action in (lambda: os.environ["config"], lambda: os.environ.pop("config")):
            try:
                action()
            except KeyError as error:
                assert error.args == ("config",)
            else:
                raise AssertionError
        assert "PATH" in os.environ and "NOPE" not in os.environ
        """,
        env={"config": "this comes from the pod and is not it"},
    )
    assert (ended.code, ended.err) == (0, "")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.dictionaries(st.text(max_size=9), st.one_of(st.text(), st.sampled_from(["${X}", "a: b", "|-", "!!x"]))))
def test_handed_over_byte_for_byte(tmp_path: Path, document: dict[str, str]) -> None:
    path = tmp_path / "workflow.json"
    for ascii_only in (True, False):
        path.write_bytes(json.dumps(document, ensure_ascii=ascii_only, indent=1).replace("\n", "\r\n").encode())
        raw = read_file(str(path), "document")
        assert (raw, parse(raw)) == (path.read_bytes(), document)


HOSTILE: dict[str, Any] = {
    "large": {"text": "x" * 900_000},
    "many": {f"key {number}": [number, None, True, 1.5e-300] for number in range(20_000)},
    "deep": {"a": [{"b": [[[[[[{"c": [{}]}]]]]]]}] * 500},
    "control": {"\x00\x01\x1b[31m\x7f": "\r\n\t\u0085\u2028\u2029\ufeff"},
    "unicode": {"\U0001f4a9\u202e": "\U0010ffff" * 50_000, "e\u0301": "\u00e9"},
    "yaml": {"no": "!!python/object:os.system", "- a": "*anchor", "<<": "&x", "": "null", "~": "---\n...\n"},
    "shell": {"${HOME}": "$(jobName) `id` $$ %s {0} {{ x }}", "'": '"\\'},
}


@pytest.mark.parametrize("ascii_only", [True, False], ids=["escaped", "as it is"])
def test_a_real_process_gets_every_byte(pod: Pod, ascii_only: bool) -> None:
    pod.document = json.dumps(HOSTILE, ensure_ascii=ascii_only, indent=1).encode()
    ended = pod.run(
        """
        import hashlib, os
        print(hashlib.sha256(os.environ["config"].encode()).hexdigest())
        """
    )
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.strip() == hashlib.sha256(pod.document).hexdigest() == ended.message["documentSha256"]
