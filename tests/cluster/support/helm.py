"""The real `helm`, and what it makes of our chart."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.cluster.local.helm import ensure_helm
from tests.cluster.support.access import Access
from tests.manifests import MANIFESTS, Rendered

CHART = MANIFESTS / "chart"
Values = Mapping[str, Any]


class HelmError(RuntimeError):
    """It ended with an error; the text is what it said."""


class Helm:
    """The program, with a home of its own."""

    def __init__(self, folder: Path, access: Access | None = None) -> None:
        """Take a folder for what it keeps, and the cluster to install in."""
        self._program = str(ensure_helm())
        self._environment = {
            "HOME": str(folder),
            "PATH": "/usr/bin:/bin",
            **({"KUBECONFIG": str(access.kubeconfig)} if access else {}),
        }

    def __call__(self, *words: str, values: Values | None = None) -> str:
        """Run it, and return what it prints; the values go in as a file."""
        given = ["--values", "-"] if values is not None else []
        done = subprocess.run(
            [self._program, *words, *given],
            input=json.dumps(values) if values is not None else None,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise HelmError(done.stderr.strip() or done.stdout.strip())
        return done.stdout

    def template(
        self, values: Values | None = None, *, release: str = "k8s-pipeline", namespace: str = "openmetadata-pipelines"
    ) -> Rendered:
        """Return the chart as it is rendered."""
        text = self("template", release, str(CHART), "--namespace", namespace, values=values or {})
        return Rendered(yaml.safe_load_all(text))
