"""The one pod template, from which every run is made."""

from __future__ import annotations

from typing import Any

from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.entities import Document
from k8s_pipeline_client.domain.pipeline import Pipeline
from k8s_pipeline_client.render import config
from k8s_pipeline_client.render.metadata import pipeline_annotations, pipeline_labels
from k8s_pipeline_client.settings import Settings

MAIN_CONTAINER = "main"
MOUNT_PATH = "/opt/k8s-pipeline"
FINAL_EXIT_CODES = (78, 143)
"""Ascending, as Kubernetes wants them: the document or entry point is unusable; ended by SIGTERM. No retry helps."""


def pod_template(pipeline: Pipeline, name: str, settings: Settings) -> Document:
    """Return ``spec.template`` of a Job.

    Args:
        pipeline: What to run.
        name: The name of the Secret with its document, and the value of our label.
        settings: How to run it.
    """
    return {
        "metadata": {
            "labels": pipeline_labels(pipeline, name),
            # The user's first: ours say what the pod is, and must be right.
            "annotations": {**settings.pod_annotations, **pipeline_annotations(pipeline)},
        },
        "spec": _pod_spec(pipeline, name, settings),
    }


def _pod_spec(pipeline: Pipeline, name: str, settings: Settings) -> Document:
    return _without_empty(
        {
            "restartPolicy": "Never",
            # The run's deadline. On the pod, so that pod and log stay; the Job's own would delete both.
            "activeDeadlineSeconds": settings.active_deadline_seconds,
            "terminationGracePeriodSeconds": settings.termination_grace_period_seconds,
            "serviceAccountName": settings.service_account_name,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "imagePullSecrets": [{"name": secret} for secret in settings.image_pull_secrets],
            "nodeSelector": settings.node_selector,
            "tolerations": [
                toleration.model_dump(by_alias=True, exclude_none=True) for toleration in settings.tolerations
            ],
            "securityContext": _pod_security(settings),
            "containers": [_main_container(pipeline, settings)],
            "volumes": [_volume(name, settings)],
        }
    )


def _main_container(pipeline: Pipeline, settings: Settings) -> Document:
    return {
        "name": MAIN_CONTAINER,
        "image": settings.ingestion_image,
        "imagePullPolicy": settings.image_pull_policy,
        # The launcher stands in front of the image's own `python main.py`.
        "command": ["python", f"{MOUNT_PATH}/{config.LAUNCHER_KEY}"],
        "args": ["--config", f"{MOUNT_PATH}/{config.DOCUMENT_KEY}", "--", "main.py"],
        "env": _environment(pipeline, settings),
        "resources": settings.resources.model_dump(),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": False,
            "runAsNonRoot": settings.run_as_non_root,
            "runAsUser": settings.run_as_user,
        },
        # Not FallbackToLogsOnError: it copies log text into the pod's status.
        "terminationMessagePolicy": "File",
        "volumeMounts": [{"name": "k8s-pipeline", "mountPath": MOUNT_PATH, "readOnly": True}],
    }


def _environment(pipeline: Pipeline, settings: Settings) -> list[Document]:
    own: list[Document] = [
        {"name": "pipelineType", "value": pipeline.pipeline_type},
        # The Job's UID: one run, one id, the same for every retry.
        {"name": "pipelineRunId", "valueFrom": _field(f"metadata.labels['{labels.CONTROLLER_UID}']")},
        {"name": "ingestionPipelineFQN", "value": _literal(pipeline.fqn)},
        {"name": "jobName", "valueFrom": _field(f"metadata.labels['{labels.JOB_NAME}']")},
        {"name": "namespace", "valueFrom": _field("metadata.namespace")},
    ]
    extra: list[Document] = [{"name": key, "value": value} for key, value in settings.extra_env_vars.items()]
    return [*own, *extra]


def _literal(text: str) -> str:
    # Kubernetes expands $(NAME) in values; a doubled dollar sign stands for itself.
    return text.replace("$(", "$$(")


def _field(path: str) -> Document:
    return {"fieldRef": {"apiVersion": "v1", "fieldPath": path}}


def _pod_security(settings: Settings) -> Document:
    seccomp: Document = {"type": settings.seccomp_profile_type}
    if settings.seccomp_localhost_profile:
        seccomp["localhostProfile"] = settings.seccomp_localhost_profile
    context: Document = {
        "runAsUser": settings.run_as_user,
        "runAsGroup": settings.run_as_group,
        "runAsNonRoot": settings.run_as_non_root,
        "seccompProfile": seccomp,
    }
    if settings.fs_group is not None:
        context["fsGroup"] = settings.fs_group
    return context


def _volume(name: str, settings: Settings) -> Document:
    # Readable by the group where fsGroup makes it ours, else by all: there is no third way for a UID not root.
    mode = 0o440 if settings.fs_group is not None else 0o444
    return {
        "name": "k8s-pipeline",
        "projected": {
            "defaultMode": mode,
            "sources": [
                {"secret": {"name": name, "items": [_item(config.DOCUMENT_KEY)]}},
                {"configMap": {"name": config.launcher()[0], "items": [_item(config.LAUNCHER_KEY)]}},
            ],
        },
    }


def _item(key: str) -> Document:
    return {"key": key, "path": key}


def _without_empty(spec: dict[str, Any]) -> Document:
    return {key: value for key, value in spec.items() if value not in ([], {})}
