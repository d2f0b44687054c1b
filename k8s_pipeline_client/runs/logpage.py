"""A log in pages, as OpenMetadata's server asks for it."""

from __future__ import annotations

import codecs
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

PAGE_CHARACTERS = 256 * 1024
"""However many bytes each of them has, a page has no more than 1 MiB."""


@dataclass(frozen=True, slots=True)
class LogPage:
    """A page of a log.

    Attributes:
        text: What stands on it; empty where there is no such page.
        total: How many pages the log has by now, at least one.
    """

    text: str
    total: int


def page_of(log: Iterable[bytes], number: int, *, size: int = PAGE_CHARACTERS) -> LogPage:
    """Return a page of a log, which is read to its end; no more than the page is kept of it.

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
    return LogPage("".join(kept), max(1, -(-length // size)))
