"""The Secret with the workflow document, the ConfigMap with facts, and the launcher's ConfigMap."""

from __future__ import annotations

import base64
import hashlib
import json
import posixpath
from collections.abc import Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType

from k8s_pipeline_client.domain import labels, naming
from k8s_pipeline_client.domain.connection import CA_PATH, TokenSource
from k8s_pipeline_client.domain.document import Encoded, to_json
from k8s_pipeline_client.domain.entities import Document
from k8s_pipeline_client.domain.pipeline import Pipeline
from k8s_pipeline_client.domain.references import References
from k8s_pipeline_client.errors import DefinitionError
from k8s_pipeline_client.render.metadata import object_meta, pipeline_annotations, pipeline_labels
from k8s_pipeline_client.settings import OWN_MOUNT_PATH, OWN_VOLUME

DOCUMENT_KEY = "workflow.json"
DEFINITION_KEY = "definition.json"
"""What the pipeline is re-rendered from; no pod mounts this key. See `domain.kept`."""
LAUNCHER_KEY = "launch.py"
"""The launcher's entry file; it is beside the package."""

_PACKAGE, _LAUNCHER = "k8s_pipeline_client", "launcher"
_PACKAGE_KEY = "package.py"

ANNOUNCE_OPTION = "--announce"
RESOLVE_OPTION = "--resolve"
WINDOW_OPTION = "--within"
"""For scheduled runs only: manual runs ignore the schedule's start and end."""
TOKEN_OPTION = "--token"
_SECRETS = "secrets"
_TOKEN = "bot-token"
_CA_KEY = posixpath.basename(CA_PATH)

MAX_SECRET_BYTES = 1024 * 1024
"""The limit of a Secret's data (``MaxSecretSize`` in Kubernetes)."""


def secret(pipeline: Pipeline, name: str, namespace: str, document: Encoded) -> Document:
    """Return the Secret with the whole workflow document, which is nowhere else.

    Raises:
        DefinitionError: The document exceeds the limit of a Secret.
    """
    content = document.content
    if len(content) > MAX_SECRET_BYTES:
        raise DefinitionError(
            f"{pipeline.origin}: the workflow document of {pipeline.fqn!r} has {len(content):,} bytes, more than "
            f"the limit of a Kubernetes Secret, {MAX_SECRET_BYTES:,}",
            hint="shorten it, such as its filter patterns and long lists",
        )
    annotations = pipeline_annotations(pipeline) | {labels.DOCUMENT_HASH: document.sha256}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": object_meta(name, namespace, _labels(pipeline, name, name), annotations),
        "type": "Opaque",
        # `data`, not `stringData`: keys that are removed from stringData stay in the Secret.
        "data": {DOCUMENT_KEY: base64.b64encode(content).decode()},
    }


def with_definition(secret: Document, pipeline: Pipeline) -> Document:
    """Return a pipeline's Secret with what it can be rendered from again; without, where both do not fit."""
    if pipeline.kept is None:
        return secret
    text = to_json(pipeline.kept, pipeline.origin).encode()
    if len(text) + len(base64.b64decode(secret["data"][DOCUMENT_KEY])) > MAX_SECRET_BYTES:
        return secret
    return {**secret, "data": {**secret["data"], DEFINITION_KEY: base64.b64encode(text).decode()}}


def definition_in(secret: Document | None) -> bytes:
    """Return what a Secret holds of that; empty where there is nothing."""
    try:
        return base64.b64decode(((secret or {}).get("data") or {}).get(DEFINITION_KEY) or "")
    except ValueError:  # changed by somebody else
        return b""


def config_map(pipeline: Pipeline, name: str, namespace: str, document: Encoded) -> Document:
    """Return the ConfigMap with non-confidential facts about the pipeline."""
    schedule = pipeline.schedule
    facts = {
        "fullyQualifiedName": pipeline.fqn,
        "displayName": pipeline.display_name,
        "pipelineType": pipeline.pipeline_type,
        "serviceName": pipeline.service,
        "serviceType": pipeline.service_type,
        "schedule": schedule.expression if schedule else "",
        "timeZone": schedule.timezone if schedule else "",
        "documentSha256": document.sha256,
    }
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": object_meta(
            name, namespace, _labels(pipeline, name, lookup_key(pipeline, name)), pipeline_annotations(pipeline)
        ),
        "data": facts,
    }


def content_sha256(*parts: object) -> str:
    """Return the SHA-256 of manifests and whatever else is decided, in hex."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()


def lookup_key(pipeline: Pipeline, name: str) -> str:
    """Return the lookup key of a pipeline's ConfigMap: its id, which a rename does not change; else its name."""
    return naming.id_key(pipeline.instance, pipeline.id) if pipeline.id else name


def _labels(pipeline: Pipeline, name: str, key: str) -> dict[str, str]:
    return pipeline_labels(pipeline, name) | {labels.LOOKUP_KEY: key}


def launcher_config_map(namespace: str) -> Document:
    """Return the ConfigMap with the launcher: one per namespace and version, immutable, shared by all runs."""
    name, files = launcher()
    return _shared(name, namespace, "launcher", files)


def ca_config_map(certificates: str, namespace: str) -> Document:
    """Return the ConfigMap with CA certificates: one per namespace and content, immutable, shared."""
    return _shared(_ca_name(certificates), namespace, "ca", {_CA_KEY: certificates})


