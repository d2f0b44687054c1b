"""Reads kubeconfigs as kubectl does: files, their merging, a context's cluster and user, and what is refused.

The official client's own loader takes some forms half: it does not know `as`, goes on without a login where an exec
plugin fails, lets the last of several files win, and writes private keys into temporary files.
"""

from k8s_pipeline_client.cluster.kubeconfig.files import parse, read
from k8s_pipeline_client.cluster.kubeconfig.models import Cluster, EnvVar, Exec, Kubeconfig, User
from k8s_pipeline_client.cluster.kubeconfig.select import Selected, select

__all__ = ["Cluster", "EnvVar", "Exec", "Kubeconfig", "Selected", "User", "parse", "read", "select"]
