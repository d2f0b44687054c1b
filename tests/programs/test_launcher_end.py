"""What the launcher does at SIGTERM, and what the termination message says."""

from __future__ import annotations

import fcntl
import hashlib
import json
import sys
import termios
import time
from pathlib import Path

import pytest

from k8s_pipeline_client.launcher import MASK
from k8s_pipeline_client.launcher.entry import cause_of
from k8s_pipeline_client.launcher.report import Report
from tests.programs.pod import Pod, interpreters, wait_for

pytestmark = pytest.mark.timeout(60)


IN_C = "import ctypes; m = ctypes.create_string_buffer(64); lock = ctypes.CDLL(None).pthread_mutex_lock; lock(m)"


@pytest.mark.parametrize(
    "code",
    [
        "import time; print('ready'); time.sleep(60)",
        "import threading, time; print('ready'); threading.Thread(target=time.sleep, args=(60,)).start()",
        "import threading; print('ready'); lock = threading.Lock(); lock.acquire(); lock.acquire()",
        "print('ready')\nwhile True:\n  try:\n    [x for x in range(999)]\n  except BaseException: pass",
        "import subprocess; print('ready'); subprocess.run(['sleep', '60'])",
    ],
    ids=["sleep", "thread that stays", "lock", "busy", "child"],
)
def test_sigterm_ends_it_at_once(pod: Pod, code: str) -> None:
    _check_end_at_once(pod, code)


@pytest.mark.parametrize("python", interpreters())
@pytest.mark.parametrize(
    "code",
    [f"{IN_C}; print('ready'); lock(m)", "import atexit as a; a.register(input, 'ready\\n')"],
    ids=["C code", "atexit"],
)
def test_sigterm_on_every_python(pod: Pod, python: str, code: str) -> None:
    pod.python = python
    _check_end_at_once(pod, code)


def _check_end_at_once(pod: Pod, code: str) -> None:
    process = pod.ready(code)
    began = time.monotonic()
    process.terminate()
    ended = pod.end(process)
    assert time.monotonic() - began < 5
    assert ended.code == 143
    assert "launcher: stopped by SIGTERM after " in ended.err.splitlines()[-1]
    assert (ended.message["exitCode"], ended.message["cause"]) == (143, "stopped by SIGTERM")


def test_sigterm_does_not_wait_for_a_reader(pod: Pod) -> None:
    process = pod.ready("import os\nprint('ready')\ninput()\nwhile True: os.write(2, b'x' * 65536)")
    assert process.stdin and process.stderr
    process.stdin.write(b"\n")
    unread = process.stderr.fileno()
    wait_for(lambda: fcntl.ioctl(unread, termios.FIONREAD, bytes(4)) == (65536).to_bytes(4, sys.byteorder))
    process.terminate()
    assert process.wait(10) == 143


def test_sigterm_keeps_what_was_written_and_runs_nothing_more(pod: Pod) -> None:
    process = pod.ready(
        """
        import atexit, os, time
        atexit.register(print, "a success that is none")
        try:
            print("ready")
            os.write(1, "begun: s3cr3t-välue".encode())
            os.kill(os.getpid(), 15)
            time.sleep(60)
        finally:
            print("a success that is none")
        """
    )
    assert pod.end(process).out == f"begun: {MASK}"


@pytest.mark.parametrize("handler", ["signal.SIG_IGN", "lambda *_: os.write(1, b'its own\\n')"])
def test_a_handler_of_the_program_has_precedence(pod: Pod, handler: str) -> None:
    process = pod.ready(
        f"""
        import os, signal, sys
        signal.signal(signal.SIGTERM, {handler})
        print("ready")
        print(sys.stdin.readline(), end="")
        print(sys.stdin.readline(), end="")
        sys.exit(3)
        """
    )
    process.terminate()
    assert process.stdin and process.stdout
    process.stdin.write(b"goes on\n")
    lines = [process.stdout.readline() for _ in range(2 if "own" in handler else 1)]
    assert sorted(lines) == sorted([b"goes on\n", b"its own\n"][: len(lines)])
    ended = pod.end(process, b"to the end\n")
    assert (ended.code, ended.err, ended.out, ended.message["exitCode"]) == (3, "", "to the end\n", 3)


