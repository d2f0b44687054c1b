"""Runs OpenMetadata ingestion pipelines on Kubernetes with Jobs and CronJobs only.

The public names are those of ``__all__``; each is imported lazily, when it is first used. `k8s_pipeline_client.render`
renders manifests without a cluster; `k8s_pipeline_client.errors` has all exceptions. The loggers below
``k8s_pipeline_client`` (standard `logging`) get requests and their durations at DEBUG, retries and the steps of deploys
at INFO, without secrets.
"""

from __future__ import annotations

import logging
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from k8s_pipeline_client.version import __version__ as __version__

if TYPE_CHECKING:
    from k8s_pipeline_client.client import (
        K8sPipelineClient,
        NoopPipelineClient,
        Pipelines,
        PipelineServiceClient,
        PipelineServiceResponse,
        create_client,
    )
    from k8s_pipeline_client.domain.pipeline import Pipeline
    from k8s_pipeline_client.domain.recognise import recognise
    from k8s_pipeline_client.domain.resolve import resolve
    from k8s_pipeline_client.errors import PipelineError
    from k8s_pipeline_client.runs.spool import LogSpool
    from k8s_pipeline_client.settings import Settings, load_settings
    from k8s_pipeline_client.status import Cause, PipelineStatus, RunStatus, State
    from k8s_pipeline_client.timelimit import time_limit


__all__ = [
    "Cause",
    "K8sPipelineClient",
    "LogSpool",
    "NoopPipelineClient",
    "Pipeline",
    "PipelineError",
    "PipelineServiceClient",
    "PipelineServiceResponse",
    "PipelineStatus",
    "Pipelines",
    "RunStatus",
    "Settings",
    "State",
    "create_client",
    "load_settings",
    "recognise",
    "resolve",
    "time_limit",
]

_HOME = MappingProxyType(
    {
        **dict.fromkeys(
            (
                "K8sPipelineClient",
                "NoopPipelineClient",
                "PipelineServiceClient",
                "PipelineServiceResponse",
                "Pipelines",
                "create_client",
            ),
            "client",
        ),
        "Pipeline": "domain.pipeline",
        "resolve": "domain.resolve",
        "recognise": "domain.recognise",
        "PipelineError": "errors",
        "LogSpool": "runs.spool",
        **dict.fromkeys(("Settings", "load_settings"), "settings"),
        **dict.fromkeys(("Cause", "PipelineStatus", "RunStatus", "State"), "status"),
        "time_limit": "timelimit",
    }
)

logging.getLogger(__name__).addHandler(logging.NullHandler())  # the application configures logging


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
