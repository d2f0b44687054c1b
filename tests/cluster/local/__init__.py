"""A real one-node Kubernetes on this machine, without Docker and without an image registry.

`python -m tests.cluster.local up` starts it; `tests.cluster.local.cluster` is its Python API.
"""
