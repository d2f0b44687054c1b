"""Every error message that a test provokes stands in one file, so that a person can read them all through."""

from __future__ import annotations

import fcntl
import os
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[3]
SNAPSHOT = ROOT / "tests" / "error_messages.txt"
UPDATE = "UPDATE_ERRORS"
"""Set in the environment, it adds what is new to the file instead of failing."""

_PLACE = re.compile(r"(?: --(?:config|namespace|kubeconfig|context) (?:'[^']*'|[^ ;]+))+")
"""Where a suggested command is to work: `suggestions` looks at that."""

# What differs from run to run, and what stands for it.
_VARYING = (
    (re.escape(f"{ROOT}/"), ""),
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "UUID"),
    (r"\bt-[0-9a-f]{8}\b", "NAMESPACE"),
    (r"\bcontract-[0-9a-f]{8}\b", "SERVICE"),
    (r"/tmp/[^ :,']*/", "FOLDER/"),
    (r"(om-[a-z0-9-]+?)-[0-9a-v]{10}(-[0-9a-f]{10})?(-[a-z0-9]{5})?\b", r"\1-HASH"),
    (r"\bhttps?://(?:[0-9.]+|localhost):[0-9]+", "SERVER"),
    (r"\b[0-9.]+:[0-9]{4,5}\b", "ADDRESS"),
    (r"(unexpected \w+ in [\w/]+\.py):[0-9]+", r"\1:LINE"),
    (r"\b[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z", "TIME"),
)


def check_messages(err: str) -> None:
    """Fail if an error message is not in the snapshot."""
    for line in err.splitlines():
        if not line.startswith("error: "):
            continue
        text = normal(line.removeprefix("error: "))
        if text in _known():
            continue
        if not os.environ.get(UPDATE):
            raise AssertionError(f"a new error message; {UPDATE}=1 adds it to {SNAPSHOT.name}:\n{text}")
        _add(text)


def normal(text: str) -> str:
    """Return a message with what differs from run to run replaced."""
    text = _PLACE.sub("", text)
    for pattern, name in _VARYING:
        text = re.sub(pattern, name, text)
    return text


@cache
def _known() -> set[str]:
    return set(SNAPSHOT.read_text().splitlines()) if SNAPSHOT.exists() else set()


def _add(text: str) -> None:
    with SNAPSHOT.open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # several test processes may have something to add
        file.seek(0)
        known = set(file.read().splitlines()) | {text}
        file.truncate(0)
        file.write("".join(f"{line}\n" for line in sorted(known)))
    _known.cache_clear()
