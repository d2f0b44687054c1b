"""The program that a pod starts: ``python launcher.py --config FILE -- main.py …``, or ``-m package.module``.

It runs the image's own entry point, in this process. ``os.environ["config"]`` is answered from FILE, a JSON
object, and is in no environment. What is written to the descriptors 1 and 2, by whomever, passes through a pump
that strikes the document's secrets out: as they stand, line by line, escaped for JSON, Python or SQL, quoted for a
URL, in base64 (``Basic`` too; up to four bits show at either end). Not covered: values under ``MIN_LENGTH``, other
encodings, other line lengths, other ways out. SIGTERM ends the process at once with 143, unless the program has a
handler, and tells nobody: only Kubernetes knows what comes next. C code that keeps the GIL holds it off.

The exit code is the entry point's, or 78 (``EX_CONFIG``): it was not started, as the document or the entry point
cannot be used, and trying again is of no use. Only the standard library is needed; importing does nothing.
"""

from __future__ import annotations

import atexit
import base64
import faulthandler
import hashlib
import json
import os
import re
import select
import signal
import sys
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from functools import partial
from typing import Any
from urllib.parse import quote, quote_plus, unquote

MASK = "*********"  # OpenMetadata's own
MIN_LENGTH = 4  # shorter values are not struck: it would make a log illegible and hide little
MIN_LINE = 8  # the same for one line of a secret of several lines
EXIT_UNUSABLE, EXIT_TERMINATED, MESSAGE_SIZE, PIPE_SIZE = 78, 143, 4096, 1 << 20

_WORDS = {"true", "false", "none", "null", "True", "False", "None"}  # are never secrets
_SECRET = re.compile(
    r"(?i)passw(?:or)?d|pwd|passphrase|passcode|secret|token|jwt|credential|conn(?:ection)?str|authorization|bearer"
    r"|authheader|cookie|userinfo|proxyauth|jaasconfig|certificate|certvalue|(?:^|db|user)pass$|dsn$|^pat$"
    r"|(?:private|api|access|account|shared|signing|encryption|fernet|master|client|storage|ssl|tls)key"
)
_ABOUT = re.compile(
    r"(?i)(?:paths?|file|filename|location|dir|directory|ur[li]s?|endpoint|host|hostport|port|types?|names?|mode"
    r"|methods?|mechanism|provider|loader|manager|(?<!jaas)config|configuration|policy|expiry(?:time)?|issuer|arn|ref"
    r"|expires(?:at|in)?|expiration|validity|algorithm|alias|status|format|claims?|mapping|audience|scopes?|prefix"
    r"|source|version|tokenizer|(?<!accesskey)ids?)$"
)
_KEY = re.compile(r"(?s)-----BEGIN [A-Z ]*KEY-----.*?(?:-----END[A-Z -]+|\Z)|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*")
_URL_PASSWORDS = re.compile(r"://[^\s:/?#@]*:([^\s@/?#]+)@"), re.compile(r"://[^\s:/?#@]*:(\S{1,1000})@")
_PAIR = re.compile(r"\b([\w.-]{1,60})=(\"[^\"]*\"|'[^']*'|[^\s;&,\"']+)")
_SCHEME = re.compile(r"(?i)(?:Bearer|Basic|Token|ApiKey) +")


_plain = partial(re.compile(r"[^A-Za-z0-9]").sub, "")


def is_secret_key(name: str) -> bool:
    """Tell whether the name of a key says that its value is a secret: ``apiKey``, and not ``tokenUrl``."""
    return bool(_SECRET.search(_plain(name))) and not _ABOUT.search(_plain(name))


