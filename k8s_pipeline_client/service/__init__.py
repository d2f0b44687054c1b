"""The HTTP API of OpenMetadata's pipeline service, on Kubernetes.

An adapter: each operation is a call of the client, which the command line makes, too. What is its own is the wire
(`wire`, `rows`), who may ask (`auth`), how long a response may take (`limits`, `work`), and the words for people at
OpenMetadata's pages (`words`).
"""

from k8s_pipeline_client.service.app import create_app
from k8s_pipeline_client.service.config import ServiceConfig
from k8s_pipeline_client.service.metrics import Metrics
from k8s_pipeline_client.service.run import serve

__all__ = ["Metrics", "ServiceConfig", "create_app", "serve"]
