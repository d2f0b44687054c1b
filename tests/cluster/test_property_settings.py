"""Whatever settings are accepted here, the API server accepts the manifests that come of them.

PROPERTY_EXAMPLES sets how many are tried, at random; without it a few, always the same.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, assume, given, note
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import ValidationError

from k8s_pipeline_client import Pipelines
from k8s_pipeline_client.cluster.connect import connect
from k8s_pipeline_client.cluster.kube import KubeCluster
from k8s_pipeline_client.cluster.port import Kind
from k8s_pipeline_client.deploying.deploy import Action
from k8s_pipeline_client.domain.entities import Workflow
from k8s_pipeline_client.domain.labels import LOOKUP_KEY
from k8s_pipeline_client.domain.pipeline import from_workflow
from k8s_pipeline_client.domain.schedule import Schedule
from k8s_pipeline_client.errors import ApiError
from k8s_pipeline_client.render import plan, plan_one_shot
from k8s_pipeline_client.settings import Settings
from tests.cluster.support.space import Space

EXAMPLES = os.environ.get("PROPERTY_EXAMPLES")
PIPELINE = from_workflow(
    Workflow.model_validate({"source": {"type": "mysql", "serviceName": "shop"}, "workflowConfig": {}}), "a test"
)
RUN_ID = "4c7d1b4e-0000-4000-8000-000000000000"

# Text of which some can be used and most cannot: what the settings let through is what is of interest.
sloppy = st.text("aZ09-._/:@ $\u00e9", max_size=12)
free = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
name = st.from_regex(r"[a-z0-9]([-a-z0-9.]{0,8}[a-z0-9])?", fullmatch=True) | sloppy
key = st.from_regex(r"([a-z]{1,5}\.[a-z]{1,5}/)?[A-Za-z0-9]([-_.A-Za-z0-9]{0,70}[A-Za-z0-9])?", fullmatch=True) | sloppy
value = st.from_regex(r"([A-Za-z0-9]([-_.A-Za-z0-9]{0,70}[A-Za-z0-9])?)?", fullmatch=True) | sloppy
path = st.from_regex(r"/[a-z]{1,3}(/[a-z.]{1,4}){0,2}/?", fullmatch=True) | sloppy
number = st.integers(-2, 5) | st.sampled_from([2**31 - 1, 2**31, 2**63])
quantity = st.from_regex(r"[0-9]{1,4}(\.[0-9]{0,4})?(m|k|M|G|Ki|Mi|Gi|E|Ei)?", fullmatch=True) | sloppy
flag = st.booleans()


def some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """A mapping that has any of these keys."""
    return st.fixed_dictionaries({}, optional=fields)


def few(item: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    """A short list."""
    return st.lists(item, max_size=3)


labels = st.dictionaries(key, value, max_size=3)
requirement = some(
    key=key,
    operator=st.sampled_from(["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"]),
    values=few(value | st.just("7")),
)
selector = some(matchLabels=labels, matchExpressions=few(requirement))
node_term = some(matchExpressions=few(requirement))
pod_term = some(topologyKey=key, labelSelector=selector, namespaces=few(name), namespaceSelector=selector)
REQUIRED, PREFERRED = (f"{how}DuringSchedulingIgnoredDuringExecution" for how in ("required", "preferred"))
pod_affinity = some(
    **{
        REQUIRED: few(pod_term),
        PREFERRED: few(some(weight=number, podAffinityTerm=pod_term)),
    }
)
node_affinity = some(
    **{
        REQUIRED: some(nodeSelectorTerms=few(node_term)),
        PREFERRED: few(some(weight=number, preference=node_term)),
    }
)
amounts = some(cpu=quantity, memory=quantity)
reference = some(name=name, optional=flag)
policy = st.sampled_from(["Honor", "Ignore"])
volume_name = st.sampled_from(["one", "two", "three", "k8s-pipeline", "No"])
SOURCES: list[dict[str, Any]] = [
    {"emptyDir": {}},
    {"configMap": {"name": "c"}},
    {"secret": {"secretName": "s"}},
    {"persistentVolumeClaim": {"claimName": "p"}},
]
values = some(
    ingestionImage=st.sampled_from(["a/b:c", "a@sha256:" + "0" * 64]) | sloppy,
    imagePullPolicy=st.sampled_from(["Always", "IfNotPresent", "Never"]),
    imagePullSecrets=few(name),
    serviceAccountName=name,
    resources=some(limits=amounts, requests=amounts),
    activeDeadlineSeconds=number,
    startTimeoutSeconds=number,
    terminationGracePeriodSeconds=number,
    ttlSecondsAfterFinished=number,
    backoffLimit=number,
    successfulJobsHistoryLimit=number,
    failedJobsHistoryLimit=number,
    startingDeadlineSeconds=number,
    nodeSelector=labels,
    tolerations=few(
        some(
            key=key,
            operator=st.sampled_from(["Equal", "Exists"]),
            value=value,
            effect=st.sampled_from(["NoSchedule", "PreferNoSchedule", "NoExecute"]),
            tolerationSeconds=number,
        )
    ),
    affinity=some(nodeAffinity=node_affinity, podAffinity=pod_affinity, podAntiAffinity=pod_affinity),
    topologySpreadConstraints=few(
        some(
            maxSkew=number,
            topologyKey=key,
            whenUnsatisfiable=st.sampled_from(["DoNotSchedule", "ScheduleAnyway"]),
            labelSelector=selector,
            minDomains=number,
            nodeAffinityPolicy=policy,
            nodeTaintsPolicy=policy,
        )
    ),
    priorityClassName=name,
    runtimeClassName=name,
    queueName=name,
    doNotDisrupt=flag,
    podLabels=labels,
    podAnnotations=st.dictionaries(key, free, max_size=3),
    extraEnvVars=st.dictionaries(key | st.from_regex(r"[-._A-Za-z0-9]{1,6}", fullmatch=True), free, max_size=3),
    envFrom=few(some(prefix=key, configMapRef=reference, secretRef=reference)),
    volumes=few(st.builds(lambda name, source: {"name": name, **source}, volume_name, st.sampled_from(SOURCES))),
    volumeMounts=few(some(name=volume_name, mountPath=path, subPath=path | sloppy, readOnly=flag)),
    runAsUser=number,
    runAsGroup=number,
    fsGroup=number | st.none(),
    runAsNonRoot=flag,
    seccompProfileType=st.sampled_from(["RuntimeDefault", "Localhost", "Unconfined"]),
    seccompLocalhostProfile=path | sloppy,
)


def accepted(given: dict[str, Any]) -> Settings:
    """Return the settings without the keys that are refused."""
    while True:
        try:
            return Settings.model_validate(given)
        except ValidationError as error:
            refused = {str(item["loc"][0]) for item in error.errors() if item["loc"]}
            # What does not fit together is refused as a whole.
            assume(refused)
            given = {key: item for key, item in given.items() if key not in refused}


def examples(number: int) -> hypothesis_settings:
    """Return how to try so many."""
    return hypothesis_settings(
        max_examples=int(EXAMPLES or number),
        derandomize=not EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
    )


def test_what_the_settings_accept_the_api_server_accepts(space: Space) -> None:
    cluster = KubeCluster(connect(space.access.kubeconfig, None), space.namespace)

    @examples(60)
    @given(values)
    def check(given: dict[str, Any]) -> None:
        settings = accepted({**given, "namespace": space.namespace})
        cronjob = plan(PIPELINE, settings).suspended_cronjob()
        job = plan_one_shot(PIPELINE, settings, RUN_ID).job
        for manifest in (cronjob, job):
            try:
                cluster.apply(manifest, manager="property", dry_run=True)
            except ApiError as error:
                note(str(settings.model_dump(by_alias=True, exclude_defaults=True)))
                raise AssertionError(f"{manifest['kind']}: {error}") from None

    check()


def test_whatever_the_settings_a_second_deploy_changes_nothing(space: Space) -> None:
    cluster = KubeCluster(connect(space.access.kubeconfig, None), space.namespace)
    disabled = replace(PIPELINE, enabled=False, schedule=Schedule("0 0 1 1 *"))

    def versions() -> list[str]:
        kinds = (Kind.CRONJOB, Kind.SECRET, Kind.CONFIG_MAP)
        items = [item for kind in kinds for item in cluster.list(kind, labels=LOOKUP_KEY if kind != kinds[0] else "")]
        return [item["metadata"]["resourceVersion"] for item in items]

    @examples(25)
    @given(values)
    def check(given: dict[str, Any]) -> None:
        settings = accepted({**given, "namespace": space.namespace})
        client = Pipelines(cluster, settings)
        client.deploy(disabled)
        before = versions()
        assert client.deploy(disabled).action == Action.UNCHANGED
        assert versions() == before

    check()
