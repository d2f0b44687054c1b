"""What can be done with pipelines on a cluster."""

from k8s_pipeline_client.client.copies import by_the_files
from k8s_pipeline_client.client.deploy import Action, DeployResult
from k8s_pipeline_client.client.facade import Pipelines
from k8s_pipeline_client.client.k8s import K8sPipelineClient, create_client
from k8s_pipeline_client.client.noop import NoopPipelineClient
from k8s_pipeline_client.client.service import PipelineServiceClient, PipelineServiceResponse

__all__ = [
    "Action",
    "DeployResult",
    "K8sPipelineClient",
    "NoopPipelineClient",
    "PipelineServiceClient",
    "PipelineServiceResponse",
    "Pipelines",
    "by_the_files",
    "create_client",
]
