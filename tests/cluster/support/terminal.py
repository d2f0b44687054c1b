"""Bash on a terminal, in which a test types."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

PROGRAMS = Path(sys.executable).parent
_SECONDS = 90.0
_SETUP = (
    "PS1='> '; HISTFILE=/dev/null; bind 'set enable-bracketed-paste off'; bind 'set show-all-if-ambiguous on'; "
    "bind 'set page-completions off'; bind 'set completion-query-items -1'; "
    # What readline holds, as it is: to be told from what it has drawn on the way.
    'bind -x \'"\\C-g": printf "\\n{%s}\\n" "$READLINE_LINE"\'; '
    "source <(k8s-pipeline completion bash); echo set-up-'done'"
)
_LINE = re.compile(r"\n\{(.*)\}\r?\n")


class Terminal:
    """A bash on a terminal of its own."""

    def __init__(self, columns: int, environment: Mapping[str, str]) -> None:
        self._process, self._side = pty.fork()
        if not self._process:
            os.execvpe("bash", ["bash", "--noprofile", "--norc", "-i"], dict(environment))
        fcntl.ioctl(self._side, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
        self.run(_SETUP, "set-up-done")

    def run(self, line: str, until: str) -> str:
        """Type a line, and return what is shown up to a text."""
        os.write(self._side, f"{line}\r".encode())
        return self._until(re.compile(re.escape(until)))

    def complete(self, line: str, *, tabs: int = 1) -> str:
        """Type the beginning of a line and Tab, and return what then stands there; the line is then cleared."""
        os.write(self._side, line.encode() + b"\t" * tabs + b"\x07")
        found = _LINE.search(self._until(_LINE))
        assert found is not None
        os.write(self._side, b"\x15")
        return found[1]

    def offered(self, line: str) -> str:
        """Type the beginning of a line and Tab twice, and return all that is shown."""
        os.write(self._side, line.encode() + b"\t\t\x07")
        shown = self._until(_LINE)
        os.write(self._side, b"\x15")
        return shown

    def close(self) -> None:
        """End it."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._process, signal.SIGKILL)
        os.waitpid(self._process, 0)
        os.close(self._side)

    def _until(self, wanted: re.Pattern[str]) -> str:
        shown, end = "", time.monotonic() + _SECONDS
        while not wanted.search(shown):
            left = end - time.monotonic()
            if left <= 0 or not select.select([self._side], [], [], left)[0]:
                raise AssertionError(f"{wanted.pattern!r} was not shown in {_SECONDS:.0f} s: {shown!r}")
            shown += os.read(self._side, 65536).decode("utf-8", "replace")
        return shown


@contextlib.contextmanager
def terminal(columns: int = 200, **variables: str) -> Iterator[Terminal]:
    """A bash whose PATH begins with this environment's programs, until the block ends."""
    kept = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "PROMPT_COMMAND")}
    path = f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"
    found = Terminal(columns, {**kept, "TERM": "xterm-256color", "PATH": path, "LC_ALL": "C.UTF-8", **variables})
    try:
        yield found
    finally:
        found.close()
