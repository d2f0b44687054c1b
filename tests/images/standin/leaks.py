"""The ways in which a secret gets into a log: what a redaction has to hold against."""

import json
import logging
import os
import subprocess
import sys
import threading
import traceback
import warnings
from collections.abc import Callable
from urllib.parse import quote

logger = logging.getLogger("standin.leaks")


def leak(value: str, way: str) -> None:
    if way not in _WAYS:
        raise ValueError(f"unknown way {way!r}; known: {', '.join(sorted(_WAYS))}")
    sys.stdout.flush()
    _WAYS[way](value)
    sys.stdout.flush()


def _print(value: str) -> None:
    print(f"leak print: {value}")


def _stderr(value: str) -> None:
    print(f"leak stderr: {value}", file=sys.stderr, flush=True)


def _logging(value: str) -> None:
    logger.warning("leak logging: %s", value)


def _write(value: str) -> None:
    """Past sys.stdout, on the file descriptor."""
    os.write(1, f"leak write: {value}\n".encode())


def _child(value: str) -> None:
    subprocess.run(["echo", f"leak child: {value}"], check=True)


def _split(value: str) -> None:
    """In two writes, cut in the middle of the secret."""
    middle = len(value) // 2
    os.write(1, f"leak split: {value[:middle]}".encode())
    os.write(1, f"{value[middle:]}\n".encode())


def _partial_line(value: str) -> None:
    """Without a newline at the end: what waits for whole lines must not lose or pass it."""
    os.write(1, f"leak partialLine: {value}".encode())


def _traceback(value: str) -> None:
    """A traceback that is printed and survived, with the value in its message."""
    try:
        raise ValueError(f"leak traceback: cannot connect with {value}")
    except ValueError:
        traceback.print_exc()


def _thread(value: str) -> None:
    thread = threading.Thread(target=print, args=(f"leak thread: {value}",))
    thread.start()
    thread.join()


def _warning(value: str) -> None:
    warnings.warn(f"leak warning: {value}", UserWarning, stacklevel=2)


def _json(value: str) -> None:
    print("leak json: " + json.dumps({"password": value}))


def _repr(value: str) -> None:
    print(f"leak repr: {value!r}")


def _url(value: str) -> None:
    print(f"leak url: postgresql://reader:{quote(value, safe='')}@shop:5432/shop")


def _raise(value: str) -> None:
    """Ends the run: the interpreter itself prints the traceback."""
    raise RuntimeError(f"leak raise: {value}")


_WAYS: dict[str, Callable[[str], None]] = {
    "print": _print,
    "stderr": _stderr,
    "logging": _logging,
    "write": _write,
    "child": _child,
    "split": _split,
    "partialLine": _partial_line,
    "traceback": _traceback,
    "thread": _thread,
    "warning": _warning,
    "json": _json,
    "repr": _repr,
    "url": _url,
    "raise": _raise,
}

# Every way after which the run goes on, with the unfinished line last.
GENTLE = tuple(way for way in _WAYS if way not in ("raise", "partialLine"))
WAYS = tuple(_WAYS)
