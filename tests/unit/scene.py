"""A namespace in memory, with definitions that differ in what a test is about, and what came of deploys of them."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from k8s_pipeline_client import Pipeline, Pipelines, Settings
from k8s_pipeline_client.cluster.port import Kind, Object
from k8s_pipeline_client.deploying.copies import by_the_entity
from k8s_pipeline_client.deploying.deploy import Deployer, DeployResult
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.entities import IngestionPipeline, Service
from k8s_pipeline_client.domain.objects import annotation
from k8s_pipeline_client.domain.pipeline import from_entity
from k8s_pipeline_client.domain.schedule import Schedule
from k8s_pipeline_client.launcher.token import with_token
from k8s_pipeline_client.render import plan
from k8s_pipeline_client.render.plan import Plan
from tests.data import sample
from tests.fakes import FakeCluster

SETTINGS = Settings(namespace="ns")
MONTHLY = Schedule("0 3 1 * *", "UTC")
"""A schedule that was not due lately, as the fake's clock has it."""

_ENTITY = sample("pipelines/01_postgres_metadata_daily.json")
_PIPELINE = from_entity(
    IngestionPipeline.model_validate(_ENTITY), Service.model_validate(sample("services/postgres.json")), "a test"
)


def token(issued: int = 2, bot: str = "ingestion-bot") -> str:
    """Return a bot's token; that with the higher number is the newer one."""
    claims = {"sub": bot, "iat": int(datetime(2025, 12, 1, tzinfo=UTC).timestamp()) + issued}
    parts = (json.dumps(part).encode() for part in ({"alg": "RS256"}, claims))
    return ".".join([*(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts), "c2ln"])


def pipeline(**changes: Any) -> Pipeline:
    """Return a pipeline; ``level`` is the log level of its document, ``token`` the token in it, None for none."""
    level, held = changes.pop("level", "INFO"), changes.pop("token", token())
    document = with_token(_PIPELINE.document, held or "")
    document = {**document, "workflowConfig": {**document["workflowConfig"], "loggerLevel": level}}
    return replace(_PIPELINE, **{"schedule": MONTHLY, "document": document, **changes})


def renamed(**changes: Any) -> Pipeline:
    """Return the pipeline under another name, with the id that it had."""
    return pipeline(fqn="pg_prod.renamed", name="renamed", **changes)


def others(count: int) -> list[Pipeline]:
    """Return pipelines of other names and ids."""
    return [
        pipeline(
            fqn=f"pg_prod.other-{number}",
            name=f"other-{number}",
            display_name=f"other {number}",
            id=f"00000000-0000-4000-8000-{number:012d}",
        )
        for number in range(count)
    ]


def planned(item: Pipeline, settings: Settings = SETTINGS) -> Plan:
    """Return what the cluster is to hold for a pipeline."""
    return plan(item, settings)


def cluster() -> FakeCluster:
    """Return an empty namespace, half a month after anything was due."""
    fake = FakeCluster("ns")
    fake.advance(20 * 24 * 3600)
    return fake


def client(fake: FakeCluster, settings: Settings = SETTINGS) -> Pipelines:
    """Return a client of a namespace."""
    return Pipelines(fake, settings)


def deploy(
    fake: FakeCluster, item: Pipeline, *, force: bool = False, dry_run: bool = False, settings: Settings = SETTINGS
) -> DeployResult:
    """Deploy a pipeline; what has its id under another name is the pipeline before it was renamed."""
    return Deployer(fake, force=force, dry_run=dry_run).deploy(planned(item, settings), by_the_entity)


def job(fake: FakeCluster, name: str, number: int = 1) -> Object:
    """Have a run of a pipeline be active, with the pods that its CronJob starts now."""
    cronjob = fake.get(Kind.CRONJOB, name)
    owner = {"apiVersion": "batch/v1", "kind": "CronJob", "name": name, "uid": cronjob["metadata"]["uid"]}
    template = cronjob["spec"]["jobTemplate"]
    metadata = {
        "name": f"{name}-{number}",
        "namespace": fake.namespace,
        "labels": template["metadata"]["labels"],
        "annotations": template["metadata"]["annotations"],
        "ownerReferences": [{**owner, "controller": True}],
    }
    return fake.create({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": template["spec"]})


@dataclass(frozen=True, slots=True)
class Content:
    """What a namespace holds, apart from what only the API server says of it: UIDs, versions, times, managers."""

    objects: Mapping[tuple[str, str], Object]

    @classmethod
    def of(cls, fake: FakeCluster) -> Content:
        """Take all objects of a namespace."""
        kinds = (Kind.CRONJOB, Kind.SECRET, Kind.CONFIG_MAP, Kind.JOB)
        items = [item for kind in kinds for item in fake.list(kind)]
        return cls({(item["kind"], item["metadata"]["name"]): _bare(item) for item in items})

    def differences(self, other: Content) -> list[str]:
        """Return the objects in which two differ."""
        keys = sorted({*self.objects, *other.objects})
        return [
            f"{kind} {name}" for kind, name in keys if self.objects.get((kind, name)) != other.objects.get((kind, name))
        ]


def _bare(item: Object) -> Object:
    left_out = ("uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "ownerReferences")
    metadata = {key: value for key, value in item["metadata"].items() if key not in left_out}
    owners = [(owner["kind"], owner["name"]) for owner in item["metadata"].get("ownerReferences") or ()]
    return {**item, "metadata": metadata, "owners": owners}


_ALONE: dict[int, tuple[Pipeline, Content]] = {}


def alone(item: Pipeline) -> Content:
    """Return what a namespace holds where nothing but this definition was ever deployed."""
    if id(item) not in _ALONE:
        fake = cluster()
        deploy(fake, item)
        _ALONE[id(item)] = item, Content.of(fake)
    return _ALONE[id(item)][1]


def assert_holds_one_of(fake: FakeCluster, *items: Pipeline) -> None:
    """Check that a namespace holds one of these definitions whole, as if nothing else had ever been deployed."""
    found, wrong = Content.of(fake), []
    for item in items:
        wrong.append(found.differences(alone(item)))
        if not wrong[-1]:
            return
    assert [] in wrong, f"what differs from each: {wrong}"


def assert_nothing_unowned(fake: FakeCluster) -> None:
    """Check that nothing of a pipeline is there that would not go with its CronJob."""
    cronjobs = {item["metadata"]["uid"] for item in fake.list(Kind.CRONJOB)}
    for kind in (Kind.SECRET, Kind.CONFIG_MAP):
        for item in fake.list(kind, labels=labels.PIPELINE):
            owners = {owner["uid"] for owner in item["metadata"].get("ownerReferences") or ()}
            assert owners and owners <= cronjobs, f"{kind} {item['metadata']['name']} has no owner"


def assert_no_half_fires(fake: FakeCluster) -> None:
    """Check that what is on a schedule has everything that its runs need, and all of it of one definition."""
    for cronjob in fake.list(Kind.CRONJOB):
        if cronjob["spec"]["suspend"]:
            continue
        name = cronjob["metadata"]["name"]
        secret, config_map = fake.get(Kind.SECRET, name), fake.get(Kind.CONFIG_MAP, name)
        document = annotation(cronjob, labels.DOCUMENT_HASH)
        assert annotation(secret, labels.DOCUMENT_HASH) == document
        assert config_map["data"]["documentSha256"] == document
        held = cronjob["metadata"]["labels"].get(labels.TOKEN)
        assert not held or fake.get(Kind.SECRET, held)["data"]
