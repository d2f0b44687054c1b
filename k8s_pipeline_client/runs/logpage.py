"""Paginated logs, as OpenMetadata's server requests them."""

from __future__ import annotations

import codecs
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

from k8s_pipeline_client.domain.counting import counted
from k8s_pipeline_client.errors import InputError

PAGE_CHARACTERS = 256 * 1024
"""In characters, so that a page has at most 1 MiB, even in UTF-8."""


@dataclass(frozen=True, slots=True)
class LogPage:
    """A page of a log.

    Attributes:
        text: Its text; empty if there is no such page.
        total: The current number of pages, at least one.
    """

    text: str
    total: int


def existing(page: LogPage, number: int) -> LogPage:
    """Return a page that was read, if the log has one of this number.

    Raises:
        InputError: It has none.
    """
    if not 0 <= number < page.total:
        raise InputError(
            f"after: the log has {counted(page.total, 'page')}, counted from 0: there is no page {number}",
            code="InvalidParameter",
            hint="start again from the first page",
        )
    return page


def page_of(log: Iterable[bytes], number: int, *, size: int = PAGE_CHARACTERS) -> LogPage:
    """Return a page of a log, which is read to its end; only the page is kept in memory.

    Args:
        log: Chunks of bytes; invalid UTF-8 is replaced.
        number: Counted from 0; a page that does not exist is empty.
        size: Characters per page.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    start, end = number * size, (number + 1) * size
    kept: list[str] = []
    length = 0
    for text in chain((decoder.decode(chunk) for chunk in log), iter(lambda: decoder.decode(b"", final=True), "")):
        kept.append(text[max(0, start - length) : max(0, end - length)])
        length += len(text)
    return LogPage("".join(kept), max(1, -(-length // size)))
