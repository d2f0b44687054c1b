"""The launcher as a pod starts it: real processes, small entry points."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import resource
import shutil
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from k8s_pipeline_client import launcher
from k8s_pipeline_client.launcher import EXIT_UNUSABLE, MASK

pytestmark = pytest.mark.timeout(60)

SECRET = "s3cr3t-välue"
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
DOCUMENT = {"source": {"serviceConnection": {"config": {"password": SECRET}}}}


def interpreters() -> list[str]:
    """This Python, and the oldest and the newest one that the images could have, where they are installed."""
    versions = Path.home() / ".pyenv" / "versions"
    found = [str(path) for minor in ("3.9", "3.13") for path in sorted(versions.glob(f"{minor}.*/bin/python"))]
    return [sys.executable, *found]


@dataclass
class Ended:
    code: int
    out: str
    err: str
    message: dict[str, Any]


class Pod:
    def __init__(self, folder: Path) -> None:
        self.folder, self.python = folder, sys.executable
        self.options: list[str] = []
        self.document: bytes | None = json.dumps(DOCUMENT).encode()
        self.processes: list[subprocess.Popen[bytes]] = []
        self.log = folder / "termination-log"
        self.log.touch()
        (folder / "mount").mkdir()
        (folder / "image").mkdir()

    def write(self, name: str, code: str) -> None:
        path = self.folder / "image" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(code))

    def start(self, code: str, *target: str, **more: Any) -> subprocess.Popen[bytes]:
        if code:
            self.write("main.py", code)
        config = self.folder / "mount" / "workflow.json"
        if self.document is not None:
            config.write_bytes(self.document)
        shutil.copy(launcher.__file__, self.folder / "mount" / "launcher.py")
        command = [self.python, "../mount/launcher.py", "--termination-log", str(self.log), *self.options]
        process = subprocess.Popen(
            [*command, "--config", str(config), "--", *(target or ("main.py",))],
            cwd=self.folder / "image",
            stdin=subprocess.PIPE,
            stdout=more.pop("stdout", subprocess.PIPE),
            stderr=subprocess.PIPE,
            env={**ENVIRONMENT, **more.pop("env", {})},
            **more,
        )
        self.processes.append(process)
        return process

    def ready(self, code: str) -> subprocess.Popen[bytes]:
        """Start what prints a line when it is where the test wants it."""
        process = self.start(code)
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        return process

    def end(self, process: subprocess.Popen[bytes], answer: bytes = b"") -> Ended:
        out, err = process.communicate(answer, timeout=30)
        text = self.log.read_text()
        return Ended(process.returncode, (out or b"").decode(), err.decode(), json.loads(text) if text else {})

    def run(self, code: str, *target: str, **more: Any) -> Ended:
        return self.end(self.start(code, *target, **more))


@pytest.fixture
def pod(tmp_path: Path) -> Iterator[Pod]:
    pod = Pod(tmp_path)
    yield pod
    for process in pod.processes:
        process.kill()
        process.communicate()


# --- like python main.py -----------------------------------------------------------------------------------------


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
        (b"", "main.py", "is not a JSON object"),
        (b'{"password": "s3cr3t-v\xe4lue"}', "main.py", "is not a JSON object"),
        (b"password: hidden-one", "main.py", "is not a JSON object"),
        (b"[" * 100_000, "main.py", "is not a JSON object"),
        (b'["hidden-one"]', "main.py", "is not a JSON object"),
        (b"{}", "absent.py", "image/absent.py: No such file or directory"),
        (b"{}", "-m absent", "there is no module absent to start"),
        (b"{}", "-m absent.within", "there is no module absent.within to start"),
    ],
)
def test_what_cannot_be_started(pod: Pod, document: bytes | None, target: str, words: str) -> None:
    pod.document = document
    ended = pod.run("print('started')", *target.split())
    assert (ended.code, ended.out) == (EXIT_UNUSABLE, "")
    assert ended.err.startswith("launcher: ") and ended.err.count("\n") == 1
    assert words in ended.err and "hidden-one" not in ended.err
    assert ended.message["exitCode"] == EXIT_UNUSABLE and words in ended.message["cause"]


def test_a_command_line_that_cannot_be_used(pod: Pod) -> None:
    done = subprocess.run([sys.executable, launcher.__file__, "--config", "x"], capture_output=True, text=True)
    assert done.returncode == 2 and "required: target" in done.stderr


# --- the document ------------------------------------------------------------------------------------------------


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
        raw = launcher._read(str(path), "document")
        assert (raw, launcher._parse(raw)) == (path.read_bytes(), document)


# --- the log -----------------------------------------------------------------------------------------------------


def test_whoever_writes_it_is_masked(pod: Pod) -> None:
    ended = pod.run(
        """
        import ctypes, json, logging, os, subprocess, sys, threading, time, atexit
        S = json.loads(os.environ["config"])["source"]["serviceConnection"]["config"]["password"]
        atexit.register(lambda: print("atexit", S))
        print("print", S)
        print("pieces", S[:5], sep=" ", end="", flush=True); print(S[5:])
        logging.warning("logging %r", {"password": S})
        os.write(1, f"os.write {S}\\n".encode())
        sys.stderr.buffer.write(f"buffer {S}\\n".encode())
        ctypes.CDLL(None).printf(f"C {S}\\n".encode())
        subprocess.run(["sh", "-c", f"echo child {S}; echo child {S} >&2"])
        if not os.fork():
            print("fork", S)
            os._exit(0)
        os.wait()
        print(b"bytes", S.encode(), json.dumps(S))
        def late():
            main = threading.main_thread()
            main.join()
            print("thread", S)
        threading.Thread(target=late).start()
        class D:
            def __del__(self): raise ValueError(S)
        D()
        threading.Thread(target=lambda: 1 / len(S[:0])).start()
        raise SystemExit("the end of " + S)
        """
    )
    lines = ended.out.splitlines()
    words = ("print", "pieces", "os.write", "child", "C", "fork", "thread", "atexit")
    assert sorted(lines) == sorted([f"b'bytes' b'{MASK}' \"{MASK}\"", *(f"{word} {MASK}" for word in words)])
    assert "s3cr3t" not in ended.err
    for word in ("logging {'password': '", "buffer ", "child ", "ValueError: ", "the end of "):
        assert f"{word}{MASK}" in ended.err
    assert "ZeroDivisionError" in ended.err


def test_a_long_log_arrives_whole(pod: Pod, tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as out:
        ended = pod.run(
            """
            import os, threading
            def write(name):
                for i in range(40):
                    for piece in (b"%c%06d " % (name, i), b"\\xff\\x00" * 131_000, b"s3cr3t-v\\xc3\\xa4lue\\n"):
                        os.write(1, piece) if len(piece) < 4096 else os.writev(1, [piece])
            write(ord("a"))
            print("end", flush=True)
            """,
            stdout=out,
        )
    line = b"a%06d " + b"\xff\x00" * 131_000 + MASK.encode() + b"\n"
    expected = b"".join(line.replace(b"%06d", b"%06d" % i) for i in range(40)) + b"end\n"
    assert (tmp_path / "out").read_bytes() == expected
    assert ended.code == 0


def test_lines_appear_at_once(pod: Pod) -> None:
    process = pod.ready("print('ready'); import sys; print(sys.stdin.readline(), end='')")
    assert pod.end(process, b"go on\n").out == "go on\n"


def test_a_grandchild_that_stays_does_not_hold_up_the_end(pod: Pod) -> None:
    began = time.monotonic()
    process = pod.start("import os; os.system('yes >&2 & echo $!; sleep 60 & echo $!')", stdout=subprocess.PIPE)
    assert process.stdout and process.stderr
    children = [int(process.stdout.readline()) for _ in range(2)]
    try:
        while process.stderr.read1(1 << 16):  # type: ignore[attr-defined]
            pass
        assert process.wait(10) == 0
        assert time.monotonic() - began < 10
    finally:
        for child in children:
            os.kill(child, 9) if Path(f"/proc/{child}").exists() else None


def test_what_cannot_be_masked_is_withheld_and_blocks_nobody(tmp_path: Path) -> None:
    code = """
        import os, sys
        import launcher
        class Broken(launcher.Masker):
            def feed(self, data, *, last=False):
                if b"poison" in data:
                    raise MemoryError
                return super().feed(data, last=last)
        launcher.Masker = Broken
        pump = launcher._Pump(["hidden-one"])
        print("first", flush=True)
        print("second", file=sys.stderr, flush=True)
        os.write(1, b"poison " * 9)
        for _ in range(50):
            os.write(1, b"hidden-one" * 10_000)
        print("third hidden-one", file=sys.stderr, flush=True)
        pump.drain(10)
        """
    done = subprocess.run(
        [sys.executable, "-c", dedent(code)],
        env={**os.environ, "PYTHONPATH": os.path.dirname(launcher.__file__)},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert "hidden-one" not in done.stdout + done.stderr
    said = "launcher: output that cannot be masked or written is withheld"
    assert sorted(done.stderr.splitlines()) == [said, "second", f"third {MASK}"]


def test_a_reader_that_has_gone_stops_nothing(pod: Pod) -> None:
    process = pod.start("import os; [os.write(1, b'x' * 100_000) for _ in range(30)]; print('x', flush=True)")
    assert process.stdout
    process.stdout.close()
    process.stdout = None
    assert process.wait(20) == 0


def test_a_crash_still_says_where(pod: Pod) -> None:
    ended = pod.run("import ctypes; ctypes.string_at(0)", preexec_fn=_no_core)
    assert ended.code == -11
    assert "Segmentation fault" in ended.err and 'main.py", line 1' in ended.err


def _no_core() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


# --- SIGTERM -----------------------------------------------------------------------------------------------------

IN_C = "import ctypes; m = ctypes.create_string_buffer(64); lock = ctypes.CDLL(None).pthread_mutex_lock; lock(m)"


@pytest.mark.parametrize(
    "code",
    [
        "import time; print('ready'); time.sleep(60)",
        f"{IN_C}; print('ready'); lock(m)",
        "import threading, time; print('ready'); threading.Thread(target=time.sleep, args=(60,)).start()",
        "import threading; print('ready'); lock = threading.Lock(); lock.acquire(); lock.acquire()",
        "print('ready')\nwhile True:\n  try:\n    [x for x in range(999)]\n  except BaseException: pass",
        "import subprocess; print('ready'); subprocess.run(['sleep', '60'])",
        "import atexit, time; atexit.register(time.sleep, 60); print('ready')",
    ],
    ids=["sleep", "C code", "thread that stays", "lock", "busy", "child", "atexit"],
)
def test_sigterm_ends_it_at_once(pod: Pod, code: str) -> None:
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
    process.stdin.flush()
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
            print("begun: s3cr3t-välue", end="")
            os.write(1, b"ready\\n")  # overtakes it
            time.sleep(60)
        finally:
            print("a success that is none")
        """
    )
    process.terminate()
    assert pod.end(process).out == f"begun: {MASK}"


