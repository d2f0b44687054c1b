"""Paginated lists."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus

from k8s_pipeline_client.cluster.port import Object
from k8s_pipeline_client.errors import ApiError

PAGE_SIZE = 500

Fetch = Callable[[Mapping[str, str]], tuple[list[Object], str]]
"""Sends one list request with these query parameters; returns its items and the continue token, or ''."""


def pages(fetch: Fetch, size: int, restart: Callable[[], None], first: int | None = None) -> Iterator[list[Object]]:
    """Yield the pages of a list; each is emptied when the next one is asked for.

    After a 410 (the continue token expired), the list is requested again from the start, and in one piece, so that it
    cannot expire again.

    Args:
        fetch: Requests one page.
        size: The maximum number of objects of a page.
        restart: Called before the list is requested again: all earlier pages are to be discarded.
        first: The maximum number of objects of the first page, if smaller.
    """
    query = {"limit": str(min(size, first or size))}
    while True:
        try:
            items, token = fetch(query)
        except ApiError as error:
            if error.status != HTTPStatus.GONE or "continue" not in query:
                raise
            restart()
            query = {}
            continue
        yield items
        items.clear()  # else two pages would be in memory, whatever is made of them
        if not token:
            return
        query |= {"limit": str(size), "continue": token}


def first(fetch: Fetch) -> Object | None:
    """Return one object of a list; None if it is empty.

    A page may be empty although there is a next one.
    """
    return next((item for page in pages(fetch, 1, lambda: None) for item in page), None)
