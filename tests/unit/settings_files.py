"""Reads settings as the program does, from files that a test writes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from k8s_pipeline_client.errors import SettingsError
from k8s_pipeline_client.settings import Loaded, Settings, load_settings

# By libyaml where it is there, as the program reads: these are more than a thousand files.
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class Files:
    """Writes settings files into a folder, and reads them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, content: Any, name: str = "settings.yaml") -> Path:
        """Write text, or anything else as YAML."""
        path = self._folder / name
        path.unlink(missing_ok=True)  # some file systems see to it that what is overwritten gets to the disk at once
        path.write_text(content if isinstance(content, str) else yaml.dump(content, Dumper=_DUMPER, sort_keys=False))
        return path

    def load(self, *contents: Any, environ: Mapping[str, str] | None = None, **flags: Any) -> Loaded:
        """Read files of these contents, one above the other."""
        paths = [self.write(content, f"{number}.yaml") for number, content in enumerate(contents)]
        return load_settings(paths, environ=environ or {}, **flags)

    def settings(self, *contents: Any, environ: Mapping[str, str] | None = None, **flags: Any) -> Settings:
        """Read files of these contents, and return what comes of them."""
        return self.load(*contents, environ=environ, **flags).settings

    def refused(self, *contents: Any, environ: Mapping[str, str] | None = None, **flags: Any) -> str:
        """Read files that cannot be used, and return why."""
        with pytest.raises(SettingsError) as caught:
            self.load(*contents, environ=environ, **flags)
        return str(caught.value)


def server(parameters: Mapping[str, Any] | None = None, **block: Any) -> dict[str, Any]:
    """Return a configuration of the server."""
    return {"pipelineServiceClientConfiguration": {**block, "parameters": dict(parameters or {})}}


def helm(k8s: Mapping[str, Any] | None = None, **block: Any) -> dict[str, Any]:
    """Return values of the Helm chart."""
    inner = {"type": "k8s", **block, **({} if k8s is None else {"k8s": dict(k8s)})}
    return {"openmetadata": {"config": {"pipelineServiceClientConfig": inner}}}
