"""The program in a process of its own, which can be killed like any.

It is forked from one that has imported everything: importing took longer than what most tests do to it.
"""

from __future__ import annotations

import contextlib
import io
import multiprocessing
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from unittest.mock import patch

from k8s_pipeline_client.cli.main import main
from k8s_pipeline_client.cluster import kube
from k8s_pipeline_client.cluster.kube import KubeCluster
from k8s_pipeline_client.retrying import TOTAL_TIMEOUT

_processes = multiprocessing.get_context("forkserver")
# Installed modules only: the server of forks does not find the tests from every folder.
_processes.set_forkserver_preload(
    [
        *("k8s_pipeline_client.cli.main", "k8s_pipeline_client.cluster.connect", "k8s_pipeline_client.cluster.kube"),
        "k8s_pipeline_client.service",
    ]
)


class Started:
    """A process, with the methods of `subprocess.Popen` that tests use."""

    def __init__(
        self,
        words: Sequence[str],
        *,
        scratch: Path,
        total_timeout: float = TOTAL_TIMEOUT,
        environment: Mapping[str, str] | None = None,
        log: Path | None = None,
    ) -> None:
        """Start the program.

        Args:
            words: Its arguments.
            scratch: The folder for its temporary files.
            total_timeout: It tries a request again for so many seconds.
            environment: This process's if None.
            log: Where it writes to; if None, `communicate` returns it, and it must not be long while nobody reads it.
        """
        self._output, theirs = _processes.Pipe(duplex=False)
        given = dict(os.environ if environment is None else environment)
        start = _Start(tuple(words), given, Path.cwd(), scratch, total_timeout, log)
        # A daemon: one whose test failed before it ended it does not outlive all tests.
        self._process = _processes.Process(target=_run, args=(start, theirs), daemon=True)
        self._process.start()
        theirs.close()

    @property
    def pid(self) -> int:
        """Of the process."""
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """As of `subprocess`: minus the signal's number if one killed it; None while it runs."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """Return whether it has ended, and how."""
        return self.returncode

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process.pid is not None
        if self.poll() is None:  # else its number may be another's
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, number)

    def kill(self) -> None:
        """Kill it with SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def wait(self, timeout: float) -> int | None:
        """Wait until it has ended, and return how; None if that takes longer."""
        self._process.join(timeout)
        return self.returncode

    def communicate(self, timeout: float = 120.0) -> tuple[str, None]:
        """Wait until it has ended, and return all that it wrote; it is killed if that takes longer."""
        # Reading ends when it does; a timer, for a pipe's end has no deadline of its own.
        timer = threading.Timer(timeout, self.kill)
        timer.daemon = True
        timer.start()
        try:
            with os.fdopen(os.dup(self._output.fileno()), "rb") as reader:
                written = reader.read()
        finally:
            timer.cancel()
        self._output.close()
        self._process.join()
        return written.decode("utf-8", "replace"), None


@dataclass(frozen=True)
class _Start:
    words: tuple[str, ...]
    environment: dict[str, str]
    folder: Path
    scratch: Path
    total_timeout: float
    log: Path | None


def _run(start: _Start, output: Connection) -> None:
    log = os.open(start.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC) if start.log else output.fileno()
    for number in (1, 2):
        os.dup2(log, number)
    output.close()
    os.environ.clear()
    os.environ.update(start.environment)
    os.chdir(start.folder)
    # The kubernetes client writes certificates to files, and removes them at an end that is not to come.
    tempfile.tempdir = str(start.scratch)
    sys.stdout = io.TextIOWrapper(os.fdopen(1, "wb"), encoding="utf-8")
    sys.stderr = io.TextIOWrapper(os.fdopen(2, "wb"), encoding="utf-8", errors="backslashreplace", line_buffering=True)
    sys.argv = ["k8s-pipeline", *start.words]
    # Whoever starts the tests in the background of a shell has Ctrl-C ignored, for all that comes of them.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with patch.object(kube, "KubeCluster", partial(KubeCluster, total_timeout=start.total_timeout)):
        main()
