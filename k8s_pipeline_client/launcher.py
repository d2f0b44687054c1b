"""The program that a pod starts: it runs the image's own entry point, in this process, with three things added.

::

    python launcher.py [--termination-log FILE] [--refresh SECONDS] --config FILE -- main.py [ARGUMENT ...]
    python launcher.py … --config FILE -- -m package.module [ARGUMENT ...]

1. ``os.environ["config"]`` is answered from FILE, a JSON object; no environment has it, no child inherits it.
2. Whatever this process or a child writes to the descriptors 1 and 2 passes through a pump that strikes the
   document's secrets out: as they stand, line by line, escaped for JSON, Python or SQL, quoted for a URL, and in
   base64 (so in ``Basic`` authentication too; up to four bits show at either end). Not covered: values under
   :data:`MIN_LENGTH` characters, other encodings (hexadecimal, gzip, HTML), lines wrapped at another length,
   output that does not go through 1 and 2, secrets that are not in the document.
3. SIGTERM ends the process at once with 143, and tells nobody: only Kubernetes knows what comes next. A handler
   of the program's own has precedence. C code that never releases the GIL holds it off.

The exit code is the entry point's; 78 (``EX_CONFIG``) says that it was not started, since the document or the
entry point cannot be used, and that trying again is of no use. The termination message is a JSON object:
``startedAt``, ``durationSeconds``, ``peakMemoryBytes`` (of this process or its largest finished child),
``documentSha256``, ``launcher``, and at the end ``exitCode`` and ``cause``. It is written at the start and
refreshed, so that an attempt which is killed leaves one too. Only the standard library; importing does nothing.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from copy import copy
from typing import Any
from urllib.parse import quote, quote_plus, unquote

MASK = "*********"  # OpenMetadata's own
MIN_LENGTH = 4  # shorter values are not struck: it would make a log illegible and hide little
MIN_PIECE = 8  # the same for one line of a secret of several lines, and for a piece of base64
EXIT_UNUSABLE, EXIT_TERMINATED = 78, 143
MESSAGE_LIMIT = 4096

_SECRET = re.compile(
    r"passw(?:or)?d|pwd|passphrase|passcode|secret|token|jwt|credential|conn(?:ection)?str|authorization|bearer"
    r"|authheader|cookie|userinfo|proxyauth|jaasconfig|certificate|certvalue|(?:^|db|user)pass$|dsn$|^pat$"
    r"|(?:private|api|access|account|shared|signing|encryption|fernet|master|client|storage|ssl|tls)key"
)
_ABOUT = re.compile(
    r"(?:paths?|file|filename|location|dir|directory|ur[li]s?|endpoint|host|hostport|port|types?|names?|mode|methods?"
    r"|mechanism|provider|loader|manager|(?<!jaas)config|configuration|policy|expiry|expires(?:at|in)?|expirytime"
    r"|expiration|validity|duration|ttl|lifetime|timeout|seconds|interval|algorithm|serializer|alias|count|length"
    r"|size|limit|number|enabled|status|format|encoding|claims?|mapping|issuer|audience|scopes?|position|prefix"
    r"|suffix|pattern|source|version|region|arn|ref|tokenizer|strategy|(?<!accesskey)ids?)$"
)
_TELLTALE = re.compile(  # private keys and JSON web tokens
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
    r"|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*",
    re.DOTALL,
)
_URL_PASSWORDS = re.compile(r"://[^\s:/?#@]*:([^\s@/?#]+)@"), re.compile(r"://[^\s:/?#@]*:(\S{1,1000})@")
_PAIR = re.compile(r"\b([\w.-]{1,60})=(\"[^\"]*\"|'[^']*'|[^\s;&,\"']+)")
_SCHEME = re.compile(r"(?:Bearer|Basic|Token|ApiKey) +", re.IGNORECASE)
_LINE_END = re.compile(r"[\r\n]+|(?:\\[rn])+")


def _plain(name: object) -> str:
    return re.sub(r"[^a-z0-9]", "", str(name).lower())


def is_secret_key(name: str) -> bool:
    """Tell whether the name of a key says that its value is a secret.

    Case, dashes and underscores do not count: ``awsSecretAccessKey``, ``private_key``, ``X-Api-Key``. Names of
    things *about* a secret are none: ``tokenUrl``, ``secretsManagerProvider``, ``privateKeyPath``.
    """
    return bool(_SECRET.search(_plain(name))) and not _ABOUT.search(_plain(name))


def _secrets_in(text: str, secret: bool) -> Iterator[str]:
    """Yield the secrets that one string has in it; the string itself too where ``secret`` says so."""
    wholes = [match.group() for match in _TELLTALE.finditer(text)]
    if secret:
        wholes += [text, _SCHEME.sub("", text, count=1), "" if "://" in text else text.partition(":")[2]]
    for whole in wholes:
        yield whole
        lines = [line.strip() for line in _LINE_END.split(whole.strip())]
        yield from (x for x in lines if len(x) >= MIN_PIECE and x != whole and not x.startswith("-----"))
    values = [match.group(1) for pattern in _URL_PASSWORDS for match in pattern.finditer(text)]
    values += [value.strip("\"'") for name, value in _PAIR.findall(text) if is_secret_key(name)]
    yield from (form for value in values for form in (value, unquote(value)))


def secret_values(document: object) -> list[str]:
    """Return the secrets of a workflow document, longest first.

    Those are the strings under keys that :func:`is_secret_key`, the passwords of URLs and of ``name=value`` pairs,
    private keys and JSON web tokens in any string; also within a string that is JSON itself. Short values and
    words like ``true`` are left out. Under a secret key all of a mapping is secret, but under ``credentials`` it
    is looked at key by key: it holds names and hosts too.
    """
    found: set[str] = set()
    stack: list[tuple[Any, bool]] = [(document, False)]
    while stack:
        node, secret = stack.pop()
        if isinstance(node, dict):
            named = is_secret_key(node.get("name") or node.get("key") or "")  # {"name": "token", "value": …}
            for key, value in node.items():
                inherits = (secret and not _ABOUT.search(_plain(key))) or (named and key == "value")
                by_key = isinstance(value, dict) and "credential" in _plain(key)
                stack.append((value, (inherits or is_secret_key(key)) and not by_key))
        elif isinstance(node, (list, tuple)):
            stack.extend((item, secret) for item in node)
        elif isinstance(node, str):
            found.update(value.strip() for value in _secrets_in(node, secret))
            if node.lstrip()[:1] in ("{", "["):
                with suppress(ValueError, RecursionError):
                    stack.append((json.loads(node), secret))
    words = ("true", "false", "none", "null")
    kept = [x for x in found if len(x) >= MIN_LENGTH and x.strip("*") and x.lower() not in words]
    return sorted(kept, key=lambda value: (-len(value), value))


def _escaped(text: str) -> Iterator[str]:
    yield json.dumps(text)[1:-1]
    yield json.dumps(text, ensure_ascii=False)[1:-1]
    for escape in (repr, ascii):  # as within double and as within single quotes
        yield "'".join(escape('"' + part)[2:-1] for part in text.split("'"))
        yield escape('"' + text)[2:-1]
    yield text.replace("'", "''")


def _spellings(secret: str, within: bool) -> set[bytes]:
    """Return every form of a secret that is struck; ``within`` says that base64 may have it in a longer text."""
    raw = secret.encode("utf-8", "surrogatepass")
    forms = {secret}
    for _ in range(2):  # twice, for the repr of a JSON text is a common sight
        forms |= {form for text in forms for form in _escaped(text)}
    forms.update(quote(raw, safe=safe) for safe in ("", "/", " +", "!#$%&'()*+,/:;=?@[]~"))
    forms |= {quote_plus(raw), repr(raw + b'"')[2:-2], re.sub("[:@/]", lambda at: f"%{ord(at.group()):X}", secret)}
    struck = {form.encode("utf-8", "surrogatepass") for form in forms}
    for offset in range(3) if within else ():
        whole = base64.b64encode(bytes(offset) + raw + bytes(2))
        piece = whole[-(-offset * 8 // 6) : (offset + len(raw)) * 8 // 6]
        if len(piece) >= MIN_PIECE:
            struck |= {piece, piece.replace(b"+", b"-").replace(b"/", b"_")}
    return struck


def _places(data: bytes, form: bytes, start: int = 0) -> Iterator[int]:
    at = data.find(form, start)
    while at >= 0:
        yield at
        at = data.find(form, at + 1)


class Masker:
    """Strikes secrets out of a stream of bytes, the same whatever the pieces in which it comes.

    The leftmost secret is struck, of several there the longest. Held back is no more than the longest end of the
    stream that could be the beginning of a secret.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        secrets = list(secrets)
        lines = {line.strip() for secret in secrets if "\n" in secret for line in secret.splitlines()}
        forms = sorted({form for x in secrets for form in _spellings(x, within=x not in lines)}, key=len)
        self._needles: list[bytes] = []  # the forms with no other one in them: enough to see that there is nothing
        for form in forms:
            if not any(needle in form for needle in self._needles):
                self._needles.append(form)
        self._forms, self._heads = forms, {form[:MIN_LENGTH] for form in forms}
        self._short = {head[:size] for head in self._heads for size in range(1, MIN_LENGTH)}
        self._held = b""

    def feed(self, data: bytes, *, last: bool = False) -> bytes:
        """Take the next piece and return what can be let through; all of it where it is the last one."""
        data = self._held + data
        hits: list[tuple[int, int]] = []
        if any(needle in data for needle in self._needles):
            hits = sorted((at, -len(form)) for form in self._forms if form in data for at in _places(data, form))
        position, end = 0, len(data) if last else self._open_end(data, 0)
        shown = []
        for at, negative_length in hits:
            if position <= at < end:
                shown += [data[position:at], MASK.encode()]
                position = at - negative_length
                end = end if position <= end else self._open_end(data, position)
        self._held = data[end:]
        return b"".join((*shown, data[position:end]))

    def _open_end(self, data: bytes, start: int) -> int:
        """Return where, from ``start`` on, the longest end begins that is the beginning of a secret."""
        size = len(data)
        first = max(start, size + 1 - len(self._forms[-1])) if self._forms else size
        tail = data[first:]
        for at in sorted(at for head in self._heads if head in tail for at in _places(data, head, first)):
            if any(len(form) > size - at and form.startswith(data[at:]) for form in self._forms):
                return at
        short = (n for n in range(MIN_LENGTH - 1, 0, -1) if n <= size - start and data[size - n :] in self._short)
        return size - next(short, 0)