def test_children_die_of_it_by_themselves(pod: Pod) -> None:
    ended = pod.run(
        """
        import multiprocessing, os, signal, subprocess, threading, time
        def fork(target, *arguments):
            process = multiprocessing.get_context("fork").Process(target=target, args=arguments)
            process.start()
            process.terminate()
            process.join(20)
            return process.exitcode
        print([fork(time.sleep, 60) for _ in range(20)] == [-15] * 20)
        thread = threading.Thread(target=lambda: print(fork(time.sleep, 60)))
        thread.start()
        thread.join()
        process = subprocess.Popen(["sleep", "60"])
        process.terminate()
        print(process.wait())
        def handle():
            signal.signal(signal.SIGTERM, lambda *_: os._exit(5))
            ready.set()
            while True:
                time.sleep(0.01)  # not in one piece: a signal just before it would wait for its end
        ready = multiprocessing.get_context("fork").Event()
        process = multiprocessing.get_context("fork").Process(target=handle)
        process.start()
        ready.wait()
        process.terminate()
        process.join(20)
        time.sleep(0.05)
        print(process.exitcode, signal.SIGTERM in signal.pthread_sigmask(signal.SIG_BLOCK, []))
        """
    )
    assert (ended.code, ended.err, ended.out) == (0, "", "True\n-15\n-15\n5 False\n")


def test_a_forked_child_that_fails_does_not_speak_for_the_attempt(pod: Pod) -> None:
    ended = pod.run(
        """
        import os
        if not os.fork():
            raise ValueError("of the child")
        print(os.WEXITSTATUS(os.wait()[1]), "exitCode" in open("../termination-log").read())
        """
    )
    assert (ended.code, ended.out) == (0, "1 False\n")
    assert "cause" not in ended.message and ended.message["exitCode"] == 0


def test_the_termination_message_of_a_success(pod: Pod) -> None:
    pod.log.write_text("x" * 5000)
    ended = pod.run("x = bytearray(200_000_000)")
    assert pod.document
    facts = dict(ended.message)
    assert 200e6 < facts.pop("peakMemoryBytes") < 500e6
    assert 0 <= facts.pop("durationSeconds") < 30
    assert facts.pop("startedAt").endswith("Z")
    assert facts == {"documentSha256": hashlib.sha256(pod.document).hexdigest(), "exitCode": 0}


ZERO = "ZeroDivisionError: division by zero"


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("raise ValueError('a\\n  b')", "ValueError: a b"),
        ("try: 1 / 0\nexcept Exception as e: raise RuntimeError('x') from e", f"RuntimeError: x (from {ZERO})"),
        ("try: 1 / 0\nexcept Exception: raise KeyError('x') from None", "KeyError: 'x'"),
        ("try: 1 / 0\nexcept Exception as e: raise RuntimeError(f'ZeroDivisionError: {e}')", f"RuntimeError: {ZERO}"),
        ("e = ValueError('x'); e.__cause__ = e; raise e", "ValueError: x"),
    ],
)
def test_what_is_said_of_an_exception(code: str, cause: str) -> None:
    with pytest.raises((ValueError, RuntimeError, KeyError)) as caught:
        exec(code)
    assert cause_of(caught.value, []) == cause


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("try: 1 / 0\nexcept Exception: exit(4)", f"SystemExit: 4 (from {ZERO})"),
        ("class E(Exception):\n  def __str__(self): raise ValueError\nraise E", "E"),
        ("import os; raise ValueError(os.environ['config'])", "…"),
        ("raise ValueError('\\ud800 \\x00 \\N{SNOWMAN}')", r"ValueError: \ud800 \x00 ☃"),
    ],
)
def test_the_cause(pod: Pod, code: str, cause: str) -> None:
    if cause == "…":
        pod.document = json.dumps({"password": "ä" * 3, "token": "s3cr3t", "note": "ä\0\n" * 4000}).encode()
    ended = pod.run(code)
    assert pod.log.stat().st_size <= 4096
    assert ended.message["exitCode"] == ended.code != 0
    if cause == "…":
        assert ended.message["cause"].startswith("ValueError: {")
        assert MASK in ended.message["cause"] and "s3cr3t" not in pod.log.read_text()
    else:
        assert ended.message["cause"] == cause


def test_the_message_stays_within_its_limit(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.touch()
    Report(str(path)).note(cause="\0" * 3000, exitCode=1)
    assert len(path.read_bytes()) <= 4096
    assert json.loads(path.read_text())["cause"].startswith(r"\x00\x00")


def test_what_is_killed_leaves_its_last_facts(pod: Pod) -> None:
    pod.options = ["--refresh", "0.05"]
    process = pod.ready("x = bytearray(200_000_000); print('ready'); input()")
    wait_for(lambda: json.loads(pod.log.read_text() or "{}").get("peakMemoryBytes", 0) > 200e6)
    process.kill()
    message = pod.end(process).message
    assert {"startedAt", "documentSha256", "durationSeconds"} < set(message)
    assert "exitCode" not in message


def test_outside_a_pod_nothing_is_made(pod: Pod) -> None:
    pod.log.unlink()
    process = pod.start("print('fine')")
    assert process.communicate(timeout=20)[0] == b"fine\n"
    assert not pod.log.exists()