def _secrets_in(text: str, secret: bool) -> Iterator[str]:
    """Yield the secrets that one string has in it; the string itself too where ``secret`` says so."""
    wholes = [match.group() for match in _KEY.finditer(text)]
    if secret:
        wholes += [text, _SCHEME.sub("", text, count=1), "" if "://" in text else text.partition(":")[2]]
    for whole in wholes:
        yield whole
        lines = [line.strip() for line in re.split(r"[\r\n]+|(?:\\[rn])+", whole.strip())]
        yield from (x for x in lines if len(x) >= MIN_LINE and x != whole and not x.startswith("-----"))
    values = [match.group(1) for pattern in _URL_PASSWORDS for match in pattern.finditer(text)]
    values += [value.strip("\"'") for name, value in _PAIR.findall(text) if is_secret_key(name)]
    yield from (form for value in values for form in (value, unquote(value)))


def secret_values(document: object) -> list[str]:
    """Return the secrets of a workflow document, longest first.

    Those are the strings under keys that :func:`is_secret_key`, the passwords of URLs and of ``name=value`` pairs,
    private keys and JSON web tokens in any string; also within a string that is JSON. Short values and words like
    ``true`` are left out. A mapping under ``credentials`` is looked at key by key, for it holds names and hosts.
    """
    found: set[str] = set()
    stack: list[tuple[Any, bool]] = [(document, False)]
    while stack:
        node, secret = stack.pop()
        if isinstance(node, dict):
            named = is_secret_key(str(node.get("name") or node.get("key")))  # {"name": "token", "value": …}
            for key, value in node.items():
                inherits = (secret and not _ABOUT.search(_plain(key))) or (named and key == "value")
                by_key = isinstance(value, dict) and "credential" in key.lower()
                stack.append((value, (inherits or is_secret_key(key)) and not by_key))
        elif isinstance(node, (list, tuple)):
            stack.extend((item, secret) for item in node)
        elif isinstance(node, str):
            found.update(value.strip() for value in _secrets_in(node, secret))
            if node.lstrip()[:1] in ("{", "["):
                with suppress(ValueError, RecursionError):
                    stack.append((json.loads(node), secret))
    kept = {x for x in found if len(x) >= MIN_LENGTH and x.strip("*")} - _WORDS
    return sorted(kept, key=lambda value: (-len(value), value))


