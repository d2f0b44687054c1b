"""Has several clients of one fake cluster take turns, request by request, in an order that a test chooses."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from tests.fakes import FakeCluster, Request

_PATIENCE = 20.0


@dataclass(slots=True)
class _Client:
    task: Callable[[], object]
    go: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    parked: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    done: bool = False
    error: BaseException | None = None


def take_turns(
    fake: FakeCluster, tasks: Iterable[Callable[[], object]], order: Iterable[int]
) -> list[BaseException | None]:
    """Run tasks in threads of which one at a time goes on by one request; return what each has raised.

    Args:
        fake: Whose requests they make.
        tasks: Called in their threads.
        order: Whose turn it is, by number; those that are done are left out. When it is over, the first one that is
            not done goes on to its end.
    """
    clients = [_Client(task) for task in tasks]
    of_thread: dict[int, _Client] = {}

    def wait_for_turn(_: Request) -> None:
        client = of_thread[threading.get_ident()]
        client.parked.release()
        assert client.go.acquire(timeout=_PATIENCE)

    def work(client: _Client) -> None:
        of_thread[threading.get_ident()] = client
        try:
            client.task()
        except BaseException as error:
            client.error = error
        client.done = True
        client.parked.release()

    end = fake.before(wait_for_turn)
    threads = [threading.Thread(target=work, args=(client,), daemon=True) for client in clients]
    for thread, client in zip(threads, clients, strict=True):
        thread.start()
        assert client.parked.acquire(timeout=_PATIENCE)
    turns = iter(order)
    while left := [client for client in clients if not client.done]:
        number = next(turns, None)
        chosen = clients[number] if number is not None else left[0]
        if not chosen.done:
            chosen.go.release()
            assert chosen.parked.acquire(timeout=_PATIENCE)
    end()
    return [client.error for client in clients]
