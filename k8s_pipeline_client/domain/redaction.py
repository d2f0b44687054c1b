"""Redacts secrets in unexpected exceptions.

Expected errors never contain a secret. Unexpected ones may quote anything: a header, an address, a part of a file.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Collection

from k8s_pipeline_client.launcher.detect import MASK, MIN_LENGTH, secrets_among
from k8s_pipeline_client.launcher.redact import Masker, mask

_PATTERNS = (
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL),
    re.compile(r"LS0tLS1CRUdJTi[A-Za-z0-9+/=]*"),  # a PEM block in base64, as in kubeconfigs
    re.compile(r"\beyJ[\w-]{5,}\.[\w-]+(?:\.[\w-]*)?"),  # a JWT
    re.compile(r"(?<=://)[^/\s@'\"]+(?=@)"),
    re.compile(r"(?i)(?<=\bbearer )\s*[^\s'\",]+"),
    re.compile(r"(?i)(?<=\bbasic )\s*[A-Za-z0-9+/=]{4,}"),
)
_NAMED = re.compile(
    r"(?i)((?:password|passwd|secret|token|api[_-]?key|private[_-]?key|authorization)\w*['\"]?\s*[:=]\s*b?['\"]?)"
    r"([^\s'\",;&)]+)"
)
_FRAME = '  File "'

_known: set[str] = set()


def keep_secret(value: str) -> None:
    """Register a secret for `redacted`."""
    if len(value.strip()) >= MIN_LENGTH:
        _known.add(value)


def redacted(text: str) -> str:
    """Return a text without registered secrets, and values that look like secrets."""
    return _NAMED.sub(rf"\g<1>{MASK}", _without_known(text))


class Redactor:
    """Strikes the secrets of one run out of what is said about it."""

    def __init__(self, secrets: Collection[str]) -> None:
        """Take the values that are secret; those that a text shows by their looks are struck as well."""
        self._masker = Masker(secrets_among(secrets))

    def words(self, text: str) -> str:
        """Return words of Kubernetes or our own; there `secret "x"` is a name, and stays."""
        struck = self._masker.feed(text.encode("utf-8", "surrogatepass"), last=True)
        return _without_known(struck.decode("utf-8", "surrogatepass"))

    def log(self, text: str) -> str:
        """Return lines of a log, in which anything may follow `password=`."""
        return _NAMED.sub(rf"\g<1>{MASK}", self.words(text))


def redacted_traceback(error: BaseException) -> str:
    """Return a traceback without secrets, and without the values of variables."""
    parts = traceback.TracebackException.from_exception(error, capture_locals=False).format()
    # A frame has a place in the source and a source line: `token=…` is a variable name there.
    return "".join(_without_known(part) if part.startswith(_FRAME) else redacted(part) for part in parts)


def _without_known(text: str) -> str:
    text = mask(text, tuple(_known))
    for pattern in _PATTERNS:
        text = pattern.sub(MASK, text)
    return text