def mask(text: str, secrets: Iterable[str]) -> str:
    """Return ``text`` with all spellings of ``secrets``, as :func:`secret_values` finds them, struck out."""
    return Masker(secrets).feed(text.encode("utf-8", "surrogatepass"), last=True).decode("utf-8", "surrogatepass")


class _Unusable(Exception):
    """The document or the entry point cannot be used."""


class _Environ(os._Environ):  # type: ignore[type-arg]
    """``os.environ`` that knows one name more, which is not listed and not inherited."""

    document: str | None = None

    def __getitem__(self, key: str) -> str:
        with suppress(KeyError):
            return str(super().__getitem__(key))
        if key == "config" and self.document is not None:
            return self.document
        raise KeyError(key)

    def __delitem__(self, key: str) -> None:
        hidden, self.document = self.document, None if key == "config" else self.document
        if hidden is None or key != "config" or key in self:
            super().__delitem__(key)


class _Report:
    """The termination message."""

    def __init__(self, path: str, refresh: float) -> None:
        self._path, self._refresh, self._started = path, refresh, time.monotonic()
        self._lock = threading.RLock()  # a signal handler comes in a second time
        self.facts: dict[str, Any] = {"startedAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}

    def seconds(self) -> float:
        return round(time.monotonic() - self._started, 1)

    def keep_fresh(self) -> None:
        while True:
            self.write()
            time.sleep(self._refresh)

    def write(self, **more: object) -> None:
        """Rewrite the file, where there is one; it is never empty in between."""
        from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage

        with self._lock, suppress(OSError):
            self.facts.update(more)
            peak = max(getrusage(who).ru_maxrss for who in (RUSAGE_SELF, RUSAGE_CHILDREN)) * 1024
            facts = {**self.facts, "durationSeconds": self.seconds(), "peakMemoryBytes": peak}
            while len(data := json.dumps(facts, ensure_ascii=False).encode("utf-8", "replace")) > MESSAGE_LIMIT:
                facts["cause"] = facts["cause"][: len(facts["cause"]) * 7 // 8] + "…"
            target = os.open(self._path, os.O_WRONLY)
            with os.fdopen(target, "wb", buffering=0) as file:
                file.write(data)
                file.truncate()


class _Pump:
    """Carries what is written to the descriptors 1 and 2 to where they led before, masked.

    Each has a thread of its own, so that neither waits for the other's reader. Where a piece cannot be masked or
    written, the rest of its stream is read and thrown away: neither shown as it is nor left to block the program.
    """

    def __init__(self, masker: Masker) -> None:
        import fcntl

        self.real_stderr, self._null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
        self._stop, self._stopper = os.pipe()
        self._threads = []
        for descriptor, target in ((1, os.dup(1)), (2, self.real_stderr)):
            os.set_blocking(target, True)
            reader, writer = os.pipe()
            with suppress(OSError):  # 1 MiB: C code that holds the GIL and writes more would wait for ever
                fcntl.fcntl(writer, 1031, 1 << 20)  # F_SETPIPE_SZ, which has a name from Python 3.10 on
            thread = threading.Thread(target=self._run, args=(reader, target, copy(masker)), daemon=True)
            thread.start()
            self._threads.append(thread)
            os.dup2(writer, descriptor)
            os.close(writer)

    def drain(self, timeout: float) -> None:
        """Show all that was written up to now, and end: what children still write is not waited for."""
        os.dup2(self._null, 1)
        os.dup2(self._null, 2)
        os.write(self._stopper, b".")
        for thread in self._threads:
            thread.join(timeout)

    def _run(self, reader: int, target: int, masker: Masker) -> None:
        import fcntl
        import select
        import termios

        poll = select.poll()
        poll.register(reader, select.POLLIN)
        poll.register(self._stop, select.POLLIN)
        data, left, stopping, withheld = b".", 1 << 18, False, False
        while data:
            if not stopping and self._stop in dict(poll.poll()):
                stopping = True  # what is in the pipe is all there will be
                left = int.from_bytes(fcntl.ioctl(reader, termios.FIONREAD, bytes(4)), sys.byteorder)
            data = b""
            with suppress(OSError):  # the program may have closed it
                data = os.read(reader, left)
            left -= len(data) if stopping else 0
            try:
                masked = b"" if withheld else masker.feed(data, last=not data)
                while masked:
                    masked = masked[os.write(target, masked) :]
            except Exception:
                withheld = True
                with suppress(OSError):
                    os.write(self.real_stderr, b"launcher: output that cannot be masked or written is withheld\n")


class _Attempt:
    """What surrounds one run of the entry point, and its end."""

    def __init__(self, report: _Report, secrets: list[str]) -> None:
        self._pid, self._report, self._secrets = os.getpid(), report, secrets
        self._pump, self._exit_now = _Pump(Masker(secrets)), os._exit
        self._ending, self._finished, self._local = threading.Lock(), False, threading.local()

    def install(self) -> None:
        import atexit
        import faulthandler

        atexit.register(self._finish)  # the first to be registered is the last to run
        faulthandler.enable(self._pump.real_stderr)  # it writes no values
        os._exit = self._exit  # type: ignore[assignment]
        os.register_at_fork(before=self._fork, after_in_parent=self._forked, after_in_child=self._in_child)
        woken, waker = os.pipe()
        os.set_blocking(waker, False)
        signal.signal(signal.SIGTERM, self._terminate)
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        threading.Thread(target=self._watch, args=(woken,), name="launcher-sigterm", daemon=True).start()
        threading.Thread(target=self._report.keep_fresh, name="launcher-report", daemon=True).start()
        with suppress(AttributeError):
            sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]

    def run(self, target: list[str]) -> int:
        """Run the entry point as Python itself would, and return the exit code."""
        try:
            _execute(target)
        except _Unusable:
            raise
        except SystemExit as stop:
            status = 0 if stop.code is None else stop.code & 255 if isinstance(stop.code, int) else 1
            self._note(status, stop)
            raise
        except BaseException as error:
            self._note(1, error)
            trace = error.__traceback__
            while trace and trace.tb_frame.f_code.co_filename in (__file__, "<frozen runpy>"):
                trace = trace.tb_next
            sys.excepthook(type(error), error.with_traceback(trace), trace)
            return 1
        self._report.facts["exitCode"] = 0
        return 0

    def _note(self, status: int, error: BaseException) -> None:
        if os.getpid() == self._pid:  # not so in a child that the program forked
            self._report.write(exitCode=status, **({"cause": _cause(error, self._secrets)} if status else {}))

    def _finish(self) -> None:
        """Show what is left of the output, and write the last termination message."""
        if os.getpid() == self._pid and not self._finished:
            self._ending.acquire()  # where SIGTERM came first: for good
            self._finished = True
            _flush()
            self._pump.drain(timeout=30)
            self._report.write()

    def _exit(self, status: int) -> None:
        """Stand in for ``os._exit``, which would lose what is in the pump."""
        if os.getpid() == self._pid and not self._finished:
            self._report.facts["exitCode"] = status & 255
            self._finish()
        self._exit_now(status)

    def _watch(self, woken: int) -> None:
        """See SIGTERM while the main thread is in C code."""
        while True:
            if signal.SIGTERM in os.read(woken, 64) and signal.getsignal(signal.SIGTERM) == self._terminate:
                self._terminate(signal.SIGTERM, None)

    def _terminate(self, *_: object) -> None:
        """Leave at once: a program that goes on, or is made to stop, may report a success that is none."""
        if self._ending.acquire(blocking=False):
            try:
                self._report.write(exitCode=EXIT_TERMINATED, cause="stopped by SIGTERM")
                for work, seconds in ((_flush, 0.3), (self._last_words, 2)):  # either may wait for ever
                    thread = threading.Thread(target=work, daemon=True)
                    thread.start()
                    thread.join(seconds)
            finally:
                self._exit_now(EXIT_TERMINATED)

    def _last_words(self) -> None:
        self._pump.drain(timeout=1)
        words = f"launcher: stopped by SIGTERM after {self._report.seconds()} s, at what is not known\n"
        os.write(self._pump.real_stderr, words.encode())

    def _fork(self) -> None:
        """Hold SIGTERM back: a child that is not set up yet would pass it on to this process."""
        self._local.mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})

    def _forked(self) -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, self._local.mask)

    def _in_child(self) -> None:
        if signal.getsignal(signal.SIGTERM) == self._terminate:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.set_wakeup_fd(-1)
        self._forked()


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
    with suppress(Exception):
        import ctypes

        ctypes.CDLL(None).fflush(None)  # what C code printed: into a pipe, it waits for a full buffer


