"""What the program is called."""

from __future__ import annotations

import os
import sys


def program() -> str:
    """Return how the program was called; as a kubectl plugin, `kubectl ompipeline`."""
    name = os.path.basename(sys.argv[0])
    return "kubectl ompipeline" if name.startswith("kubectl-ompipeline") else "k8s-pipeline"