def _shared(name: str, namespace: str, component: str, files: Mapping[str, str]) -> Document:
    object_labels = {
        labels.APP_NAME: "openmetadata",
        labels.APP_COMPONENT: component,
        labels.APP_MANAGED_BY: "openmetadata",
        labels.LOOKUP_KEY: name,
    }
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        # No version annotation here: two versions of this program with the same content share the object.
        "metadata": {"name": name, "namespace": namespace, "labels": object_labels},
        "immutable": True,
        "data": dict(files),
    }


def launcher_items() -> list[Document]:
    """Return the paths of the launcher's files in a pod: the entry file, and beside it the package."""
    _, files = launcher()
    return [{"key": key, "path": _launcher_path(key)} for key in files]


def launcher_options(pipeline: Pipeline) -> list[str]:
    """Return the launcher's options: the paths of document and token, and whether to resolve references."""
    options = [ANNOUNCE_OPTION, "--config", f"{OWN_MOUNT_PATH}/{DOCUMENT_KEY}"]
    if pipeline.references().any:
        options += [RESOLVE_OPTION, f"{OWN_MOUNT_PATH}/{_SECRETS}"]
    if pipeline.window:
        options += [WINDOW_OPTION, pipeline.window]
    if pipeline.token_from:
        options += [TOKEN_OPTION, f"{OWN_MOUNT_PATH}/{_token_path(pipeline.token_from)}"]
    return options


def sources(pipeline: Pipeline, name: str) -> list[Document]:
    """Return the sources of the pod's own volume.

    Args:
        pipeline: The pipeline.
        name: The name of the Secret with its document.
    """
    found: list[Document] = [
        {"secret": {"name": name, "items": [{"key": DOCUMENT_KEY, "path": DOCUMENT_KEY}]}},
        {"configMap": {"name": launcher()[0], "items": launcher_items()}},
    ]
    if pipeline.ca_bundle:
        items = [{"key": _CA_KEY, "path": _CA_KEY}]
        found.append({"configMap": {"name": _ca_name(pipeline.ca_bundle), "items": items}})
    if token := pipeline.token_from:
        items = [{"key": token.key, "path": _token_path(token)}]
        found.append({"secret": {"name": token.secret, "items": items}})
    return [*found, *secret_sources(pipeline.references())]


def is_reference(source: Document) -> bool:
    """Return whether a source of the pod's own volume is for the document's references."""
    items = source.get("secret", {}).get("items") or []
    return any(item["path"].startswith(f"{_SECRETS}/") for item in items)


def secret_sources(references: References) -> list[Document]:
    """Return the volume sources for the keys of Secrets that the document references."""
    return [
        {"secret": {"name": name, "items": [{"key": key, "path": f"{_SECRETS}/{name}/{key}"} for key in keys]}}
        for name, keys in references.secrets.items()
    ]


def token_source(job: Document) -> TokenSource | None:
    """Return the Secret and key by which a Job's pods have their token; None where it is in the document."""
    for source in own_sources(job):
        for item in source.get("secret", {}).get("items") or ():
            if item["path"].startswith(f"{_TOKEN}/"):
                return TokenSource(source["secret"]["name"], item["key"])
    return None


def ca_source(job: Document) -> str:
    """Return the ConfigMap with the certificates that a Job's pods trust; empty where there is none of ours."""
    for source in own_sources(job):
        for item in source.get("configMap", {}).get("items") or ():
            if item["path"] == _CA_KEY:
                return str(source["configMap"]["name"])
    return ""


def certificates_in(config_map: Document) -> str:
    """Return the certificates that such a ConfigMap holds."""
    return str((config_map.get("data") or {}).get(_CA_KEY) or "")


def own_sources(job: Document) -> list[Document]:
    """Return the sources of the own volume of a Job's pods."""
    volumes = job["spec"]["template"]["spec"].get("volumes") or []
    own = [volume for volume in volumes if volume["name"] == OWN_VOLUME]
    return [source for volume in own for source in (volume.get("projected") or {}).get("sources") or ()]


def _token_path(source: TokenSource) -> str:
    return f"{_TOKEN}/{source.secret}/{source.key}"


def _ca_name(certificates: str) -> str:
    return f"om-ca-{hashlib.sha256(certificates.encode()).hexdigest()[:10]}"


def _launcher_path(key: str) -> str:
    if key == LAUNCHER_KEY:
        return key
    return f"{_PACKAGE}/__init__.py" if key == _PACKAGE_KEY else f"{_PACKAGE}/{_LAUNCHER}/{key}"


@cache
def launcher() -> tuple[str, Mapping[str, str]]:
    """Return the name of the launcher's ConfigMap and the launcher's files, by their keys."""
    folder = resources.files(_PACKAGE).joinpath(_LAUNCHER)
    files = {
        entry.name: entry.read_text(encoding="utf-8")
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".py")
    }
    # Empty. Without it, Python would prefer a regular package of that name elsewhere in its path.
    files[_PACKAGE_KEY] = ""
    digest = hashlib.sha256(json.dumps(files).encode()).hexdigest()
    return f"om-launcher-{digest[:10]}", MappingProxyType(files)