def _cause(error: BaseException, secrets: list[str]) -> str:
    """Return what an exception says, and what the one at its root says, in one masked line."""
    chain = [error]
    while True:
        last = chain[-1]
        deeper = last.__cause__ or (None if last.__suppress_context__ else last.__context__)
        if deeper is None or deeper in chain:
            break
        chain.append(deeper)
    lines = []
    for link in (error, chain[-1]):
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

    name = target[1] if target[0] == "-m" else ""
    path = os.path.abspath(target[0])
    if sys.path and sys.path[0] == os.path.dirname(os.path.realpath(__file__)):
        sys.path[0] = os.getcwd() if name else os.path.dirname(os.path.realpath(path))
    if name:
        sys.argv = target[1:]
        try:
            found = importlib.util.find_spec(name) is not None
        except ModuleNotFoundError as error:
            found = not f"{name}.".startswith(f"{error.name}.")  # it is there, and imports what is not
        if not found:
            raise _Unusable(f"there is no module {name} to start")
        runpy.run_module(name, run_name="__main__", alter_sys=True)
        return
    sys.argv = list(target)
    try:
        with open(path, "rb") as file:
            source = file.read()
    except OSError as error:
        raise _Unusable(f"cannot read the entry point {path}: {error.strerror}") from None
    module = sys.modules["__main__"] = ModuleType("__main__")
    module.__file__ = path
    exec(compile(source, path, "exec", dont_inherit=True), module.__dict__)


