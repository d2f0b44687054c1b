"""Starting, recording and ending the cluster's own processes."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.cluster.local.commands import clean_environment, find
from tests.cluster.local.errors import ClusterError

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_PROGRAMS = (
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kube-proxy",
    "kubelet",
    "coredns",
    "containerd",
    "containerd-shim-runc-v2",
)


@dataclass(frozen=True)
class Process:
    """One process. A number alone is reused; with its start time and the boot it is unique."""

    name: str
    pid: int
    started: int
    boot: str

    @property
    def alive(self) -> bool:
        """Whether exactly this process still runs."""
        return self.boot == boot_id() and _start_time(self.pid) == self.started

    def kill(self, number: signal.Signals) -> None:
        """Send a signal, to this process or to none."""
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


def boot_id() -> str:
    """Return what is different after every boot."""
    return _BOOT_ID.read_text().strip()


def parse_start_time(stat: str) -> int | None:
    """Read a process' start time from /proc/PID/stat; a zombie has none, since nothing of it runs any more."""
    # The second field is the program's name, which may hold spaces and parentheses.
    fields = stat.rsplit(")", 1)[1].split()
    return None if fields[0] in "ZX" else int(fields[19])


def spawn(name: str, argv: Sequence[str | Path], log: Path) -> Process:
    """Start a process that outlives this one: in a session of its own, its output in a file.

    Raises:
        ClusterError: There is no such program.
    """
    program = find(str(argv[0]))
    env = find("env")
    if program is None or env is None:
        raise ClusterError(f"cannot start {name}: {argv[0]} is missing")
    # posix_spawn rather than subprocess: nobody here waits for it, and Popen complains about that.
    # env -C (it then becomes the program itself, with the same number): no folder of the caller's stays in use.
    pid = os.posix_spawn(
        env,
        [env, "-C", "/", program, *map(str, argv[1:])],
        clean_environment(),
        setsid=True,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
    )
    started = _start_time(pid)
    if started is None:
        raise ClusterError(f"{name} ended at once; see {log}")
    return Process(name=name, pid=pid, started=started, boot=boot_id())


def write_record(path: Path, processes: Iterable[Process]) -> None:
    """Write down the processes, at once and whole."""
    temporary = path.with_suffix(".new")
    temporary.write_text(json.dumps([asdict(process) for process in processes], indent=1))
    temporary.replace(path)


def read_record(path: Path) -> list[Process]:
    """Read what `write_record` wrote; nothing if there is none."""
    try:
        return [Process(**entry) for entry in json.loads(path.read_text())]
    except FileNotFoundError:
        return []


def find_ours(folders: Sequence[Path]) -> list[Process]:
    """Find every process that is one of the cluster's programs and was told to use one of these folders.

    The record may lack some: containerd starts shims by itself, and `up` may have been killed before it wrote.
    """
    marks = tuple(f"{folder}/" for folder in folders)
    found = []
    for pid, words in _command_lines():
        name = Path(words[0]).name
        if name in _PROGRAMS and any(mark in word for word in words[1:] for mark in marks):
            started = _start_time(pid)
            if started is not None:
                found.append(Process(name=name, pid=pid, started=started, boot=boot_id()))
    return found


def is_running(name: str) -> bool:
    """Whether any program of this name runs on this machine, ours or not."""
    return any(Path(words[0]).name == name for _, words in _command_lines())


def stop(processes: Sequence[Process], *, total_timeout: float = 0.0) -> None:
    """End processes: politely first if there is total_timeout, then by force."""
    if total_timeout:
        for process in processes:
            process.kill(signal.SIGTERM)
        wait_gone(processes, total_timeout)
    for process in processes:
        process.kill(signal.SIGKILL)
    wait_gone(processes, 5.0)


def wait_gone(processes: Sequence[Process], seconds: float) -> bool:
    """Wait until none of the processes runs any more."""
    deadline = time.monotonic() + seconds
    while True:
        for process in processes:
            # If this very process started it, it stays a zombie until somebody asks.
            with contextlib.suppress(ChildProcessError):
                os.waitpid(process.pid, os.WNOHANG)
        if not any(process.alive for process in processes):
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)


def _start_time(pid: int) -> int | None:
    try:
        return parse_start_time(Path(f"/proc/{pid}/stat").read_text())
    except (FileNotFoundError, ProcessLookupError):
        return None


def _command_lines() -> Iterator[tuple[int, list[str]]]:
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
                if words[0]:
                    yield int(folder.name), words
