"""The library: pipelines on a cluster."""

from k8s_pipeline_client.client.connecting import connect
from k8s_pipeline_client.client.contract import PipelineServiceClient, PipelineServiceResponse
from k8s_pipeline_client.client.kubernetes import K8sPipelineClient, create_client
from k8s_pipeline_client.client.noop import NoopPipelineClient
from k8s_pipeline_client.client.pipelines import Pipelines
from k8s_pipeline_client.deploying.copies import by_the_files
from k8s_pipeline_client.deploying.deploy import Action, DeployResult

__all__ = [
    "Action",
    "DeployResult",
    "K8sPipelineClient",
    "NoopPipelineClient",
    "PipelineServiceClient",
    "PipelineServiceResponse",
    "Pipelines",
    "by_the_files",
    "connect",
    "create_client",
]
