"""Strikes secrets out of bytes, in every spelling in which a log may show them.

As they stand, line by line, escaped for JSON, Python or SQL, quoted for a URL, in base64 (``Basic`` too; up to four
bits show at either end). Not covered: values under ``MIN_LENGTH``, other encodings, other line lengths.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Collection
from urllib.parse import quote, quote_plus

from k8s_pipeline_client.launcher.detect import MASK, MIN_LENGTH

_MIN_BASE64 = 7  # bytes; fewer give so short a piece of base64 that it would be found everywhere


def mask(text: str, secrets: Collection[str]) -> str:
    """Return ``text`` with all spellings of ``secrets``, as ``secret_values`` finds them, struck out."""
    struck = Masker(secrets).feed(_encode(text), last=True)
    return struck.decode("utf-8", "surrogatepass")


class Masker:
    """Strikes secrets out of a stream of bytes, the leftmost first, there the longest, however it is cut."""

    def __init__(self, secrets: Collection[str]) -> None:
        spellings = _all_spellings(secrets)
        self._spellings = sorted(spellings, key=len)
        self._longest = len(self._spellings[-1]) if spellings else 0
        # The few bytes with which any spelling begins, or which are the whole end of what came: a quick first look.
        self._beginnings = {form[:size] for form in spellings for size in range(1, MIN_LENGTH + 1)}
        self._held = b""

    def feed(self, data: bytes, *, last: bool = False) -> bytes:
        """Take the next piece and return what can be let through; all of it where it is the last one.

        Held back is an end that may be the beginning of a secret.
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
                    # The undecided end began within this secret: what is undecided begins behind it.
                    end = self._undecided_from(data, position)
        shown.append(data[position:end])
        self._held = data[end:]
        return b"".join(shown)

    def _occurrences(self, data: bytes) -> list[tuple[int, int]]:
        """Return start and length of all spellings in the data, leftmost first, there the longest first."""
        found = []
        for spelling in self._spellings:
            if spelling in data:
                overlapping = re.finditer(b"(?=" + re.escape(spelling) + b")", data)
                found += [(match.start(), len(spelling)) for match in overlapping]
        found.sort(key=lambda start_and_length: (start_and_length[0], -start_and_length[1]))
        return found

    def _undecided_from(self, data: bytes, start: int) -> int:
        """Return where, from ``start`` on, the longest end begins that is the beginning of a secret."""
        size = len(data)
        for position in range(max(start, size + 1 - self._longest), size):
            if data[position : position + MIN_LENGTH] in self._beginnings and self._may_go_on(data[position:]):
                return position
        return size

    def _may_go_on(self, rest: bytes) -> bool:
        return any(len(spelling) > len(rest) and spelling.startswith(rest) for spelling in self._spellings)


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")  # what came from JSON may hold half a surrogate pair


def _all_spellings(secrets: Collection[str]) -> set[bytes]:
    single_lines = {line.strip() for secret in secrets if "\n" in secret for line in secret.splitlines()}
    spellings: set[bytes] = set()
    for secret in secrets:
        spellings |= _text_spellings(secret)
        # Nobody encodes one line of a private key in base64: it is base64.
        if secret not in single_lines:
            spellings |= _base64_spellings(_encode(secret))
    return spellings


def _text_spellings(secret: str) -> set[bytes]:
    raw = _encode(secret)
    spellings = {secret}
    for _ in range(2):  # twice, for the repr of a JSON text is a common sight
        spellings |= {escaped for text in spellings for escaped in _escaped(text)}
    spellings |= {quote(raw, safe=safe) for safe in ("", "/", " +", "!#$%&'()*+,/:;=?@[]~")}
    spellings.add(quote_plus(raw))
    # SQLAlchemy's URLs escape these three alone.
    spellings.add(re.sub("[:@/]", lambda found: f"%{ord(found.group()):X}", secret))
    spellings.add(repr(raw + b'"')[2:-2])
    return {_encode(spelling) for spelling in spellings}


def _escaped(text: str) -> set[str]:
    """Return how a text looks within the quotes of JSON, SQL and Python."""
    forms = {
        json.dumps(text)[1:-1],
        json.dumps(text, ensure_ascii=False)[1:-1],
        text.replace("'", "''"),
    }
    for escape in (repr, ascii):
        # repr takes single quotes unless the text has one; a double quote in front makes it take single ones.
        forms.add(escape('"' + text)[2:-1])
        # And so it looks within double quotes, where single ones are not escaped.
        forms.add("'".join(escape('"' + part)[2:-1] for part in text.split("'")))
    return forms


def _base64_spellings(raw: bytes) -> set[bytes]:
    """Return the base64 of a secret within a longer text, such as ``user:password``: it may begin at any bit of it."""
    if len(raw) < _MIN_BASE64:
        return set()
    spellings = set()
    for offset in range(3):
        whole = base64.b64encode(bytes(offset) + raw + bytes(2))
        # Only the characters of which every bit is the secret's own; six bits make a character.
        first = -(-offset * 8 // 6)
        last = (offset + len(raw)) * 8 // 6
        piece = whole[first:last]
        spellings.add(piece)
        spellings.add(piece.replace(b"+", b"-").replace(b"/", b"_"))
    return spellings
