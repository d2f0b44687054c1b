"""What the schedule grammar accepts, the API server accepts; what it refuses, the API server refuses."""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from k8s_pipeline_client.cluster.connect import connect
from k8s_pipeline_client.cluster.kube import KubeCluster
from k8s_pipeline_client.domain.schedule import parse_schedule
from k8s_pipeline_client.errors import InvalidError, ScheduleError
from tests.cluster.support.space import Space

EACH = 2000
SEED = 20240229
CONNECTIONS = 4

_FIELDS = (
    (0, 59, ()),
    (0, 23, ()),
    (1, 31, ()),
    (1, 12, ("jan", "FEB", "Mar", "dec")),
    (0, 6, ("sun", "MON", "Fri", "sat")),
)
_ODD = [
    "?",
    "L",
    "W",
    "#",
    "@",
    "7",
    "60",
    "24",
    "32",
    "13",
    "-1",
    "+3",
    "*/0",
    "5-1",
    "1-2-3",
    "1/2/3",
    ",",
    "",
    "a",
    "*-5",
]
_WHOLE = ["@daily", "@hourly", "@every 1h", "@every 90s", "@every 1.5h", "@every", "@every 5", "@every 1d", "@reboot"]
_WHOLE += ["@Daily", "TZ=UTC * * * * *", "CRON_TZ=UTC 0 0 * * *", "* * * *", "* * * * * *", "@every -5m", "@every 0"]


def _item(chance: random.Random, low: int, high: int, names: tuple[str, ...]) -> str:
    def value() -> str:
        return chance.choice(names) if names and chance.random() < 0.3 else str(chance.randint(low, high))

    kind = chance.random()
    if kind < 0.3:
        return "*"
    if kind < 0.5:
        return value()
    if kind < 0.65:
        first, last = sorted((chance.randint(low, high), chance.randint(low, high)))
        return f"{first}-{last}" + (f"/{chance.randint(1, 70)}" if chance.random() < 0.5 else "")
    if kind < 0.8:
        return f"*/{chance.randint(1, 90)}"
    return f"{value()}/{chance.randint(1, 40)}"


def _schedules(chance: random.Random) -> Iterator[str]:
    while True:
        if chance.random() < 0.02:
            yield chance.choice(_WHOLE)
            continue
        fields = [
            ",".join(_item(chance, low, high, names) for _ in range(chance.choice((1, 1, 1, 2, 3))))
            for low, high, names in _FIELDS
        ]
        if chance.random() < 0.55:  # spoil one field
            fields[chance.randrange(5)] = chance.choice(_ODD) + chance.choice(["", "", "/2", "-3", ",1"])
        yield chance.choice((" ", "  ", "\t")).join(fields)


def _samples() -> tuple[list[str], list[str]]:
    """Return so many different ones that we accept (as they are sent) and that we refuse."""
    accepted: dict[str, None] = {}
    refused: dict[str, None] = {}
    for text in _schedules(random.Random(SEED)):
        try:
            accepted[parse_schedule(text).expression] = None
        except ScheduleError:
            refused[text] = None
        if len(accepted) >= EACH and len(refused) >= EACH:
            return list(accepted)[:EACH], list(refused)[:EACH]
    raise AssertionError("unreachable: the generator has no end")


@pytest.mark.timeout(600)
def test_our_grammar_is_the_api_servers(space: Space) -> None:
    cluster = KubeCluster(connect(space.kubeconfig), space.namespace)
    accepted, refused = _samples()

    def server_accepts(schedule: str) -> bool:
        try:
            cluster.apply(_cronjob(schedule), manager="test", dry_run=True)
        except InvalidError as error:
            assert "spec.schedule" in error.message, error
            return False
        return True

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        wrongly_accepted = [
            text for text, fine in zip(accepted, pool.map(server_accepts, accepted), strict=True) if not fine
        ]
        wrongly_refused = [text for text, fine in zip(refused, pool.map(server_accepts, refused), strict=True) if fine]
    assert wrongly_accepted == []
    assert wrongly_refused == []


def _cronjob(schedule: str) -> dict[str, object]:
    pod = {"containers": [{"name": "main", "image": "none"}], "restartPolicy": "Never"}
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "schedule"},
        "spec": {"schedule": schedule, "jobTemplate": {"spec": {"template": {"spec": pod}}}},
    }
