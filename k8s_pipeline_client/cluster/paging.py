"""A list in pages, whatever fetches them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus

from k8s_pipeline_client.cluster.port import Object
from k8s_pipeline_client.errors import ApiError

PAGE_SIZE = 500

Fetch = Callable[[Mapping[str, str]], tuple[list[Object], str]]
"""Sends one list request with these query parameters; returns its items, and the token of the next page or ''."""


def pages(fetch: Fetch, size: int, restart: Callable[[], None]) -> Iterator[list[Object]]:
    """Yield the pages of a list.

    What was yielded before a 410 is of a state that the API server no longer knows. The list then begins anew, and in
    one piece, which cannot become too old half-way.

    Args:
        fetch: Gets one page.
        size: How many objects a page has at most.
        restart: Called before the list begins anew.
    """
    query = {"limit": str(size)}
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
        if not token:
            return
        query["continue"] = token


def first(fetch: Fetch) -> Object | None:
    """Return one object of a list; None if it is empty.

    A page may be empty, and the next one not.
    """
    return next((item for page in pages(fetch, 1, lambda: None) for item in page), None)
