"""Lists: selectors, order and pages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from k8s_pipeline_client.cluster.port import Cluster, Kind, Object
from tests.contract.conftest import PAGE_SIZE
from tests.contract.objects import US, Objects


@pytest.fixture
def labelled(cluster: Cluster, objects: Objects) -> Iterator[Cluster]:
    """Four ConfigMaps, written in no order."""
    for suffix, labels in {
        "-4": {"app": "y", "on": "true"},
        "-2": {"app": "x", "on": ""},
        "-3": {"app": "y"},
        "-1": {"app": "x"},
    }.items():
        cluster.apply(objects.labelled(suffix, **labels), manager=US)
    yield cluster


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ("", "1234"),
        ("app", "1234"),
        ("none", ""),
        ("on", "24"),
        ("!on", "13"),
        ("app=x", "12"),
        ("app==x", "12"),
        ("app!=x", "34"),
        ("on=", "2"),
        ("on!=true", "123"),
        ("none!=x", "1234"),
        ("app in (x,z)", "12"),
        ("app in (x, y)", "1234"),
        ("app notin (x)", "34"),
        ("on notin (true)", "123"),
        ("none notin (x)", "1234"),
        ("app=x,on", "2"),
        ("app in (x,y),on notin (true),on", "2"),
        ("app=x,app=y", ""),
    ],
)
def test_labels_select(labelled: Cluster, objects: Objects, selector: str, found: str) -> None:
    items = labelled.list(Kind.CONFIG_MAP, labels=",".join(filter(None, (objects.selector, selector))))
    assert "".join(item["metadata"]["name"][-1] for item in items) == found


def test_fields_select(labelled: Cluster, objects: Objects) -> None:
    def names(fields: str) -> list[str]:
        found = labelled.list(Kind.CONFIG_MAP, labels=objects.selector, fields=fields)
        return [item["metadata"]["name"][-1] for item in found]

    assert names(f"metadata.name={objects.name}-2") == ["2"]
    assert names(f"metadata.name!={objects.name}-2,metadata.name!={objects.name}-3") == ["1", "4"]
    assert names(f"metadata.name={objects.name}-2,metadata.namespace=another") == []


def test_each_object_of_a_list_says_what_it_is_and_is_as_it_is_read(labelled: Cluster, objects: Objects) -> None:
    found = labelled.list(Kind.CONFIG_MAP, labels=objects.selector)
    assert found == [labelled.get(Kind.CONFIG_MAP, f"{objects.name}-{number}") for number in "1234"]


def test_an_empty_list_is_one(cluster: Cluster, objects: Objects) -> None:
    for kind in Kind:
        assert cluster.list(kind, labels=objects.selector) == []


def test_pages_are_of_a_size_and_together_the_list(labelled: Cluster, objects: Objects) -> None:
    restarts: list[Object] = []
    read = labelled.pages(Kind.CONFIG_MAP, labels=objects.selector, restart=restarts.clear)
    pages = [list(page) for page in read]
    assert [len(page) for page in pages] == [PAGE_SIZE, 1]
    assert [item for page in pages for item in page] == labelled.list(Kind.CONFIG_MAP, labels=objects.selector)


def test_the_first_page_may_be_a_shorter_one(labelled: Cluster, objects: Objects) -> None:
    read = labelled.pages(Kind.CONFIG_MAP, labels=objects.selector, restart=lambda: None, first=1)
    pages = [list(page) for page in read]
    assert [len(page) for page in pages if page] == [1, PAGE_SIZE]
    assert [item for page in pages for item in page] == labelled.list(Kind.CONFIG_MAP, labels=objects.selector)


def test_later_pages_are_of_the_state_that_the_first_one_was_of(labelled: Cluster, objects: Objects) -> None:
    pages = labelled.pages(Kind.CONFIG_MAP, labels=objects.selector, restart=lambda: pytest.fail("a restart"))
    names = [item["metadata"]["name"][-1] for item in next(pages)]
    labelled.apply(objects.labelled("-5"), manager=US)
    changed = {**objects.labelled("-4", app="z")}
    labelled.apply(changed, manager=US)
    last = next(pages)
    assert names + [item["metadata"]["name"][-1] for item in last] == ["1", "2", "3", "4"]
    assert last[0]["metadata"]["labels"]["app"] == "y"
    assert list(pages) == []


def test_pods_and_events_are_selected_by_what_the_product_asks_for(cluster: Cluster) -> None:
    assert cluster.list(Kind.EVENT, fields="involvedObject.uid=none") == []
    assert cluster.list(Kind.POD, fields="status.phase!=Running,spec.nodeName=none") == []


def test_the_first_of_a_list_is_one_of_it(labelled: Cluster, objects: Objects) -> None:
    found = labelled.first(Kind.CONFIG_MAP, labels=f"{objects.selector},app=x")
    assert found in labelled.list(Kind.CONFIG_MAP, labels=f"{objects.selector},app=x")
    assert labelled.first(Kind.CONFIG_MAP, labels=f"{objects.selector},app=z") is None


def test_all_of_a_kind_are_counted_whatever_their_labels(labelled: Cluster, objects: Objects) -> None:
    assert labelled.count(Kind.CONFIG_MAP) == len(labelled.list(Kind.CONFIG_MAP)) >= 4
    assert labelled.count(Kind.EVENT) == len(labelled.list(Kind.EVENT))