def _spellings(secret: str, within: bool) -> set[bytes]:
    """Return every form of a secret that is struck; ``within`` says that base64 may have it in a longer text."""
    raw, forms = secret.encode("utf-8", "surrogatepass"), {secret}
    for _ in range(2):  # twice, for the repr of a JSON text is a common sight
        for text in list(forms):
            forms |= {json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1], text.replace("'", "''")}
            for escape in (repr, ascii):  # as within single and as within double quotes
                forms.add(escape('"' + text)[2:-1])
                forms.add("'".join(escape('"' + part)[2:-1] for part in text.split("'")))
    forms.update(quote(raw, safe=safe) for safe in ("", "/", " +", "!#$%&'()*+,/:;=?@[]~"))
    forms |= {quote_plus(raw), repr(raw + b'"')[2:-2], re.sub("[:@/]", lambda at: f"%{ord(at.group()):X}", secret)}
    struck = {form.encode("utf-8", "surrogatepass") for form in forms}
    for offset in range(3) if within and len(raw) > 6 else ():
        whole = base64.b64encode(bytes(offset) + raw + bytes(2))
        piece = whole[-(-offset * 8 // 6) : (offset + len(raw)) * 8 // 6]
        struck |= {piece, piece.replace(b"+", b"-").replace(b"/", b"_")}
    return struck


class Masker:
    """Strikes secrets out of a stream of bytes, the leftmost first, there the longest, however it is cut."""

    def __init__(self, secrets: Collection[str]) -> None:
        lines = {line.strip() for secret in secrets if "\n" in secret for line in secret.splitlines()}
        forms = sorted({form for x in secrets for form in _spellings(x, within=x not in lines)}, key=len)
        self._forms, self._held = forms, b""
        self._starts = {form[:size] for form in forms for size in range(1, MIN_LENGTH + 1)}

    def feed(self, data: bytes, *, last: bool = False) -> bytes:
        """Take the next piece and return what can be let through; all of it where it is the last one."""
        data = self._held + data
        hits: list[tuple[int, int]] = []
        for form in filter(data.__contains__, self._forms):
            hits += ((at.start(), -len(form)) for at in re.finditer(b"(?=" + re.escape(form) + b")", data))
        position, end, shown = 0, len(data) if last else self._open_end(data, 0), []
        for at, negative_length in sorted(hits):
            if position <= at < end:
                shown += [data[position:at], MASK.encode()]
                position = at - negative_length
                end = end if position <= end else self._open_end(data, position)
        self._held = data[end:]
        return b"".join((*shown, data[position:end]))

    def _open_end(self, data: bytes, start: int) -> int:
        """Return where, from ``start`` on, the longest end begins that is the beginning of a secret."""
        size = len(data)
        for at in range(max(start, size + 1 - len(self._forms[-1])) if self._forms else size, size):
            rest = data[at:] if data[at : at + MIN_LENGTH] in self._starts else b""
            if rest and any(len(form) > len(rest) and form.startswith(rest) for form in self._forms):
                return at
        return size


def mask(text: str, secrets: Collection[str]) -> str:
    """Return ``text`` with all spellings of ``secrets``, as :func:`secret_values` finds them, struck out."""
    return Masker(secrets).feed(text.encode("utf-8", "surrogatepass"), last=True).decode("utf-8", "surrogatepass")


class _Unusable(Exception):
    """The document or the entry point cannot be used."""


class _Environ(os._Environ):  # type: ignore[type-arg]
    """``os.environ`` that knows ``config`` but does not list it, so that no copy has it."""

    def __iter__(self) -> Iterator[str]:
        return (name for name in super().__iter__() if name != "config")


class _Pump:
    """Carries what is written to the descriptors 1 and 2 to where they led before, masked.

    Where a piece cannot be masked or written, the rest is read and thrown away: neither shown nor left to block.
    """

    def __init__(self, secrets: list[str]) -> None:
        import fcntl

        self.real_stderr, self._null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
        self._stop, self._stopper = os.pipe()
        self._threads = []
        for descriptor, target in ((1, os.dup(1)), (2, self.real_stderr)):
            os.set_blocking(target, True)
            reader, writer = os.pipe()
            with suppress(OSError):  # C code that holds the GIL and writes more than fits in would wait for ever
                fcntl.fcntl(writer, 1031, PIPE_SIZE)  # F_SETPIPE_SZ, which has a name from Python 3.10 on
            arguments = (reader, target, Masker(secrets))
            self._threads.append(threading.Thread(target=self._carry, args=arguments, daemon=True))
            self._threads[-1].start()
            os.dup2(writer, descriptor)
            os.close(writer)

    def drain(self, timeout: float) -> None:
        """Show all that was written up to now, and end: what children still write is not waited for."""
        os.dup2(self._null, 1)
        os.dup2(self._null, 2)
        os.write(self._stopper, b".")
        for thread in self._threads:
            thread.join(timeout)

    def _carry(self, reader: int, target: int, masker: Masker) -> None:
        data, left, withheld = b".", 1 << 60, False
        while data:
            if self._stop in select.select([reader, self._stop], [], [])[0]:
                os.set_blocking(reader, False)
                left = min(left, PIPE_SIZE)  # what is in the pipe is all that will be
            data = b""
            with suppress(OSError):  # it is empty now, or the program has closed it
                data = os.read(reader, min(left, 1 << 16))
            left -= len(data)
            try:
                masked = b"" if withheld else masker.feed(data, last=not data)
                while masked:
                    masked = masked[os.write(target, masked) :]
            except Exception:
                withheld = True
                with suppress(OSError):
                    os.write(self.real_stderr, b"launcher: output that cannot be masked or written is withheld\n")


class _Attempt:
    """One run of the entry point: what surrounds it, its end, its termination message."""

    def __init__(self, log: str, refresh: float) -> None:
        self._log, self._refresh, self._pid, self._began = log, refresh, os.getpid(), time.monotonic()
        self._writing, self._ending = threading.RLock(), threading.Lock()
        self.facts: dict[str, Any] = {"startedAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}

    def note(self, **facts: object) -> None:
        """Rewrite the termination message, where there is one; it is never empty in between."""
        from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage

        if os.getpid() != self._pid:  # a child that the program forked, and that ends as its parent would
            return
        with self._writing, suppress(OSError):
            self.facts.update((name, fact) for name, fact in facts.items() if fact != "")
            peak = max(getrusage(who).ru_maxrss for who in (RUSAGE_SELF, RUSAGE_CHILDREN)) * 1024
            self.facts.update(durationSeconds=round(time.monotonic() - self._began, 1), peakMemoryBytes=peak)
            while len(data := json.dumps(self.facts, ensure_ascii=False).encode(errors="replace")) > MESSAGE_SIZE:
                self.facts["cause"] = self.facts["cause"][: len(self.facts["cause"]) * 7 // 8] + "…"
            with os.fdopen(os.open(self._log, os.O_WRONLY), "wb", buffering=0) as file:
                file.write(data)
                file.truncate()

    def surround(self, secrets: list[str]) -> None:
        """Put the pump, the way out and the signal handler in place."""
        self._pump = _Pump(secrets)
        atexit.register(self._finish)  # the first to be registered is the last to run
        faulthandler.enable(self._pump.real_stderr)  # it writes no values
        hold = partial(signal.pthread_sigmask, signal.SIG_BLOCK, {signal.SIGTERM})
        release = partial(signal.pthread_sigmask, signal.SIG_UNBLOCK, {signal.SIGTERM})
        os.register_at_fork(before=hold, after_in_child=self._in_child, after_in_parent=release)
        woken, waker = os.pipe()
        os.set_blocking(waker, False)
        signal.signal(signal.SIGTERM, self._terminate)
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        threading.Thread(target=self._watch, args=(woken,), daemon=True).start()
        sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]

    def _watch(self, woken: int) -> None:
        """Keep the termination message fresh, and see SIGTERM while the main thread is in C code."""
        while True:
            signals = select.select([woken], [], [], self._refresh)[0] and os.read(woken, 64)
            if signal.SIGTERM in signals and signal.getsignal(signal.SIGTERM) == self._terminate:
                self._terminate(signal.SIGTERM, None)
            self.note()

    def _finish(self) -> None:
        """Show what is left of the output, and write the last termination message."""
        if os.getpid() == self._pid:
            self._ending.acquire()  # where SIGTERM came first: for good
            with suppress(Exception):
                sys.stdout.flush()
                sys.stderr.flush()
            with suppress(Exception):  # what C code printed: into a pipe, it waits for a full buffer
                import ctypes

                ctypes.CDLL(None).fflush(None)
            self._pump.drain(timeout=30)
            self.note()

    def _terminate(self, *_: object) -> None:
        """Leave at once: a program that goes on, or is made to stop, may report a success that is none."""
        if self._ending.acquire(blocking=False):
            try:
                self.note(exitCode=EXIT_TERMINATED, cause="stopped by SIGTERM")
                self._pump.drain(timeout=1)
                if select.select([], [self._pump.real_stderr], [], 0)[1]:  # somebody reads it
                    words = f"launcher: stopped by SIGTERM after {self.facts['durationSeconds']} s\n"
                    os.write(self._pump.real_stderr, words.encode())
            finally:
                os._exit(EXIT_TERMINATED)

    def _in_child(self) -> None:
        """Give a forked child the usual SIGTERM, which has been held back: it would have ended this process."""
        if signal.getsignal(signal.SIGTERM) == self._terminate:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.set_wakeup_fd(-1)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})


def _cause(error: BaseException, secrets: list[str]) -> str:
    """Return what an exception says, and what the one at its root says, in one masked line."""
    root = error
    for _ in range(99):  # it may go round in circles
        root = root.__cause__ or (None if root.__suppress_context__ else root.__context__) or root
    lines = []
    for link in (error, root):
        text = type(link).__name__
        with suppress(Exception):
            text = mask(f"{text}: {link}", secrets)
        lines.append(" ".join(text.split())[:1500])
    return lines[0] if lines[1] in lines[0] else f"{lines[0]} (from {lines[1]})"


def _execute(target: list[str]) -> None:
    """Run a file, or with ``-m`` a module, as ``__main__``, with its own ``sys.argv`` and ``sys.path[0]``."""
    import importlib.util
    import runpy
    from types import ModuleType

    is_module, path = target[0] == "-m", os.path.abspath(target[0])
    sys.argv, sys.path[0] = (
        target[is_module:],
        os.getcwd() if is_module else os.path.dirname(os.path.realpath(path)),
    )
    if not is_module:
        sys.modules["__main__"] = module = ModuleType("__main__")
        module.__file__ = path
        exec(compile(_read(path, "entry point"), path, "exec", dont_inherit=True), module.__dict__)
    elif importlib.util.find_spec(target[1].partition(".")[0]):
        runpy.run_module(target[1], run_name="__main__", alter_sys=True)
    else:
        raise _Unusable(f"there is no module {target[1]} to start")


def _read(path: str, what: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise _Unusable(f"cannot read the {what} {path}: {error.strerror}") from None


def _parse(raw: bytes) -> dict[str, Any]:
    with suppress(ValueError, RecursionError):  # their text could show a piece of it
        document = json.loads(raw.decode())
        if isinstance(document, dict):
            return document
    raise _Unusable("the document is not a JSON object")


def main(arguments: list[str]) -> int:
    """Run the entry point that the command line names, and return its exit code."""
    import argparse

    parser = argparse.ArgumentParser(prog="launcher.py", usage="%(prog)s --config FILE -- main.py [ARGUMENT ...]")
    parser.add_argument("--config", required=True)
    parser.add_argument("--launcher", default="")
    parser.add_argument("--termination-log", default="/dev/termination-log")
    parser.add_argument("--refresh", type=float, default=15.0)
    parser.add_argument("target", nargs="+")
    options = parser.parse_args(arguments)
    attempt, secrets = _Attempt(options.termination_log, options.refresh), []
    try:
        raw = _read(options.config, "document")
        attempt.note(launcher=options.launcher, documentSha256=hashlib.sha256(raw).hexdigest())
        secrets = secret_values(_parse(raw))
        os.environ.pop("config", None)
        os.environ.__class__ = _Environ
        os.environ._data[os.environ.encodekey("config")] = raw  # type: ignore[attr-defined]
        attempt.surround(secrets)
        _execute(options.target)
    except _Unusable as error:
        attempt.note(exitCode=EXIT_UNUSABLE, cause=str(error))
        print(f"launcher: {error}", file=sys.stderr, flush=True)
        return EXIT_UNUSABLE
    except SystemExit as stop:
        status = 0 if stop.code is None else stop.code & 255 if isinstance(stop.code, int) else 1
        attempt.note(exitCode=status, cause=_cause(stop, secrets) if status else "")
        raise
    except BaseException as error:
        attempt.note(exitCode=1, cause=_cause(error, secrets))
        trace = error.__traceback__
        while trace and trace.tb_frame.f_code.co_filename.endswith((__file__, "runpy.py", "<frozen runpy>")):
            trace = trace.tb_next
        sys.excepthook(type(error), error.with_traceback(trace), trace)
        return 1
    attempt.facts["exitCode"] = 0
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
