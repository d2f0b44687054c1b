"""What can be done with pipelines on a cluster."""

from k8s_pipeline_client.client.deploy import Action, DeployResult
from k8s_pipeline_client.client.facade import K8sPipelineClient

__all__ = ["Action", "DeployResult", "K8sPipelineClient"]
