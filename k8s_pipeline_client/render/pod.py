"""The pod template of all runs."""

from __future__ import annotations

from typing import Any

from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.entities import Document
from k8s_pipeline_client.domain.objects import MAIN_CONTAINER
from k8s_pipeline_client.domain.pipeline import Pipeline
from k8s_pipeline_client.render import config
from k8s_pipeline_client.render.metadata import pipeline_annotations, pipeline_labels
from k8s_pipeline_client.render.overlay import overlaid
from k8s_pipeline_client.settings import DO_NOT_DISRUPT, OWN_MOUNT_PATH, OWN_VOLUME, Settings

FINAL_EXIT_CODES = (78, 143)
"""Exit codes that are not retried, in ascending order: unusable document or entry point; terminated by SIGTERM."""


def pod_template(pipeline: Pipeline, name: str, settings: Settings) -> Document:
    """Return ``spec.template`` of a Job.

    Args:
        pipeline: The pipeline.
        name: The name of the Secret with its document, and the value of our label.
        settings: The settings.

    Raises:
        OverlayError: The settings' overlay changes a protected field.
    """
    disruption = DO_NOT_DISRUPT if settings.do_not_disrupt else {}
    template = {
        "metadata": {
            # The user's first: ours identify the pod, and take precedence.
            "labels": {**settings.pod_labels, **pipeline_labels(pipeline, name)},
            "annotations": {**disruption, **settings.pod_annotations, **pipeline_annotations(pipeline)},
        },
        "spec": _pod_spec(pipeline, name, settings),
    }
    return overlaid(template, settings.pod_template, MAIN_CONTAINER)


def _pod_spec(pipeline: Pipeline, name: str, settings: Settings) -> Document:
    return _without_empty(
        {
            "restartPolicy": "Never",
            # The run's deadline. On the pod, so that pod and log are kept; the Job's own would delete both.
            "activeDeadlineSeconds": settings.active_deadline_seconds,
            "terminationGracePeriodSeconds": settings.termination_grace_period_seconds,
            "serviceAccountName": settings.service_account_name,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "imagePullSecrets": [{"name": secret} for secret in settings.image_pull_secrets],
            "nodeSelector": settings.node_selector,
            "tolerations": [toleration.manifest() for toleration in settings.tolerations],
            "affinity": settings.affinity.manifest() if settings.affinity else None,
            "topologySpreadConstraints": [item.manifest() for item in settings.topology_spread_constraints],
            "priorityClassName": settings.priority_class_name,
            "runtimeClassName": settings.runtime_class_name,
            "securityContext": _pod_security(settings),
            "containers": [_main_container(pipeline, settings)],
            "volumes": [_volume(pipeline, name, settings), *(volume.manifest() for volume in settings.volumes)],
        }
    )


def _main_container(pipeline: Pipeline, settings: Settings) -> Document:
    own_mount = {"name": OWN_VOLUME, "mountPath": OWN_MOUNT_PATH, "readOnly": True}
    container = {
        "name": MAIN_CONTAINER,
        "image": settings.ingestion_image,
        "imagePullPolicy": settings.image_pull_policy,
        # The launcher starts the image's own entry point, such as `python main.py`.
        "command": ["python", f"{OWN_MOUNT_PATH}/{config.LAUNCHER_KEY}"],
        "args": [*config.launcher_options(pipeline), "--", *pipeline.entry_point],
        "env": _environment(pipeline, settings),
        "envFrom": [source.manifest() for source in settings.env_from],
        "resources": settings.resources.model_dump(),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": False,
            "runAsNonRoot": settings.run_as_non_root,
            "runAsUser": settings.run_as_user,
        },
        # Not FallbackToLogsOnError, which copies log text to the pod's status.
        "terminationMessagePolicy": "File",
        "volumeMounts": [own_mount, *(mount.manifest() for mount in settings.volume_mounts)],
    }
    return _without_empty(container)


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
    # Kubernetes expands $(NAME) in values, and unescapes $$.
    return text.replace("$", "$$")


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


def _volume(pipeline: Pipeline, name: str, settings: Settings) -> Document:
    # Readable by the group with fsGroup, otherwise by all: a UID other than root has no other access.
    mode = 0o440 if settings.fs_group is not None else 0o444
    return {
        "name": OWN_VOLUME,
        "projected": {
            "defaultMode": mode,
            "sources": config.sources(pipeline, name),
        },
    }


def _without_empty(spec: dict[str, Any]) -> Document:
    return {key: value for key, value in spec.items() if value not in (None, [], {})}
