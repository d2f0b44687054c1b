"""How lists, maps and structures are merged, against the API server's own description."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from k8s_pipeline_client.cluster.connect import connect
from k8s_pipeline_client.cluster.port import Kind
from k8s_pipeline_client.cluster.transport import Transport
from tests.cluster.support.access import Access
from tests.fakes.schema import SETS, Field, element_of, fields, root

Definitions = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def described(access: Access) -> Definitions:
    """The definitions of the OpenAPI document, by the last part of their names."""
    document = json.loads(Transport(connect(access.kubeconfig)).send("GET", "/openapi/v2").body)
    wanted = ("io.k8s.api.batch.v1.", "io.k8s.api.core.v1.", "io.k8s.apimachinery.pkg.apis.meta.v1.")
    return {
        name.rpartition(".")[2]: definition
        for name, definition in document["definitions"].items()
        if name.startswith(wanted)
    }


@pytest.mark.cluster
@pytest.mark.parametrize("kind", Kind)
def test_each_field_is_merged_as_the_api_server_says(described: Definitions, kind: Kind) -> None:
    wrong = []
    for field in _everything(root(kind)):
        model, _, name = field.owner.partition(".")
        told = described.get(_name(model), {}).get("properties", {}).get(name)
        if told is not None and _merged(field) != _merged_as(told, described, field):  # else it is of another version
            wrong.append(f"{field.owner}: {_merged(field)}, and not {_merged_as(told, described, field)}")
    assert wrong == []


@pytest.mark.cluster
@pytest.mark.parametrize("kind", Kind)
def test_there_is_no_field_that_the_fake_does_not_know(described: Definitions, kind: Kind) -> None:
    models = {_name(field.owner.partition(".")[0]): field.owner.partition(".")[0] for field in _everything(root(kind))}
    assert models
    unknown = [
        f"{name}.{key}"
        for name, model in models.items()
        for key in described.get(name, {}).get("properties", {})
        if key not in fields(model)
    ]
    assert unknown == []


def _everything(field: Field) -> Iterator[Field]:
    """Yield all fields below one."""
    seen: set[str] = set()
    left = [field]
    while left:
        item = left.pop()
        while item.is_list or item.is_map:
            item = item.item
        if item.is_structure and item.type not in seen:
            seen.add(item.type)
            own = [below for below in fields(item.type).values() if below.owner != "V1ObjectMeta.managedFields"]
            yield from own
            left += own


def _name(model: str) -> str:
    return model.removeprefix("Core").removeprefix("V1")


def _merged(field: Field) -> str:
    if field.is_list:
        if field.is_atomic:
            return "atomic list"
        if field.owner in SETS:
            return "set"
        return "list by " + ",".join(sorted(json.loads(element_of({}, field)[2:])))
    if field.is_map or field.is_structure:
        return "atomic" if field.is_atomic else "granular"
    return "scalar"


def _merged_as(told: dict[str, Any], described: Definitions, field: Field) -> str:
    if told.get("type") == "array":
        if told.get("x-kubernetes-list-type") == "map":
            return "list by " + ",".join(sorted(told["x-kubernetes-list-map-keys"]))
        return "set" if told.get("x-kubernetes-list-type") == "set" else "atomic list"
    target = described.get(told.get("$ref", "").rpartition(".")[2], {})
    if not (field.is_map or field.is_structure):
        return "scalar"
    kinds = (told.get("x-kubernetes-map-type"), target.get("x-kubernetes-map-type"))
    return "atomic" if "atomic" in kinds else "granular"
