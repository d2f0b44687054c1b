"""The library as its users see it: its names, the client that does nothing, and logs in pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_mock import MockerFixture

import k8s_pipeline_client as library
from k8s_pipeline_client import (
    K8sPipelineClient,
    NoopPipelineClient,
    PipelineServiceClient,
    Settings,
    create_client,
    errors,
)
from k8s_pipeline_client.cluster.port import Cluster
from k8s_pipeline_client.runs.logpage import PAGE_CHARACTERS, LogPage, page_of
from k8s_pipeline_client.runs.spool import LogSpool

PIPELINE = {"fullyQualifiedName": "pg_prod.nightly"}


def test_every_public_name_is_there_and_says_what_it_is() -> None:
    assert sorted(library.__all__) == library.__all__
    for name in library.__all__:
        assert getattr(library, name).__doc__, name
        assert name in dir(library)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = library.nothing


def test_the_errors_are_those_of_the_tree_that_is_drawn() -> None:
    found = {
        name for name, item in vars(errors).items() if isinstance(item, type) and issubclass(item, errors.PipelineError)
    }
    drawn = {word for word in (errors.__doc__ or "").replace("│", " ").split() if word.endswith("Error")}
    assert found == drawn - {"PipelineError"} | {"PipelineError"}


def test_a_client_that_is_switched_off_answers_and_does_nothing() -> None:
    client: PipelineServiceClient = create_client(Settings(enabled=False))

    assert client.service_status().as_dict() == {"code": 200, "platform": "disabled", "version": "disabled"}
    assert client.queued_statuses(PIPELINE) == []
    assert (client.last_logs(PIPELINE), client.host_ip()) == (None, None)
    assert (client.run_automation({}), client.run_application({})) == (None, None)
    assert isinstance(client, NoopPipelineClient)


def test_at_the_end_of_a_with_block_connections_and_logs_are_given_up(mocker: MockerFixture) -> None:
    cluster, spool = mocker.create_autospec(Cluster, instance=True), LogSpool()
    spool.page("a run", 0, lambda stream: iter([b"its log"]), grows=True)

    with pytest.raises(ValueError, match="of the block's own"), K8sPipelineClient(cluster, Settings(), spool=spool):
        raise ValueError("of the block's own")

    assert spool.bytes_on_disk == 0
    cluster.close.assert_called_once_with()


def test_every_client_can_be_used_in_a_with_block() -> None:
    with create_client(Settings(enabled=False)) as client:
        assert client.service_status().code == 200
    client.close()


@pytest.mark.parametrize(
    "change",
    [
        lambda client: client.deploy_pipeline(PIPELINE, {}),
        lambda client: client.run_pipeline(PIPELINE),
        lambda client: client.delete_pipeline(PIPELINE),
        lambda client: client.set_pipeline_enabled(PIPELINE, True),
        lambda client: client.kill_pipeline(PIPELINE),
    ],
)
def test_a_client_that_is_switched_off_says_so_where_something_was_to_be_changed(
    change: Callable[[Any], object],
) -> None:
    with pytest.raises(errors.DisabledError, match="disabled — set enabled: true"):
        change(NoopPipelineClient())


@given(st.text(), st.integers(1, 9), st.integers(1, 5))
def test_the_pages_of_a_log_are_the_log(text: str, size: int, width: int) -> None:
    raw = text.encode(errors="replace")
    chunks = [raw[start : start + width] for start in range(0, len(raw), width)]

    total = page_of(chunks, 0, size=size).total

    pages = [page_of(chunks, number, size=size).text for number in range(total)]
    assert "".join(pages) == raw.decode()
    assert {len(page) for page in pages[:-1]} <= {size}
    assert page_of(chunks, total, size=size) == LogPage("", total)


def test_a_page_is_never_larger_than_a_server_takes() -> None:
    page = page_of(["\U0001f40d".encode() * PAGE_CHARACTERS * 2], 0)
    assert (len(page.text.encode()), page.total) == (2**20, 2)


def test_a_log_that_is_not_text_has_pages_all_the_same() -> None:
    assert page_of([b"\xff\xe2\x82", b"\xac\xc3"], 0) == LogPage("\ufffd€\ufffd", 1)
    assert page_of([], 0) == LogPage("", 1)
