"""The steps of a stand-in run, by name. Each is one thing that real programs do to their surroundings."""

import hashlib
import logging
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import blocking, leaks
from .report import Server

logger = logging.getLogger("standin.steps")


class StepFailed(Exception):
    """A step that fails the run, as a workflow does with an error of its source."""


@dataclass
class Run:
    """What the steps may look at, and what they keep alive until the end."""

    document: dict[str, Any]
    text: str
    server: Server | None
    kept: list[object] = field(default_factory=list)

    def require_server(self) -> Server:
        if self.server is None:
            raise ValueError("the document names no OpenMetadata server")
        return self.server

    def value_at(self, path: str) -> str:
        """A value of the document by its dotted path; digits index lists."""
        found: Any = self.document
        for part in path.split("."):
            found = found[int(part)] if isinstance(found, list) else found[part]
        return str(found)


Step = Callable[[Run, Any], None]
_STEPS: dict[str, Step] = {}


def execute(run: Run, steps: Iterable[Mapping[str, Any]]) -> None:
    """In order; a step is a mapping of one name to its argument."""
    for step in steps:
        if len(step) != 1:
            raise ValueError(f"a step has one name, this one has {sorted(step)}")
        (name, argument), *_ = step.items()
        if name not in _STEPS:
            raise ValueError(f"unknown step {name!r}; known: {', '.join(sorted(_STEPS))}")
        _STEPS[name](run, argument)


def _step(name: str) -> Callable[[Step], Step]:
    def register(step: Step) -> Step:
        _STEPS[name] = step
        return step

    return register


def names() -> list[str]:
    return sorted(_STEPS)


@_step("log")
def _log(_run: Run, text: Any) -> None:
    logger.info("%s", text)


@_step("logLines")
def _log_lines(_run: Run, count: Any) -> None:
    for number in range(1, int(count) + 1):
        print(f"stand-in line {number} of {count}", flush=number % 1000 == 0)
    sys.stdout.flush()


@_step("logMiB")
def _log_mib(_run: Run, mib: Any) -> None:
    line = "stand-in filler " + "x" * 111 + "\n"
    block = line * (64 * 1024 // len(line))
    written, wanted = 0, int(float(mib) * 1024 * 1024)
    while written < wanted:
        sys.stdout.write(block)
        written += len(block)
    sys.stdout.flush()


@_step("sleep")
def _sleep(_run: Run, seconds: Any) -> None:
    logger.info("sleeping for %s s", seconds)
    time.sleep(float(seconds))


@_step("ignoreSigterm")
def _ignore_sigterm(_run: Run, wanted: Any) -> None:
    """Takes the handler away from whoever set one before: some libraries do that."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN if wanted else signal.SIG_DFL)
    logger.info("SIGTERM is %s", "ignored" if wanted else "at its default")


@_step("eatMemoryMiB")
def _eat_memory(run: Run, mib: Any) -> None:
    """Piece by piece and with every page written, so that the kernel really gives it."""
    piece = 16
    for eaten in range(piece, int(mib) + piece, piece):
        run.kept.append(bytearray(b"\x01") * (piece * 1024 * 1024))
        if eaten % 128 == 0:
            logger.info("holding %d MiB", eaten)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    logger.info("held %s MiB, peak %d MiB", mib, peak)


@_step("printSecret")
def _print_secret(run: Run, argument: Any) -> None:
    """`path`, or `{path, by}` with one way or several; without `by`, every way that lets the run go on."""
    given = {"path": argument} if isinstance(argument, str) else dict(argument)
    by = given.get("by", leaks.GENTLE)
    for way in [by] if isinstance(by, str) else by:
        leaks.leak(run.value_at(given["path"]), way)


@_step("printEnv")
def _print_env(_run: Run, wanted: Any) -> None:
    if wanted:
        print("\n".join(f"{name}={value}" for name, value in sorted(os.environ.items())), flush=True)


@_step("dumpConfig")
def _dump_config(run: Run, wanted: Any) -> None:
    """Length in bytes and digest: enough to compare, nothing to leak."""
    if wanted:
        raw = run.text.encode()
        print(f"config bytes={len(raw)} sha256={hashlib.sha256(raw).hexdigest()}", flush=True)
        # A launcher may answer for the variable without setting it: children then do not inherit it.
        print(
            f"config inEnviron={'config' in dict(os.environ)} runId={run.document.get('pipelineRunId')}",
            flush=True,
        )


@_step("spawnChild")
def _spawn_child(run: Run, argument: Any) -> None:
    """A child that outlives this step: `true`, or `{sleep: seconds, ignoreSigterm: true}`."""
    given = argument if isinstance(argument, Mapping) else {}
    ignore = "signal.signal(signal.SIGTERM, signal.SIG_IGN);" if given.get("ignoreSigterm") else ""
    sleep = float(given.get("sleep", 60))
    code = f"import signal,time;{ignore}print('stand-in child runs',flush=True);time.sleep({sleep})"
    run.kept.append(subprocess.Popen([sys.executable, "-c", code]))


@_step("runChild")
def _run_child(_run: Run, arguments: Any) -> None:
    """A child that is waited for: a list of words, or text for a shell."""
    done = subprocess.run(arguments, shell=isinstance(arguments, str), check=False)
    logger.info("child ended with %d", done.returncode)


@_step("threads")
def _threads(_run: Run, argument: Any) -> None:
    """`count`, or `{count, sleep}`: threads that are no daemons, so the interpreter waits for them at exit."""
    given = argument if isinstance(argument, Mapping) else {"count": argument}
    for _ in range(int(given["count"])):
        threading.Thread(target=time.sleep, args=(float(given.get("sleep", 10)),)).start()


@_step("blockInC")
def _block_in_c(_run: Run, argument: Any) -> None:
    """`seconds`, or `{seconds, holdGil}`."""
    given = argument if isinstance(argument, Mapping) else {"seconds": argument}
    hold = bool(given.get("holdGil", False))
    logger.info("blocking in C for %s s, GIL %s", given["seconds"], "held" if hold else "released")
    blocking.block(float(given["seconds"]), hold_gil=hold)


@_step("writeFile")
def _write_file(_run: Run, path: Any) -> None:
    Path(str(path)).write_text("written by the stand-in\n")
    logger.info("wrote %s", path)


@_step("catchAll")
def _catch_all(run: Run, steps: Any) -> None:
    """Runs steps as sloppy programs do: whatever they raise, SystemExit included, is logged and dropped."""
    try:
        execute(run, steps)
    except BaseException:
        logger.exception("caught and dropped")


@_step("fail")
def _fail(_run: Run, message: Any) -> None:
    raise StepFailed(str(message))


@_step("failUntilAttempt")
def _fail_until_attempt(run: Run, number: Any) -> None:
    """Fails in every pod of the run before the given one (counted from 1)."""
    attempt = run.require_server().next_attempt(str(run.document.get("pipelineRunId")))
    if attempt < int(number):
        raise StepFailed(f"attempt {attempt} fails, attempt {number} will not")
    logger.info("attempt %d goes on", attempt)


@_step("exit")
def _exit(_run: Run, code: Any) -> None:
    sys.exit(int(code))


@_step("hardExit")
def _hard_exit(_run: Run, code: Any) -> None:
    """No cleanup, no buffers flushed: as a crash in native code, with a number of one's choice."""
    os._exit(int(code))


@_step("signalSelf")
def _signal_self(_run: Run, name: Any) -> None:
    """By name, `SIGSEGV`. As PID 1 the kernel drops what has no handler, SIGKILL too."""
    os.kill(os.getpid(), signal.Signals[str(name)])