def test_a_handler_of_the_program_has_precedence(pod: Pod) -> None:
    process = pod.ready(
        """
        import signal, sys, time
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))
        print("ready")
        time.sleep(60)
        """
    )
    process.terminate()
    ended = pod.end(process)
    assert (ended.code, ended.err, ended.message["exitCode"]) == (3, "", 3)
    process = pod.ready(
        """
        import signal, sys, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print("ready")
        print(sys.stdin.readline(), end="")
        """
    )
    process.terminate()
    ended = pod.end(process, b"goes on\n")
    assert (ended.code, ended.err, ended.out) == (0, "", "goes on\n")


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
        print(signal.SIGTERM in signal.pthread_sigmask(signal.SIG_BLOCK, []))
        """
    )
    assert (ended.code, ended.err, ended.out) == (0, "", "True\n-15\n-15\nFalse\n")


def test_a_forked_child_that_fails_does_not_speak_for_the_attempt(pod: Pod) -> None:
    ended = pod.run(
        """
        import os
        if not os.fork():
            raise ValueError("of the child")
        print(os.waitstatus_to_exitcode(os.wait()[1]))
        """
    )
    assert (ended.code, ended.out) == (0, "1\n")
    assert "cause" not in ended.message and ended.message["exitCode"] == 0


# --- the termination message -------------------------------------------------------------------------------------


def test_the_termination_message_of_a_success(pod: Pod) -> None:
    pod.log.write_text("x" * 5000)
    pod.options = ["--launcher", "om-launcher-0123"]
    ended = pod.run("x = bytearray(200_000_000)")
    assert pod.document
    facts = dict(ended.message)
    assert 200e6 < facts.pop("peakMemoryBytes") < 500e6
    assert 0 <= facts.pop("durationSeconds") < 30
    assert facts.pop("startedAt").endswith("Z")
    assert facts == {
        "documentSha256": hashlib.sha256(pod.document).hexdigest(),
        "exitCode": 0,
        "launcher": "om-launcher-0123",
    }


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("raise ValueError('a\\n  b')", "ValueError: a b"),
        ("try: 1 / 0\nexcept Exception as e: raise RuntimeError('x') from e", "RuntimeError: x (from {zero})"),
        ("try: 1 / 0\nexcept Exception: exit(4)", "SystemExit: 4 (from {zero})"),
        ("try: 1 / 0\nexcept Exception: raise KeyError('x') from None", "KeyError: 'x'"),
        (
            "try: 1 / 0\nexcept Exception as e: raise RuntimeError(f'ZeroDivisionError: {e}')",
            "RuntimeError: {zero}",
        ),
        ("class E(Exception):\n  def __str__(self): raise ValueError\nraise E", "E"),
        ("e = ValueError('x'); e.__cause__ = e; raise e", "ValueError: x"),
        ("import os; raise ValueError(os.environ['config'])", "…"),
        ("raise ValueError('\\ud800 \\x00 \\N{SNOWMAN}')", "ValueError: ? \0 ☃"),
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
        assert ended.message["cause"] == cause.format(zero="ZeroDivisionError: division by zero")


def test_the_message_stays_within_its_limit(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.touch()
    launcher._Attempt(str(path), 15).note(cause="\0" * 3000, exitCode=1)
    assert len(path.read_bytes()) <= 4096
    assert json.loads(path.read_text())["cause"].endswith("\0…")


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


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)
