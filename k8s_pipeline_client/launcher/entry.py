"""Runs the image's own entry point in this process, as Python itself would."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from types import ModuleType, TracebackType

from k8s_pipeline_client.launcher.redact import mask
from k8s_pipeline_client.launcher.unusable import no_entry_point, read_file
from k8s_pipeline_client.launcher.visible import visible

_MAX_CAUSE = 1500  # characters per exception
_MAX_CHAIN = 99  # a chain of exceptions may be circular


def execute(target: list[str]) -> None:
    """Run a file, or with ``-m`` a module, as ``__main__``, with its own ``sys.argv`` and ``sys.path[0]``.

    Raises:
        Unusable: There is no such file or module.
    """
    if target[0] == "-m":
        _execute_module(target[1:])
    else:
        _execute_file(target)


def _execute_file(target: list[str]) -> None:
    path = os.path.abspath(target[0])
    try:
        os.lstat(path)
    except FileNotFoundError:
        raise no_entry_point(f"{os.path.basename(path)} in {os.path.dirname(path)}") from None
    except OSError:
        pass  # it may exist; reading it raises the error
    sys.argv = target
    _put_on_path(os.path.dirname(os.path.realpath(path)))
    code = compile(read_file(path, "entry point"), path, "exec", dont_inherit=True)
    module = ModuleType("__main__")
    module.__file__ = path
    sys.modules["__main__"] = module
    exec(code, module.__dict__)


def _execute_module(target: list[str]) -> None:
    # Imported here, since most pods start a file and do not need them.
    import importlib.util
    import runpy

    sys.argv = target
    _put_on_path(os.getcwd())
    if not importlib.util.find_spec(target[0].partition(".")[0]):
        raise no_entry_point(f"module {target[0]}")
    runpy.run_module(target[0], run_name="__main__", alter_sys=True)


def _put_on_path(folder: str) -> None:
    if not getattr(sys.flags, "safe_path", False):  # PYTHONSAFEPATH, from Python 3.11 on
        sys.path.insert(0, folder)


def own_part(trace: TracebackType | None) -> TracebackType | None:
    """Return a traceback without the frames before the entry point."""
    while trace and _is_in_front(trace.tb_frame.f_code.co_filename):
        trace = trace.tb_next
    return trace


def _is_in_front(path: str) -> bool:
    return os.path.dirname(path) == os.path.dirname(__file__) or path.endswith(("runpy.py", "<frozen runpy>"))


def cause_of(error: BaseException, secrets: list[str]) -> str:
    """Return the messages of an exception and of its root cause, in one redacted line."""
    said = _said_by(error, secrets)
    said_first = _said_by(_root_of(error), secrets)
    return said if said_first in said else f"{said} (from {said_first})"


def _root_of(error: BaseException) -> BaseException:
    for _ in range(_MAX_CHAIN):
        context = None if error.__suppress_context__ else error.__context__
        before = error.__cause__ or context
        if before is None:
            break
        error = before
    return error


def _said_by(error: BaseException, secrets: list[str]) -> str:
    text = type(error).__name__
    with suppress(Exception):  # its own __str__ may fail
        text = mask(f"{text}: {error}", secrets)
    return visible(" ".join(text.split()))[:_MAX_CAUSE]
