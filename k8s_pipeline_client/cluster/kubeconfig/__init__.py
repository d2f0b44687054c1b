"""Reads kubeconfigs as kubectl does: merging files, a context's cluster and user, and validation.

The official client's loader ignores `as`, continues without credentials if an exec plugin fails, lets the last of
several files win, and writes private keys to temporary files.
"""

from k8s_pipeline_client.cluster.kubeconfig.files import parse, read
from k8s_pipeline_client.cluster.kubeconfig.models import Cluster, Context, EnvVar, Exec, Kubeconfig, User
from k8s_pipeline_client.cluster.kubeconfig.select import Selected, select

__all__ = ["Cluster", "Context", "EnvVar", "Exec", "Kubeconfig", "Selected", "User", "parse", "read", "select"]
