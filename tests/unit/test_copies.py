"""A definition whose id belongs to another pipeline: a copy, or a pipeline that was renamed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from k8s_pipeline_client.cli.hints import worded
from k8s_pipeline_client.deploying import copies, rename
from k8s_pipeline_client.deploying.fetch import Fetcher
from k8s_pipeline_client.deploying.rename import others
from k8s_pipeline_client.domain.connection import server_connection
from k8s_pipeline_client.domain.naming import identity
from k8s_pipeline_client.domain.pipeline import Pipeline
from k8s_pipeline_client.domain.recognise import recognise
from k8s_pipeline_client.domain.resolve import resolve
from k8s_pipeline_client.domain.source import Source
from k8s_pipeline_client.errors import CopiedIdError, DefinitionError, OpenMetadataError
from k8s_pipeline_client.openmetadata.client import HttpOpenMetadata
from k8s_pipeline_client.render import plan
from k8s_pipeline_client.settings import Settings
from tests.images.recording import RecordingServer
from tests.openmetadata import pipeline, service, token

ID = "5b4a6f8e-abcd-4000-8000-000000000001"
OTHER_ID = "5b4a6f8e-abcd-4000-8000-000000000002"
COLLECTION = "services/ingestionPipelines"
SHOP = service("shop")
SETTINGS = Settings.model_validate({"metadataApiEndpoint": "http://openmetadata:8585/api"})

Document = dict[str, Any]


def defined(*named: tuple[str, str | None], instance: str | None = None) -> list[Pipeline]:
    """Make pipelines of names and ids."""
    documents = [pipeline(name, SHOP, id=own_id) for name, own_id in named]
    definitions = [item for document in (*documents, SHOP) for item in recognise(document, f"{document['name']}.json")]
    return resolve(definitions, connection=server_connection(SETTINGS, token()), instance=instance)


def made(name: str, own_id: str | None = ID, instance: str | None = None) -> Pipeline:
    """Make a pipeline."""
    (found,) = defined((name, own_id), instance=instance)
    return found


def deployed(item: Pipeline, source: Source = Source.FILES, **metadata: Any) -> Document:
    """The CronJob of a pipeline as the cluster has it."""
    wanted = plan(item, SETTINGS, source=source).cronjob
    return {**wanted, "metadata": {**wanted["metadata"], "uid": "one", **metadata}}


class Listing:
    """A cluster of which only the CronJobs are known."""

    def __init__(self, *cronjobs: Document) -> None:
        self._cronjobs = cronjobs

    def list(self, kind: object, *, labels: str) -> list[Document]:
        """Return them; the labels are looked at by who asks, too."""
        assert (kind, labels) == ("CronJob", "k8s-pipeline/pipeline-id")
        return list(self._cronjobs)


@pytest.fixture
def server() -> Iterator[RecordingServer]:
    with RecordingServer(seed={"entities": {"services/databaseServices": [SHOP]}}) as running:
        yield running


@pytest.fixture
def judge(server: RecordingServer) -> Iterator[copies.Judge]:
    with HttpOpenMetadata(server.url, token(), total_timeout=0.2) as client:
        connection = server_connection(SETTINGS, token())
        yield copies.by_the_server(Fetcher(client, connection=connection, now=datetime(2026, 6, 1, tzinfo=UTC)))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (ID, ID.upper()),
        (ID, f" {ID}\n"),
        (ID, ID.replace("-", "")),
        ("no uuid", "no uuid "),
    ],
)
def test_one_id_twice_is_refused_however_it_is_written(one: str, other: str) -> None:
    with pytest.raises(
        CopiedIdError, match=r"^b.json: 'shop.b' has the same id as 'shop.a' in a.json — remove"
    ) as refused:
        defined(("a", one), ("b", other))
    assert refused.value.code == "CopiedId"


@pytest.mark.parametrize(
    ("one", "other"), [(ID, OTHER_ID), ("no uuid", "no-uuid"), ("no uuid", "No uuid"), ("", " "), (None, None)]
)
def test_ids_that_are_two_are_no_copies(one: str | None, other: str | None) -> None:
    assert len(defined(("a", one), ("b", other))) == 2
    assert others([deployed(made("a", one))], made("b", other)) == []


def test_all_copies_are_counted() -> None:
    ids = [f"{ID[:-2]}{number}" for number in range(10, 21)]
    named = [(f"p{number}", own_id) for number, own_id in enumerate(ids)]
    with pytest.raises(
        CopiedIdError,
        match=r"'shop.copy-0' has the same id as 'shop.p0' .*; 10 more definitions have duplicate ids",
    ):
        defined(*named, *[(f"copy-{number}", own_id) for number, own_id in enumerate(ids)])


def test_one_definition_twice_is_refused_for_its_name() -> None:
    with pytest.raises(DefinitionError, match=r"'shop.a' is already defined in a.json"):
        defined(("a", ID), ("a", ID))


def test_an_application_may_have_the_id_of_a_pipeline() -> None:
    app = {"id": ID, "name": "Insights", "appType": "external", "sourcePythonClass": "x.Y", "appConfiguration": {}}
    documents = [pipeline("a", SHOP, id=ID), SHOP, app]
    definitions = [item for document in documents for item in recognise(document, "x.json")]
    assert len(resolve(definitions, connection=server_connection(SETTINGS, token()))) == 2


def test_an_id_has_one_form() -> None:
    assert identity(ID.upper()) == identity(f"{{{ID}}}") == identity(f"\t{ID} ") == ID
    assert identity(" other ") == "other"
    assert identity(None) is identity("") is identity("  ") is None
    assert made("a", ID.upper()).id == ID


def test_a_cronjob_is_of_the_same_id_only_in_the_same_instance() -> None:
    here, upper = deployed(made("a")), deployed(made("a"))
    upper["metadata"] = {**upper["metadata"], "annotations": {**upper["metadata"]["annotations"]}}
    upper["metadata"]["annotations"]["k8s-pipeline/id"] = ID.upper()
    elsewhere = deployed(made("a", instance="staging"))
    going = deployed(made("c"), deletionTimestamp="2026-01-01T00:00:00Z")
    unknown = deployed(made("d", OTHER_ID))

    assert others([here, elsewhere, going, unknown], made("b")) == [here]
    assert others([upper], made("b")) == [upper], "as an earlier version wrote it"
    assert others([here], made("a")) == [], "that is its own"
    assert others([here, elsewhere], made("b", instance="staging")) == [elsewhere]


def test_files_alone_never_make_a_rename() -> None:
    with pytest.raises(CopiedIdError) as refused:
        copies.by_the_files([made("b")])(made("b"), deployed(made("a")))
    assert "b.json: 'shop.b' has the id of 'shop.a', which is deployed as CronJob om-" in str(refused.value)
    assert "if it is a copy, remove the id" in str(refused.value)
    assert refused.value.code == "CopiedOrRenamed"
    assert "--rename" in worded(refused.value, {})


def test_a_person_says_that_it_is_one_unless_the_old_name_is_still_defined() -> None:
    old = deployed(made("a"))
    assert copies.by_the_files([made("b")], renamed=True)(made("b"), old) is True
    for own_id in (OTHER_ID, None):
        both = defined(("b", ID), ("a", own_id))
        for renamed in (True, False):
            assert copies.by_the_files(both, renamed=renamed)(both[0], old) is False
    elsewhere = [made("b"), made("a", OTHER_ID, instance="staging")]
    assert copies.by_the_files(elsewhere, renamed=True)(elsewhere[0], old) is True


def test_another_type_under_its_own_name_needs_a_word_too() -> None:
    old, new = deployed(made("a")), made("a")
    with pytest.raises(CopiedIdError):
        copies.by_the_files([new])(new, old)
    assert copies.by_the_files([new], renamed=True)(new, old) is True


def test_many_copies_are_refused_at_once() -> None:
    ids = [f"{ID[:-2]}{number}" for number in range(10, 21)]
    live = [deployed(item) for item in defined(*[(f"p{number}", own) for number, own in enumerate(ids)])]
    new = defined(("new", OTHER_ID), *[(f"copy-{number}", own) for number, own in enumerate(ids)])

    def there(item: Pipeline) -> list[Document]:
        return rename.others(live, item)

    with pytest.raises(
        CopiedIdError,
        match=r"'shop.copy-0' has the id of 'shop.p0', .*; 10 more definitions have duplicate ids",
    ):
        copies.refuse_copies(new, there, copies.by_the_files(new))
    copies.refuse_copies(new, there, copies.by_the_files(new, renamed=True))
    copies.refuse_copies(new[:1], there, copies.by_the_files(new))


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        ([], True),
        ([pipeline("b", SHOP, id=ID)], True),
        ([pipeline("a", SHOP, id=OTHER_ID), pipeline("b", SHOP, id=ID)], False),
        ([pipeline("a", SHOP, id="")], False),
    ],
)
def test_the_server_knows_what_was_renamed(
    server: RecordingServer, judge: copies.Judge, there: list[Document], expected: bool
) -> None:
    server.control.seed({"entities": {COLLECTION: there}})
    assert judge(made("b"), deployed(made("a"), Source.SERVER)) is expected


def test_what_the_server_still_has_is_not_renamed(server: RecordingServer, judge: copies.Judge) -> None:
    server.control.seed({"entities": {COLLECTION: [pipeline(name, SHOP, id=ID.upper()) for name in "ab"]}})
    with pytest.raises(CopiedIdError, match=r"'shop.b' has the id of 'shop.a', .*, and OpenMetadata has both"):
        judge(made("b"), deployed(made("a"), Source.SERVER))


@pytest.mark.parametrize("fault", [{"status": 403}, {"status": 500}])
def test_a_server_that_does_not_say_has_said_nothing(
    server: RecordingServer, judge: copies.Judge, fault: Document
) -> None:
    server.faults.add({"path": "ingestionPipelines/name/shop.a", "times": 9, **fault})
    with pytest.raises(OpenMetadataError):
        judge(made("b"), deployed(made("a"), Source.SERVER))


def test_the_server_says_nothing_of_what_came_from_files(judge: copies.Judge) -> None:
    with pytest.raises(CopiedIdError, match=r"from files, so the server does not know it"):
        judge(made("b"), deployed(made("a"), Source.FILES))
