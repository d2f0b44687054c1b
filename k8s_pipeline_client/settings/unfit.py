"""Files that hold settings in a form that is not read, or something else: recognised, to say what to give instead."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from k8s_pipeline_client.domain.yamltext import UnusableTextError, load_documents
from k8s_pipeline_client.errors import SettingsError
from k8s_pipeline_client.settings.blocks import top_level_keys
from k8s_pipeline_client.settings.keys import VARIABLES

_ASSIGNMENT = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=")
_NAME = re.compile(r"[A-Z][A-Z0-9_]*")
_EXPORT = "export them: environment variables take precedence over files"
_OF_DEFINITIONS = frozenset({"source", "workflowConfig"})
_SUSPECT = frozenset({"apiVersion", "environment", "env", "services"})
"""Top-level keys of other files; whatever has none of them, nor a variable's name, is not looked at any closer."""
_HELM_VALUES = "helm get values RELEASE prints them"
_VALUES_IN = {
    "HelmRelease": ("spec.values", "Flux"),
    "HelmChart": ("spec.valuesContent", "k3s"),
    "HelmChartConfig": ("spec.valuesContent", "k3s"),
    "Application": ("spec.source.helm (valuesObject or values)", "Argo CD"),
    "ApplicationSet": ("spec.template.spec.source.helm (valuesObject or values)", "Argo CD"),
    "Kustomization": ("helmCharts[].valuesInline", "kustomize"),
}
"""Where objects of others hold Helm values."""


def refuse_other_files(text: str, origin: str) -> None:
    """Refuse what holds settings in a form that is not read, or something that has none.

    Raises:
        SettingsError: It does; the hint says what to give instead.
    """
    if _assigns(text):
        raise SettingsError(f"settings file {origin} contains environment variables (NAME=value)", hint=_EXPORT)
    keys = top_level_keys(text, origin)
    if keys >= _OF_DEFINITIONS:
        raise SettingsError(f"settings file {origin} is a workflow document, and not settings", hint="give it by -f")
    if not keys & _SUSPECT and not any(map(_NAME.fullmatch, keys)) and not text.lstrip().startswith(("-", "[")):
        return
    try:
        documents = [document for document in load_documents(text) if document is not None]
    except UnusableTextError:
        return  # which is said by whoever reads it
    manifests = [item for item in documents if _is_manifest(item)]
    if manifests:
        of_helm = [item for item in manifests if item["kind"] in _VALUES_IN]
        raise _manifest_error((of_helm or manifests)[0], origin)
    if len(documents) == 1 and (how := _variables_in(documents[0])):
        raise SettingsError(f"settings file {origin} contains environment variables ({how})", hint=_EXPORT)


def _assigns(text: str) -> bool:
    """Return whether a text is a list of assignments, as shells and Docker's ``--env-file`` read it."""
    lines = [line.strip() for line in text.splitlines()]
    matches = [_ASSIGNMENT.match(line) for line in lines if line and not line.startswith("#")]
    names = [match[1] for match in matches if match]
    return len(names) == len(matches) and any(name in VARIABLES for name in names)


def _is_manifest(document: Any) -> bool:
    return isinstance(document, Mapping) and all(isinstance(document.get(key), str) for key in ("apiVersion", "kind"))


def _manifest_error(manifest: Mapping[str, Any], origin: str) -> SettingsError:
    kind = manifest["kind"]
    what = f"settings file {origin} is a Kubernetes object ({kind}), and not settings"
    if kind in _VALUES_IN:
        where, whose = _VALUES_IN[kind]
        hint = f"give the values alone, which {whose} has in {where}, as a file; {_HELM_VALUES}"
        return SettingsError(what, hint=hint)
    data = manifest.get("data") or manifest.get("stringData")
    if isinstance(data, Mapping) and (how := _variables_in(data)):
        return SettingsError(
            f"settings file {origin} is a {kind} that contains environment variables ({how})", hint=_EXPORT
        )
    files = [str(key) for key in data if str(key).endswith((".yaml", ".yml"))] if isinstance(data, Mapping) else []
    if files:
        return SettingsError(what, hint=f"write what stands in data, {files[0]}, into a file of its own")
    return SettingsError(what, hint="give a settings file, the server's openmetadata.yaml, or Helm values")


def _variables_in(content: Any) -> str:
    """Return how a document contains environment variables; empty where it does not."""
    if isinstance(content, Mapping):
        names = [str(key) for key in content]
        if names and all(_NAME.fullmatch(name) for name in names) and any(name in VARIABLES for name in names):
            return "NAME: value"
        for key in ("environment", "env"):
            if set(names) <= {key, "version"} and _holds_known(content.get(key)):
                return key
        services = content.get("services")
        if isinstance(services, Mapping) and any(
            isinstance(item, Mapping) and _holds_known(item.get("environment")) for item in services.values()
        ):
            return "services, environment: a Docker Compose file"
    return "- NAME=value" if isinstance(content, list) and _holds_known(content) else ""


def _holds_known(entries: Any) -> bool:
    """Return whether variables are among them: a mapping, a list of assignments, or one of name and value."""
    if isinstance(entries, Mapping):
        return any(str(name) in VARIABLES for name in entries)
    if not isinstance(entries, Sequence) or isinstance(entries, str):
        return False
    names = (entry.get("name") if isinstance(entry, Mapping) else str(entry).partition("=")[0] for entry in entries)
    return any(name in VARIABLES for name in names)
