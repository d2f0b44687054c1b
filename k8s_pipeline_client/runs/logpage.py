"""A log in pages, as OpenMetadata's server asks for it."""

from __future__ import annotations

import codecs
from collections.abc import Iterable
from itertools import chain

PAGE_CHARACTERS = 256 * 1024
"""However many bytes each of them has, a page has no more than 1 MiB."""


def page_of(log: Iterable[bytes], number: int, *, size: int = PAGE_CHARACTERS) -> tuple[str, int]:
    """Return a page of a log, and how many there are; at least one, which may be empty.

    The log is read to its end, to know how many there are; no more than the page is kept of it.

    Args:
        log: Chunks of bytes; what is not UTF-8 is replaced.
        number: Counted from 0; one that there is not is empty.
        size: How many characters a page has.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    start, end = number * size, (number + 1) * size
    kept: list[str] = []
    length = 0
    for text in chain((decoder.decode(chunk) for chunk in log), iter(lambda: decoder.decode(b"", final=True), "")):
        kept.append(text[max(0, start - length) : max(0, end - length)])
        length += len(text)
    return "".join(kept), max(1, -(-length // size))
