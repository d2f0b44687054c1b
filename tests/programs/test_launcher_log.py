"""Nothing that is written gets past the launcher's pump, and nothing gets lost in it."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from k8s_pipeline_client.launcher import MASK
from tests.programs.pod import Pod

pytestmark = pytest.mark.timeout(60)


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


def test_lines_keep_their_order(pod: Pod) -> None:
    ended = pod.run(
        """
        import fcntl, os, sys, termios, time
        def settled(descriptor):
            while fcntl.ioctl(descriptor, termios.FIONREAD, bytes(4)) != bytes(4):
                time.sleep(0.0002)
        for number in range(200):
            print("out", number)
            settled(1)
            os.system(f"echo err {number} >&2") if number % 20 == 0 else print("err", number, file=sys.stderr)
            settled(2)
        """,
        stderr=subprocess.STDOUT,
    )
    assert ended.out == "".join(f"out {number}\nerr {number}\n" for number in range(200))


def test_what_stderr_says_stands_below_what_was_printed_before(pod: Pod) -> None:
    ended = pod.run(
        """
        import sys, time
        for number in range(300):
            print("line", number)
            print("more", number)
            print("error", number, file=sys.stderr)
        print("the last line")
        raise ValueError("this is why")
        """,
        stderr=subprocess.STDOUT,
    )
    lines = ended.out.splitlines()
    places = {line: place for place, line in enumerate(lines)}
    assert len(places) == len(lines) == 300 * 3 + 5
    assert [line for line in lines if "error" in line] == [f"error {number}" for number in range(300)]
    assert all(places[f"more {number}"] < places[f"error {number}"] for number in range(300))
    assert places["the last line"] < places["Traceback (most recent call last):"]
    assert lines[-1] == "ValueError: this is why"


def test_a_stream_that_never_pauses_does_not_hold_up_the_other(pod: Pod) -> None:
    process = pod.start("import os; os.system('yes &'); os.write(2, b'heard\\n'); input()", stdout=subprocess.DEVNULL)
    assert process.stderr and process.stdin
    assert process.stderr.readline() == b"heard\n"
    process.stdin.write(b"\n")
    assert process.wait(20) == 0


def test_a_stream_that_is_closed_does_not_end_the_other(pod: Pod) -> None:
    ended = pod.run("import os; os.write(1, b'last s3cr3t'); os.close(1); os.write(2, b'still there\\n')")
    assert (ended.out, ended.err, ended.code) == ("last s3cr3t", "still there\n", 0)


def test_a_grandchild_that_stays_does_not_hold_up_the_end(pod: Pod) -> None:
    # The numbers not on stdout: nothing is carried there while nobody reads what is carried to stderr.
    process = pod.start("import os; os.system('yes >&2 & echo $! >children; sleep 600 & echo $! >>children')")
    assert process.stderr
    children = pod.folder / "image" / "children"
    try:
        while os.read(process.stderr.fileno(), 1 << 16):
            pass
        assert process.wait(50) == 0
        os.kill(int(children.read_text().split()[1]), 0)  # it sleeps still: nobody has waited for it
    finally:
        for child in map(int, children.read_text().split()):
            os.kill(child, 9) if Path(f"/proc/{child}").exists() else None


def test_what_cannot_be_masked_is_withheld_and_blocks_nobody(tmp_path: Path) -> None:
    code = """
        import os, sys
        from k8s_pipeline_client.launcher import pump as module
        class Broken(module.Masker):
            def feed(self, data, *, last=False):
                if b"poison" in data:
                    raise MemoryError
                return super().feed(data, last=last)
        module.Masker = Broken
        pump = module.Pump(["hidden-one"], lambda shown: None)
        print("first", flush=True)
        os.write(2, b"second\\n")
        os.write(1, b"poison " * 9)
        for _ in range(50):
            os.write(1, b"hidden-one" * 10_000)
        os.write(2, b"third hidden-one\\n")
        pump.drain(10)
        """
    done = subprocess.run(
        [sys.executable, "-c", dedent(code)],
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert "hidden-one" not in done.stdout + done.stderr
    said = "launcher: output that cannot be redacted or written is discarded"
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
