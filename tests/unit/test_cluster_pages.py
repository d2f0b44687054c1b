"""A list whose pages become too old half-way: etcd has been compacted since the first one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pytest_mock import MockerFixture

from k8s_pipeline_client.cluster.kube import KubeCluster
from k8s_pipeline_client.cluster.port import Kind
from k8s_pipeline_client.cluster.server import ApiServer
from k8s_pipeline_client.cluster.transport import Response, Transport
from k8s_pipeline_client.errors import ApiError

GONE = Response(410, 0, b'{"kind":"Status","reason":"Expired","message":"The provided continue parameter is too old"}')


def _page(*names: str, more: str = "") -> Response:
    items = [{"metadata": {"name": name}} for name in names]
    page = {"kind": "JobList", "apiVersion": "batch/v1", "metadata": {"continue": more}, "items": items}
    return Response(200, 0, json.dumps(page).encode())


class Served:
    """A cluster whose API server gives these answers, and what it was asked."""

    def __init__(self, mocker: MockerFixture, *answers: Response) -> None:
        self._send = mocker.patch.object(Transport, "send", autospec=True, side_effect=answers)
        self.cluster = KubeCluster(mocker.create_autospec(ApiServer, instance=True), "ns", page_size=2)

    @property
    def queries(self) -> list[dict[str, Any]]:
        """The parameters of each request that are not empty."""
        queries = [call.kwargs["query"] for call in self._send.call_args_list]
        return [{key: value for key, value in query.items() if value} for query in queries]

    def names(self) -> list[list[str]]:
        """Return the names of each page; those before a restart are forgotten."""
        found: list[list[str]] = []
        for page in self.cluster.pages(Kind.JOB, labels="a=b", restart=found.clear):
            found.append([job["metadata"]["name"] for job in page])
        return found


def test_pages_are_asked_for_one_by_one(mocker: MockerFixture) -> None:
    served = Served(mocker, _page("a", "b", more="t"), _page("c"))
    assert served.names() == [["a", "b"], ["c"]]
    assert served.queries == [
        {"labelSelector": "a=b", "limit": "2"},
        {"labelSelector": "a=b", "limit": "2", "continue": "t"},
    ]


def test_a_page_is_there_before_the_next_one_is_asked_for(mocker: MockerFixture) -> None:
    served = Served(mocker, _page("a", more="t"))
    pages = served.cluster.pages(Kind.JOB, restart=lambda: None)
    assert next(pages) == [{"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "a"}}]
    assert len(served.queries) == 1


def test_a_page_is_not_kept_while_the_next_one_is_read(mocker: MockerFixture) -> None:
    served = Served(mocker, _page("a", "b", more="t"), _page("c"))
    pages = served.cluster.pages(Kind.JOB, restart=lambda: None)
    first = next(pages)
    assert len(first) == 2

    assert len(next(pages)) == 1
    assert first == []


def test_pages_that_became_too_old_are_read_anew_in_one_piece(mocker: MockerFixture) -> None:
    served = Served(mocker, _page("a", "b", more="t"), GONE, _page("b", "c", "d"))
    assert served.names() == [["b", "c", "d"]]
    assert served.queries[-1] == {"labelSelector": "a=b"}


def test_a_list_forgets_what_became_too_old(mocker: MockerFixture) -> None:
    served = Served(mocker, _page("a", "b", more="t"), GONE, _page("b", "c", "d"))
    assert [job["metadata"]["name"] for job in served.cluster.list(Kind.JOB)] == ["b", "c", "d"]


@pytest.mark.parametrize("status", [410, 403])
def test_a_refusal_of_the_first_page_is_one(mocker: MockerFixture, status: int) -> None:
    served = Served(mocker, Response(status, 0, GONE.body))
    with pytest.raises(ApiError) as found:
        served.names()
    assert found.value.status == status


def test_a_refusal_of_a_later_page_is_one(mocker: MockerFixture) -> None:
    served = Served(mocker, _page("a", more="t"), Response(403, 0, b""))
    with pytest.raises(ApiError) as found:
        served.names()
    assert found.value.status == 403
