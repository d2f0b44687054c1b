"""Redacts secrets in bytes, in every encoding in which a log may show them.

Plain, line by line, escaped for JSON, Python or SQL, percent-encoded, in base64 (``Basic`` too; up to four bits remain
at either end). What pydantic shows of a wrong configuration is cut in its middle, and a secret in it with it: such a
value is redacted as a whole. Not covered: values shorter than ``MIN_LENGTH``, other encodings, other line lengths,
other cuts.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Collection
from urllib.parse import quote, quote_plus

from k8s_pipeline_client.launcher.detect import MASK, MIN_LENGTH

_CUT_BEGIN, _CUT_END = b"input_value=", b", input_type="
_SHOWN = rb"(?:(?!, input_type=)[^\n]){0,200}"
_CUT = re.compile(_CUT_BEGIN + rb"(" + _SHOWN + rb"?\.\.\." + _SHOWN + rb")" + _CUT_END)
_CUT_LONGEST = 500  # bytes; pydantic shows 50 characters
_MIN_BASE64 = 7  # bytes; the base64 of fewer would be so short that it would match everywhere


def mask(text: str, secrets: Collection[str]) -> str:
    """Return ``text`` with all encodings of ``secrets`` (see ``secret_values``) redacted."""
    struck = Masker(secrets).feed(_encode(text), last=True)
    return struck.decode("utf-8", "surrogatepass")


class Masker:
    """Redacts secrets in a stream of bytes, leftmost longest match first, however it is chunked."""

    def __init__(self, secrets: Collection[str]) -> None:
        spellings = _all_spellings(secrets)
        self._spellings = sorted(spellings, key=len)
        self._longest = len(self._spellings[-1]) if spellings else 0
        # The first bytes of any encoding, or a prefix of them at the end of a chunk: a fast pre-check.
        self._beginnings = {form[:size] for form in spellings for size in range(1, MIN_LENGTH + 1)}
        self._held = b""

    def feed(self, data: bytes, *, last: bool = False) -> bytes:
        """Take the next chunk and return the redacted output; for the last chunk, all of it.

        An end that may be the beginning of a secret is held back.
        """
        data = self._held + data
        end = len(data) if last else self._undecided_from(data, 0)
        position = 0
        shown: list[bytes] = []
        for start, length in self._occurrences(data):
            if position <= start < end:
                shown.append(data[position:start])
                shown.append(MASK.encode())
                position = start + length
                if position > end:
                    # The undecided end began within this secret: it now begins after it.
                    end = self._undecided_from(data, position)
        shown.append(data[position:end])
        self._held = data[end:]
        return b"".join(shown)

    def _occurrences(self, data: bytes) -> list[tuple[int, int]]:
        """Return start and length of all matches in the data, leftmost first, then longest first."""
        found = []
        for spelling in self._spellings:
            if spelling in data:
                overlapping = re.finditer(b"(?=" + re.escape(spelling) + b")", data)
                found += [(match.start(), len(spelling)) for match in overlapping]
        if self._spellings and _CUT_BEGIN in data:
            found += [(match.start(1), len(match[1])) for match in _CUT.finditer(data)]
        found.sort(key=lambda start_and_length: (start_and_length[0], -start_and_length[1]))
        return found

    def _undecided_from(self, data: bytes, start: int) -> int:
        """Return the start of the longest suffix, from ``start`` on, that is a prefix of what is redacted."""
        size = len(data)
        undecided = max(start, _undecided_cut(data)) if self._spellings else size
        for position in range(max(start, size + 1 - self._longest), undecided):
            if data[position : position + MIN_LENGTH] in self._beginnings and self._may_go_on(data[position:]):
                return position
        return undecided

    def _may_go_on(self, rest: bytes) -> bool:
        return any(len(spelling) > len(rest) and spelling.startswith(rest) for spelling in self._spellings)


def _undecided_cut(data: bytes) -> int:
    """Return where a value that pydantic shows may have begun whose end is still to come."""
    begun = data.rfind(_CUT_BEGIN)
    rest = data[begun:]
    if begun >= 0 and len(rest) < _CUT_LONGEST and b"\n" not in rest and _CUT_END not in rest:
        return begun
    sizes = range(min(len(_CUT_BEGIN) - 1, len(data)), 0, -1)
    return len(data) - next((size for size in sizes if data.endswith(_CUT_BEGIN[:size])), 0)


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")  # JSON may contain lone surrogates


def _all_spellings(secrets: Collection[str]) -> set[bytes]:
    single_lines = {line.strip() for secret in secrets if "\n" in secret for line in secret.splitlines()}
    spellings: set[bytes] = set()
    for secret in secrets:
        spellings |= _text_spellings(secret)
        # Lines of a private key are base64 already.
        if secret not in single_lines:
            spellings |= _base64_spellings(_encode(secret))
    return spellings


def _text_spellings(secret: str) -> set[bytes]:
    raw = _encode(secret)
    spellings = {secret}
    for _ in range(2):  # twice, since the repr of a JSON text is common
        spellings |= {escaped for text in spellings for escaped in _escaped(text)}
    spellings |= {quote(raw, safe=safe) for safe in ("", "/", " +", "!#$%&'()*+,/:;=?@[]~")}
    spellings.add(quote_plus(raw))
    # SQLAlchemy's URLs escape only these three.
    spellings.add(re.sub("[:@/]", lambda found: f"%{ord(found.group()):X}", secret))
    spellings.add(repr(raw + b'"')[2:-2])
    return {_encode(spelling) for spelling in spellings}


def _escaped(text: str) -> set[str]:
    """Return a text as it is escaped within quotes by JSON, SQL and Python."""
    forms = {
        json.dumps(text)[1:-1],
        json.dumps(text, ensure_ascii=False)[1:-1],
        text.replace("'", "''"),
    }
    for escape in (repr, ascii):
        # repr uses single quotes unless the text has one; a double quote in front makes it use single ones.
        forms.add(escape('"' + text)[2:-1])
        # And within double quotes, where single ones are not escaped.
        forms.add("'".join(escape('"' + part)[2:-1] for part in text.split("'")))
    return forms


def _base64_spellings(raw: bytes) -> set[bytes]:
    """Return the base64 of a secret within a longer text, such as ``user:password``, for all three alignments."""
    if len(raw) < _MIN_BASE64:
        return set()
    spellings = set()
    for offset in range(3):
        whole = base64.b64encode(bytes(offset) + raw + bytes(2))
        # Only characters whose six bits are all from the secret.
        first = -(-offset * 8 // 6)
        last = (offset + len(raw)) * 8 // 6
        piece = whole[first:last]
        spellings.add(piece)
        spellings.add(piece.replace(b"+", b"-").replace(b"/", b"_"))
    return spellings
