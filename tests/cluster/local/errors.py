"""What this tool says when it cannot go on."""

from __future__ import annotations

# How an error ends when this machine cannot do it.
OTHER_CLUSTER = "or name another cluster in K8S_PIPELINE_TEST_KUBECONFIG"


class ClusterError(Exception):
    """One line for the person at the terminal: what failed and what helps."""
