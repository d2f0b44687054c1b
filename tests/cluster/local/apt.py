"""Installs Debian's packages: the one place that does, for the cluster and for the images.

The two are built side by side, and the machine may be upgrading itself meanwhile. So there is one installation at a
time, and locks of others are waited for: apt's own DPkg::Lock::Timeout covers those of dpkg, but not those of the
package lists and of the downloaded archives.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.cluster.local.addresses import NAME
from tests.cluster.local.commands import build_environment, find, run
from tests.cluster.local.errors import ClusterError
from tests.cluster.local.locks import locked
from tests.cluster.local.progress import say, step

LOCK = Path("/run") / f"{NAME}-packages.lock"
POLICY = Path("/usr/sbin/policy-rc.d")
PATIENCE_SECONDS = 600.0
"""How long others may hold apt's locks: unattended upgrades of a machine that has just booted take minutes."""

# Inherited by what apt-get starts, so that it alone is meant, should others install something at the same time.
_OURS = "K8S_PIPELINE_INSTALLS"
_POLICY_TEXT = f"""#!/bin/sh
# Put here by {NAME} while it installs packages, whose services are not to start; others' may.
[ -z "${_OURS}" ] || exit 101
exit 104
"""
_LOCKED = re.compile(
    r"Could not get lock|Unable to lock (?:the )?director|Unable to acquire the dpkg frontend lock.*another process"
    r"|was locked by another process"
)
_INTERRUPTED = re.compile(r"dpkg was interrupted")
_BROKEN = re.compile(r"unmet dependencies|fix-broken", re.IGNORECASE)
_FULL = re.compile(r"No space left|enough free space")
_HINTS = (
    (_LOCKED, "another program installs packages and does not end: try again once it has"),
    (_INTERRUPTED, "run `dpkg --configure -a`, and try again"),
    (_BROKEN, "run `apt-get --fix-broken install`, and try again"),
    (_FULL, "make room on the disk, and try again"),
    (re.compile(r"fetch|resolve|connect|locate|candidate"), "check the network and apt's sources, and try again"),
)
# For the rest fresh package lists may help.
_BEYOND_LISTS = (_LOCKED, _INTERRUPTED, _BROKEN, _FULL)
_LOCK_SECONDS = 10
_PAUSE_SECONDS = 1.0


def install(missing: Callable[[], Sequence[str]]) -> None:
    """Install what is missing.

    Args:
        missing: Says which packages are. It is asked again when it is our turn: another may have installed them.

    Raises:
        ClusterError: They cannot be installed; one line says why, and what helps.
    """
    if not (wanted := missing()):
        return
    names = " ".join(wanted)
    if find("apt-get") is None:
        raise ClusterError(f"missing: {names}; there is no apt-get to install them")
    if os.geteuid() != 0:
        raise ClusterError(f"missing: {names}; as root, run: apt-get install {names}")
    with locked(LOCK, waiting_for="another installation of packages"):
        if wanted := missing():
            with step(f"installing {' '.join(wanted)}"), _services_stay_stopped():
                _install(wanted)
    if still := missing():
        raise ClusterError(f"after installing them, programs of these packages are still missing: {' '.join(still)}")


def _install(packages: Sequence[str]) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    # Nothing of the machine's is removed for them: Docker's containerd, for one, excludes Debian's.
    command = ["install", "-y", "--no-install-recommends", "--no-remove", *packages]
    why, of_lists = _apt_get(command, until), ""
    if why and not any(pattern.search(why) for pattern in _BEYOND_LISTS):
        # The package lists of a fresh machine are empty, those of another may name versions that are gone. One
        # source that fails does not matter, as long as the packages are in another.
        of_lists = _apt_get(["update", "-o", "APT::Update::Error-Mode=any"], until)
        why = _apt_get(command, until)
    if not why:
        return
    said = f"{why} (apt-get update: {of_lists})" if of_lists else why
    hint = next((f"; {hint}" for pattern, hint in _HINTS if pattern.search(said)), "")
    raise ClusterError(f"cannot install {' '.join(packages)}: {said}{hint}")


def _apt_get(arguments: Sequence[str], until: float) -> str:
    """Run apt-get, again and again while others hold its locks; return what went wrong, if anything did."""
    options = [f"DPkg::Lock::Timeout={_LOCK_SECONDS}", "Acquire::Retries=3", "Dpkg::Options::=--force-confold"]
    command = ["apt-get", *(word for option in options for word in ("-o", option)), *arguments]
    told = ""
    while True:
        done = run(command, check=False, env=_environment())
        if done.returncode == 0:
            return ""
        why = _said(f"{done.stdout}\n{done.stderr}") or f"apt-get ended with {done.returncode}"
        if not _LOCKED.search(why) or time.monotonic() >= until:
            return why
        if why != told:
            say(f"waiting for apt's lock: {why}")
        told = why
        time.sleep(_PAUSE_SECONDS)


def _said(output: str) -> str:
    """Return the errors of apt's output in one line: the first tells most, and one of a lock what else it is about."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith(("E: ", "dpkg: error"))]
    telling = next((line for line in errors if _LOCKED.search(line)), None) or next(iter(errors or lines[-1:]), "")
    return telling.removeprefix("E: ")


def _environment() -> dict[str, str]:
    return {
        **build_environment(),
        "LC_ALL": "C.UTF-8",  # its messages are read
        "DEBIAN_FRONTEND": "noninteractive",
        "NEEDRESTART_SUSPEND": "1",
        _OURS: "1",
    }


@contextmanager
def _services_stay_stopped() -> Iterator[None]:
    """Keep Debian from starting services on installation, such as containerd's own.

    Only for what we install. A file that is there already stays, unless we left it when we were killed.
    """
    try:
        file = os.open(POLICY, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o755)
    except FileExistsError:
        is_ours = POLICY.is_file() and POLICY.read_text(errors="replace") == _POLICY_TEXT
    except OSError as error:
        raise ClusterError(f"cannot write {POLICY}: {error.strerror}") from error
    else:
        is_ours = True
        with os.fdopen(file, "w") as stream:
            stream.write(_POLICY_TEXT)
            os.fchmod(stream.fileno(), 0o755)  # whatever the umask
    try:
        yield
    finally:
        if is_ours:
            POLICY.unlink(missing_ok=True)
