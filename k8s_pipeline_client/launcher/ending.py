"""The end of a run: by itself, after all output was written; or by SIGTERM, at once."""

from __future__ import annotations

import atexit
import faulthandler
import os
import select
import signal
import sys
import threading
from contextlib import suppress

from k8s_pipeline_client.launcher.errorlog import ErrorLog
from k8s_pipeline_client.launcher.pump import Pump
from k8s_pipeline_client.launcher.report import Report

EXIT_TERMINATED = 128 + signal.SIGTERM

_DRAIN_SECONDS = 30
_TERMINATION_DRAIN_SECONDS = 1


class Ending:
    """The environment of the entry point: the pump, the exit, the signal handler."""

    def __init__(self, report: Report, refresh: float) -> None:
        """Prepare it.

        Args:
            report: The termination message.
            refresh: The interval for updates of the message, in seconds: after a SIGKILL the last one remains.
        """
        self._report = report
        self._refresh = refresh
        self._errors = ErrorLog()
        self._pump: Pump
        # Acquired by whichever end comes first, and never released.
        self._has_begun = threading.Lock()

    def prepare(self, secrets: list[str]) -> None:
        """Set it up."""
        self._pump = Pump(secrets, self._errors.feed)
        atexit.register(self._finish)  # registered first, so it runs last
        faulthandler.enable(self._pump.real_stderr)  # it prints no values
        self._catch_sigterm()
        sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]

    def _catch_sigterm(self) -> None:
        # Blocked while the program forks; otherwise the child would handle it.
        os.register_at_fork(
            before=lambda: signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM}),
            after_in_child=self._in_child,
            after_in_parent=lambda: signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM}),
        )
        woken, waker = os.pipe()
        os.set_blocking(waker, False)
        signal.signal(signal.SIGTERM, self._terminate)
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        threading.Thread(target=self._watch, args=(woken,), daemon=True).start()

    def _watch(self, woken: int) -> None:
        """Update the termination message, and handle SIGTERM while the main thread is in C code."""
        while True:
            is_woken = bool(select.select([woken], [], [], self._refresh)[0])
            signals = os.read(woken, 64) if is_woken else b""
            if signal.SIGTERM in signals and self._is_our_handler():
                self._terminate()
            self._report.note()

    def _is_our_handler(self) -> bool:
        return signal.getsignal(signal.SIGTERM) == self._terminate

    def _in_child(self) -> None:
        """Restore the default SIGTERM in a forked child."""
        if self._is_our_handler():
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.set_wakeup_fd(-1)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})

    def _finish(self) -> None:
        """Flush the rest of the output, and write the final termination message."""
        if not self._report.is_of_this_process:
            return
        self._has_begun.acquire()  # blocks forever if SIGTERM came first
        _flush()
        self._pump.drain(_DRAIN_SECONDS)
        has_failed = self._report.facts.get("exitCode", 0) != 0
        self._report.note(lastError=self._errors.last_error() if has_failed else "")

    def _terminate(self, *_: object) -> None:
        """Exit at once: a program that continues, or unwinds, may report a false success."""
        if not self._has_begun.acquire(blocking=False):
            return
        try:
            self._report.note(exitCode=EXIT_TERMINATED, cause="stopped by SIGTERM")
            self._pump.drain(_TERMINATION_DRAIN_SECONDS)
            somebody_reads = select.select([], [self._pump.real_stderr], [], 0)[1]
            if somebody_reads:
                seconds = self._report.facts["durationSeconds"]
                os.write(self._pump.real_stderr, f"launcher: stopped by SIGTERM after {seconds} s\n".encode())
        finally:
            os._exit(EXIT_TERMINATED)


def _flush() -> None:
    with suppress(Exception):
        sys.stdout.flush()
        sys.stderr.flush()
    # Output of C code, which is fully buffered into a pipe.
    with suppress(Exception):
        import ctypes

        ctypes.CDLL(None).fflush(None)
