"""Pipelines of an OpenMetadata server: what is made of them, and how they stand to what the cluster has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from k8s_pipeline_client.deploying.compare import Comparison, Standing, compare, is_known
from k8s_pipeline_client.deploying.fetch import Fetcher, ServerPipeline
from k8s_pipeline_client.domain.connection import server_connection
from k8s_pipeline_client.domain.source import Source
from k8s_pipeline_client.errors import DefinitionError, ServerResponseError
from k8s_pipeline_client.openmetadata.client import HttpOpenMetadata
from k8s_pipeline_client.render import plan
from k8s_pipeline_client.settings import Settings
from tests.images.recording import RecordingServer
from tests.openmetadata import pipeline, service, token

COLLECTION = "services/ingestionPipelines"
SHOP = service("shop")
SETTINGS = Settings.model_validate({"metadataApiEndpoint": "http://openmetadata:8585/api"})
NOW = datetime(2026, 6, 1, tzinfo=UTC)
UNKNOWN_ID = "0d6f1a1e-0000-4000-8000-000000000000"

Document = dict[str, Any]


@pytest.fixture
def server() -> Iterator[RecordingServer]:
    seed = {"entities": {"services/databaseServices": [SHOP], COLLECTION: [pipeline("nightly", SHOP)]}}
    with RecordingServer(seed=seed) as running:
        yield running


@pytest.fixture
def fetcher(server: RecordingServer) -> Iterator[Fetcher]:
    with HttpOpenMetadata(server.url, token()) as client:
        yield Fetcher(client, connection=server_connection(SETTINGS, token()), now=NOW)


def _made(fetcher: Fetcher, *entities: Document) -> list[ServerPipeline]:
    return list(fetcher.made(entities))


def _dated(**dates: str) -> Document:
    entity = pipeline("nightly", SHOP)
    return {**entity, "airflowConfig": {**entity["airflowConfig"], **dates}}


def _deployed(item: ServerPipeline, source: Source = Source.SERVER, uid: str = "one") -> Document:
    """The CronJob as the cluster has it after a deploy."""
    assert item.pipeline is not None
    wanted = plan(item.pipeline, SETTINGS, source=source)
    metadata = {**wanted.cronjob["metadata"], "uid": uid}
    return {**wanted.cronjob, "metadata": metadata, "spec": {**wanted.cronjob["spec"], "suspend": wanted.suspend}}


def _compared(found: Sequence[ServerPipeline], *cronjobs: Document) -> dict[str, Comparison]:
    return {item.fqn: item for item in compare(found, cronjobs, SETTINGS)}


@pytest.mark.parametrize(
    ("before", "after", "reasons"),
    [
        ({}, {}, ()),
        ({"endDate": "2030-01-01"}, {"endDate": "2030-01-01"}, ()),
        ({}, {"endDate": "2030-01-01"}, ("start and end",)),
        ({"endDate": "2030-01-01"}, {"endDate": "2031-01-01"}, ("start and end",)),
        ({"startDate": "2030-01-01"}, {}, ("start and end",)),
        ({"startDate": "2020-01-01"}, {}, ()),  # it was over already
    ],
)
def test_the_dates_of_a_schedule_are_compared(
    fetcher: Fetcher, before: Document, after: Document, reasons: Sequence[str]
) -> None:
    (old,), new = _made(fetcher, _dated(**before)), _made(fetcher, _dated(**after))

    found = _compared(new, _deployed(old))["shop.nightly"]

    assert found.reasons == reasons
    assert found.standing is (Standing.CHANGED if reasons else Standing.UP_TO_DATE)


def test_a_pipeline_from_files_is_no_proof_that_the_server_is_the_right_one(fetcher: Fetcher) -> None:
    ours, theirs = _made(fetcher, pipeline("gone", SHOP), pipeline("nightly", SHOP))

    from_files = compare([theirs], [_deployed(ours), _deployed(theirs, Source.FILES)], SETTINGS)
    missing = compare([theirs], [_deployed(ours)], SETTINGS)
    from_server = compare([theirs], [_deployed(ours), _deployed(theirs)], SETTINGS)

    assert [item.standing for item in from_files] == [Standing.ORPHANED, Standing.FROM_FILES]
    assert not is_known(from_files)
    assert not is_known(missing)
    assert is_known(from_server)


def test_a_deployed_pipeline_that_has_become_unusable_proves_it(fetcher: Fetcher) -> None:
    masked = pipeline("nightly", SHOP, config={"type": "DBT", "token": "*********"})
    (before,), after = _made(fetcher, pipeline("nightly", SHOP)), _made(fetcher, masked)

    assert _compared(after)["shop.nightly"].standing is Standing.UNUSABLE
    assert not is_known(compare(after, [], SETTINGS))
    assert is_known(compare(after, [_deployed(before)], SETTINGS))


def test_an_orphan_is_told_from_what_comes_after_it(fetcher: Fetcher) -> None:
    (item,) = _made(fetcher, pipeline("nightly", SHOP))
    (orphan,) = compare([], [_deployed(item)], SETTINGS)

    assert orphan.id == item.id
    assert orphan.is_still(_deployed(item))
    assert not orphan.is_still(_deployed(item, uid="two"))
    assert not orphan.is_still(_deployed(item, Source.FILES))
    assert not replace(orphan, cronjob=None).is_still(_deployed(item))


def test_a_pipeline_is_gone_only_if_neither_name_nor_id_is_there(fetcher: Fetcher) -> None:
    identity = pipeline("nightly", SHOP)["id"]

    assert fetcher.is_gone("shop.no", UNKNOWN_ID)
    assert fetcher.is_gone("shop.no", "")
    assert not fetcher.is_gone("shop.nightly", UNKNOWN_ID)
    assert not fetcher.is_gone("shop.no", identity)  # it has another name by now


@pytest.mark.parametrize("path", [r"/name/", f"/{UNKNOWN_ID}$"], ids=["name", "id"])
@pytest.mark.parametrize("message", ["HTTP 404 Not Found", "no Route matched with those values", "Not Found"])
def test_a_404_of_something_else_does_not_make_a_pipeline_gone(
    server: RecordingServer, fetcher: Fetcher, path: str, message: str
) -> None:
    server.faults.add({"path": path, "status": 404, "message": message})

    with pytest.raises(ServerResponseError, match=f"404 .*{message}.*gateway"):
        fetcher.is_gone("shop.no", UNKNOWN_ID)


@pytest.mark.parametrize(
    "message",
    [
        "ingestionPipeline instance for shop.no not found",
        "ingestionPipeline instance for shop.a\nb not found",
        f"Entity with id [{UNKNOWN_ID}] not found.",
        "Entity with name [shop.no] not found.",
    ],
)
def test_what_every_version_says_of_an_entity_that_is_not_there(
    server: RecordingServer, fetcher: Fetcher, message: str
) -> None:
    server.faults.add({"path": COLLECTION, "status": 404, "message": message})

    assert fetcher.is_gone("shop.no", UNKNOWN_ID)


@pytest.mark.parametrize(
    "change",
    [
        {"service": 7},
        {"service": {"type": ["databaseService"]}},
        {"service": None},
        {"data": []},
        {"data": [pipeline("one", SHOP), pipeline("two", SHOP)]},
        {"data": [SHOP]},
        {
            "pipelineType": None,
            "source": {"type": "postgres", "serviceName": "shop"},
            "workflowConfig": {},
            "service": 7,
        },
        {"pipelineType": None, "workflowType": "TEST_CONNECTION", "request": {}},
        {"pipelineType": None, "appType": "internal"},
        {"pipelineType": None, "serviceType": "Postgres"},
        {"pipelineType": None},
    ],
    ids=lambda change: "-".join(change),
)
def test_an_odd_entity_holds_up_no_other(fetcher: Fetcher, change: Document) -> None:
    entity = {key: value for key, value in {**pipeline("odd", SHOP), **change}.items() if key not in _dropped(change)}

    odd, good = _made(fetcher, entity, pipeline("nightly", SHOP))

    assert odd.pipeline is None
    assert isinstance(odd.error, DefinitionError)
    assert odd.error.message.startswith("OpenMetadata: shop.odd: ")
    assert good.pipeline is not None


def _dropped(change: Document) -> set[str]:
    return {"pipelineType"} & {key for key, value in change.items() if value is None}
