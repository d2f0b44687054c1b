"""What it was measured on."""

from __future__ import annotations

import os
import platform
import re
from datetime import UTC, datetime
from pathlib import Path

from k8s_pipeline_client import __version__
from tests.cluster.support.access import Access


def described(access: Access) -> str:
    """Return machine, versions and date, in a sentence."""
    version = access.api.request("GET", "/version")["gitVersion"]
    where = "the local one-node cluster" if access.embedded else "a cluster that was named"
    return (
        f"Measured on {datetime.now(UTC):%Y-%m-%d} with version {__version__} on {os.cpu_count()} cores "
        f"({_processor()}) and {_memory()} of memory, Python {platform.python_version()}, Kubernetes {version}, "
        f"{where}; load when it began: {os.getloadavg()[0]:.1f}."
    )


def _processor() -> str:
    found = re.search(r"^model name\s*: (.*)$", _text("/proc/cpuinfo"), re.MULTILINE)
    return found[1] if found else platform.machine()


def _memory() -> str:
    found = re.search(r"^MemTotal:\s*(\d+) kB$", _text("/proc/meminfo"), re.MULTILINE)
    return f"{int(found[1]) / 2**20:.0f} GiB" if found else "an unknown amount"


def _text(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""