def _read_document(path: str, report: _Report) -> tuple[str, dict[str, Any]]:
    try:
        with open(path, "rb") as file:
            raw = file.read()
        report.write(documentSha256=hashlib.sha256(raw).hexdigest())
        text = raw.decode()
        document = json.loads(text)
    except OSError as error:
        raise _Unusable(f"cannot read the document {path}: {error.strerror}") from None
    except (ValueError, RecursionError):  # their text could show a piece of it
        raise _Unusable(f"the document {path} is not JSON") from None
    if not isinstance(document, dict):
        raise _Unusable(f"the document {path} is not a JSON object")
    return text, document


def main(arguments: list[str]) -> int:
    """Run the entry point that the command line names, and return its exit code."""
    import argparse

    with open(__file__, "rb") as file:
        version = hashlib.sha256(file.read()).hexdigest()[:12]
    parser = argparse.ArgumentParser(prog="launcher.py", usage="%(prog)s --config FILE -- main.py [ARGUMENT ...]")
    parser.add_argument("--config", required=True)
    parser.add_argument("--termination-log", default="/dev/termination-log")
    parser.add_argument("--refresh", type=float, default=15.0)
    parser.add_argument("--version", action="version", version=version)
    cut = arguments.index("--") if "--" in arguments else len(arguments)
    options, target = parser.parse_args(arguments[:cut]), arguments[cut + 1 :]
    if not target or target == ["-m"]:
        parser.error("no entry point given after --")
    report = _Report(options.termination_log, options.refresh)
    report.facts["launcher"] = version
    try:
        text, document = _read_document(options.config, report)
        os.environ.pop("config", None)
        os.environ.__class__ = _Environ
        os.environ.document = text  # type: ignore[attr-defined]
        attempt = _Attempt(report, secret_values(document))
        attempt.install()
        return attempt.run(target)
    except _Unusable as error:
        report.write(exitCode=EXIT_UNUSABLE, cause=str(error))
        print(f"launcher: {error}", file=sys.stderr, flush=True)
        return EXIT_UNUSABLE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
