"""The requests that a client made, and what tests have happen before and after each."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar


@dataclass(frozen=True, slots=True)
class Request:
    """One request, in Kubernetes' own words.

    Attributes:
        verb: ``get``, ``list``, ``watch``, ``create``, ``patch`` or ``delete``.
        kind: Of what; ``Pod/log``, ``Namespace`` and ``version`` besides the kinds of the port.
        name: The object's; empty for a list.
        labels: A list's label selector.
        fields: A list's field selector.
        manager: An apply's field manager; empty for any other request.
        dry_run: Whether nothing is kept.
    """

    verb: str
    kind: str
    name: str = ""
    labels: str = ""
    fields: str = ""
    manager: str = ""
    dry_run: bool = False


R = TypeVar("R")
Hook = Callable[[Request], object]


class Journal(Generic[R]):
    """Notes requests and calls hooks. May be used by several threads.

    Attributes:
        requests: What was asked for, in its order; what a hook asks for is not in it.
    """

    def __init__(self) -> None:
        self.requests: list[R] = []
        self._before: list[Callable[[R], object]] = []
        self._after: list[Callable[[R], object]] = []
        self._thread = threading.local()

    def before(self, hook: Callable[[R], object]) -> Callable[[], None]:
        """Have a hook called before each request; return what ends that."""
        self._before.append(hook)
        return lambda: self._before.remove(hook)

    def after(self, hook: Callable[[R], object]) -> Callable[[], None]:
        """Have a hook called after each request that was carried out; return what ends that."""
        self._after.append(hook)
        return lambda: self._after.remove(hook)

    @contextmanager
    def around(self, request: R) -> Iterator[None]:
        """Note a request, and call the hooks before and after the block that carries it out."""
        if getattr(self._thread, "is_in_hook", False):
            yield
            return
        self.requests.append(request)
        self._call(self._before, request)
        yield
        self._call(self._after, request)

    def _call(self, hooks: list[Callable[[R], object]], request: R) -> None:
        self._thread.is_in_hook = True
        try:
            for hook in tuple(hooks):
                hook(request)
        finally:
            self._thread.is_in_hook = False
