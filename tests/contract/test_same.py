"""The same requests to the fake and to the real API server: all that comes back is the same.

First what the product writes, in the order that it writes it; then what Hypothesis comes upon. PROPERTY_EXAMPLES sets
how much of that is tried, at random; without it a little, always the same.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from k8s_pipeline_client import Pipelines, Settings
from k8s_pipeline_client.cluster.port import Cluster, Kind, Object, Propagation
from k8s_pipeline_client.domain.entities import IngestionPipeline, Service
from k8s_pipeline_client.domain.pipeline import Pipeline, from_entity
from k8s_pipeline_client.errors import ApiError, PipelineError
from tests.contract.objects import HELD, Objects, comparable, find
from tests.data import sample
from tests.fakes import FakeCluster

pytestmark = pytest.mark.cluster

EXAMPLES = os.environ.get("PROPERTY_EXAMPLES")
KINDS = (Kind.CRONJOB, Kind.JOB, Kind.SECRET, Kind.CONFIG_MAP)
SAMPLES = {
    "01_postgres_metadata_daily": "postgres",
    "02_snowflake_usage_hourly_tz": "snowflake",
    "08_testsuite_table": "testsuite_orders",
    "10_tableau_metadata_on_demand": "tableau",
}


def _pipeline(name: str, instance: str, **changes: Any) -> Pipeline:
    entity = IngestionPipeline.model_validate(sample(f"pipelines/{name}.json") | changes)
    service = Service.model_validate(sample(f"services/{SAMPLES[name]}.json"))
    return from_entity(entity, service, name, instance=instance)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_pipeline_is_deployed_changed_and_deleted_alike(real: Cluster, name: str) -> None:
    instance = f"c-{secrets.token_hex(4)}"

    def life(cluster: Cluster) -> list[Any]:
        pipelines = Pipelines(cluster, Settings(namespace=cluster.namespace, instance=instance))
        told: list[Any] = []

        def do(what: Callable[[], Any]) -> None:
            try:
                answer = what()
            except PipelineError as error:
                answer = str(error)
            told.append(answer)
            found = [cluster.list(kind, labels=f"k8s-pipeline/instance={instance}") for kind in KINDS]
            told.append([comparable(item) for items in found for item in items])

        first = _pipeline(name, instance)
        do(lambda: pipelines.deploy(first, dry_run=True))
        do(lambda: pipelines.deploy(first))
        do(lambda: pipelines.deploy(first))
        do(lambda: [item.text for item in pipelines.diff(_pipeline(name, instance, displayName="another"))])
        do(lambda: pipelines.deploy(_pipeline(name, instance, displayName="another", enabled=False)))
        do(lambda: pipelines.deploy(first))
        cronjob = cluster.list(Kind.CRONJOB, labels=f"k8s-pipeline/instance={instance}")[0]["metadata"]["name"]
        do(lambda: pipelines.delete(cronjob))
        return told

    for theirs, ours in zip(life(real), life(FakeCluster(real.namespace)), strict=True):
        assert ours == theirs


MANAGERS = st.sampled_from(["one", "two", "three"])
VALUES = st.sampled_from(["", "x", "y"])
ENV = st.lists(
    st.builds(lambda name, value: {"name": name, "value": value}, st.sampled_from("ABCD"), VALUES),
    unique_by=lambda item: str(item["name"]),
    max_size=4,
)
CONTAINERS = st.lists(
    st.fixed_dictionaries(
        {"name": st.sampled_from(["main", "side"])},
        optional={
            "image": st.sampled_from(["i:1", "i:2", "i"]),
            "env": ENV,
            "args": st.lists(VALUES, max_size=2),
            "tty": st.booleans(),
            "resources": st.just({"limits": {"memory": "1024Mi"}}),
            "securityContext": st.sampled_from([{}, {"runAsUser": 1}, {"capabilities": {"drop": ["ALL"]}}]),
        },
    ),
    unique_by=lambda item: str(item["name"]),
    min_size=1,
    max_size=2,
)
PODS = st.fixed_dictionaries(
    {"restartPolicy": st.just("Never"), "containers": CONTAINERS},
    optional={
        "nodeSelector": st.dictionaries(st.sampled_from("ab"), VALUES, max_size=2),
        "volumes": st.just([{"name": "v", "emptyDir": {}}]),
        "terminationGracePeriodSeconds": st.sampled_from([5, 30]),
        "hostNetwork": st.just(False),
    },
)
SPECS: dict[str, st.SearchStrategy[Any]] = {"suspend": st.booleans(), "successfulJobsHistoryLimit": st.just(5)}
MAPS = st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3)


@st.composite
def manifests(draw: st.DrawFn) -> Object:
    """Return a part of a CronJob or of a ConfigMap; the metadata have no name yet."""
    metadata = st.fixed_dictionaries({}, optional={"labels": MAPS, "annotations": MAPS, "finalizers": st.just([HELD])})
    item: Object = {"metadata": draw(metadata)}
    if draw(st.booleans()):
        return (
            item | {"apiVersion": "v1", "kind": "ConfigMap"} | draw(st.fixed_dictionaries({}, optional={"data": MAPS}))
        )
    spec: Object = dict(draw(st.fixed_dictionaries({}, optional=SPECS)))
    if draw(st.integers(0, 3)):
        template: Object = {"spec": {"template": {"spec": draw(PODS)}}}
        spec |= {"schedule": draw(st.sampled_from(["0 0 31 2 *", "0 0 30 2 *"])), "jobTemplate": template}
    return item | {"apiVersion": "batch/v1", "kind": "CronJob", "spec": spec}


APPLIES = st.tuples(
    st.just("apply"), manifests(), MANAGERS, st.booleans(), st.sampled_from([False, False, False, True])
)
PATCHES = st.tuples(
    st.just("merge"),
    st.sampled_from([Kind.CONFIG_MAP, Kind.CRONJOB]),
    st.fixed_dictionaries(
        {"metadata": st.dictionaries(st.sampled_from(["labels", "annotations"]), st.none() | MAPS, max_size=2)},
        optional={
            "spec": st.just({"suspend": True}),
            "data": st.dictionaries(st.sampled_from("ab"), st.none() | VALUES),
        },
    ),
)
CREATES = st.tuples(st.just("create"), manifests())
DELETES = st.tuples(
    st.just("delete"), st.sampled_from([Kind.CONFIG_MAP, Kind.CRONJOB]), st.just(Propagation.BACKGROUND)
)


@settings(
    max_examples=int(EXAMPLES or 30),
    derandomize=not EXAMPLES,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],  # to look for a smaller example takes minutes on a real API server
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(st.one_of(APPLIES, APPLIES, APPLIES, PATCHES, CREATES, DELETES), min_size=2, max_size=7))
def test_whatever_is_asked_for_the_answers_are_alike(real: Cluster, steps: list[tuple[Any, ...]]) -> None:
    objects = Objects(real.namespace, f"h-{secrets.token_hex(4)}")
    fake = FakeCluster(real.namespace)
    try:
        for step in steps:
            assert _answer(fake, objects, step) == _answer(real, objects, step)
            for kind in (Kind.CONFIG_MAP, Kind.CRONJOB):
                assert _there(fake, kind, objects) == _there(real, kind, objects)
    finally:
        for kind in (Kind.CONFIG_MAP, Kind.CRONJOB):
            real.delete(kind, objects.name, Propagation.BACKGROUND)
            if find(real, kind, objects.name):
                real.merge(kind, objects.name, {"metadata": {"finalizers": None}})


def _answer(cluster: Cluster, objects: Objects, step: tuple[Any, ...]) -> Any:
    verb, *given = step
    try:
        match verb:
            case "apply":
                manifest, manager, force, dry_run = given
                return _told(cluster.apply(_named(manifest, objects), manager=manager, force=force, dry_run=dry_run))
            case "create":
                return _told(cluster.create(_named(given[0], objects)))
            case "merge":
                return _told(cluster.merge(given[0], objects.name, given[1]))
            case _:
                return cluster.delete(given[0], objects.name, given[1])
    except ApiError as error:
        # Of the values that are not valid the fake says some only.
        return error.status, error.reason, "" if error.status == 422 else error.message


def _named(manifest: Object, objects: Objects) -> Object:
    return {**manifest, "metadata": {**manifest["metadata"], "name": objects.name, "namespace": objects.namespace}}


def _told(item: Object) -> Object:
    return comparable(item) | {"going": "deletionTimestamp" in item["metadata"]}


def _there(cluster: Cluster, kind: Kind, objects: Objects) -> Object | None:
    found = find(cluster, kind, objects.name)
    return _told(found) if found else None
