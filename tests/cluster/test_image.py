"""The image that the Containerfile makes, by what is in it and as a pod."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.support.space import Space, until
from tests.images import containerfile
from tests.images.build import build
from tests.images.image import Image

OPENSHIFT_USER = 1000660000


def manifest_of(image: Image) -> dict[str, Any]:
    """Return which configuration and which layers an image has, by their digests."""
    with tarfile.open(image.archive) as archive:
        member = archive.extractfile("manifest.json")
        assert member is not None
        return dict(json.load(member)[0])


@contextmanager
def own_layer() -> Iterator[tuple[dict[str, Any], tarfile.TarFile]]:
    """Yield the image's configuration, and the layer that stands on the base."""
    with tarfile.open(build("k8s-pipeline-client").archive) as archive:

        def read(name: str) -> bytes:
            member = archive.extractfile(name)
            assert member is not None
            return member.read()

        manifest = json.loads(read("manifest.json"))[0]
        config = json.loads(read(manifest["Config"]))["config"]
        with tarfile.open(fileobj=io.BytesIO(read(manifest["Layers"][-1]))) as layer:
            yield config, layer


def test_whoever_it_runs_as_can_read_it_and_nobody_can_write_to_it() -> None:
    with own_layer() as (_, layer):
        for member in layer:
            others = member.mode & 0o007
            assert member.issym() or others & 0o4, member.name
            assert member.issym() or not member.mode & 0o022, member.name
            assert not member.mode & 0o6000, member.name
            assert (member.uid, member.gid, member.mtime) == (0, 0, 0), member.name


def test_it_says_what_it_is_made_of() -> None:
    with own_layer() as (config, layer):
        sbom = layer.extractfile(config["Labels"]["k8s-pipeline.sbom"].lstrip("/"))
        assert sbom is not None
        bill = json.load(sbom)
        installed = {
            member.name.rsplit("/", 1)[1].removesuffix(".dist-info").rsplit("-", 1)[0].replace("_", "-").lower()
            for member in layer
            if member.isdir() and member.name.endswith(".dist-info")
        }

    listed = {component["name"] for component in (*bill["components"], bill["metadata"]["component"])}
    assert listed == {name.replace(".", "-") for name in installed}
    assert {"fastapi", "kubernetes", "uvicorn", "k8s-pipeline-client"} <= listed
    assert not {"pip", "setuptools", "pytest", "uv"} & listed
    assert config["Labels"]["org.opencontainers.image.licenses"] == "Apache-2.0"


@pytest.mark.thorough  # builds the image from nothing: a minute of both cores
@pytest.mark.timeout(900)
@pytest.mark.slow
def test_the_same_sources_make_the_same_image(tmp_path: Path) -> None:
    built = build("k8s-pipeline-client")
    again = Image(tmp_path / "again.tar", built.reference)

    containerfile.make(again, build, storage=tmp_path / "buildah")

    assert manifest_of(again) == manifest_of(built)


def test_it_runs_as_any_user_without_a_shell_or_a_place_to_write(space: Space, own_image: str) -> None:
    for name, user in (("as-built", None), ("as-openshift", OPENSHIFT_USER)):
        space.access.api.request("POST", f"/api/v1/namespaces/{space.namespace}/pods", body=pod(name, own_image, user))

    for name in ("as-built", "as-openshift"):
        assert ended(space, name) == "Succeeded", space.kubectl("logs", name)
        assert "serve" in space.kubectl("logs", name)


def ended(space: Space, name: str) -> str:
    """Wait until a pod has ended, and return its phase."""

    def phase() -> str:
        found = str(space.get("pod", name)["status"].get("phase"))
        return found if found in {"Succeeded", "Failed"} else ""

    return until(phase, f"{name} ends")


def pod(name: str, image: str, user: int | None) -> dict[str, Any]:
    """Return a pod of the image that prints its commands, as `restricted` demands it."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
            | ({} if user is None else {"runAsUser": user}),
            "containers": [
                {
                    "name": "main",
                    "image": image,
                    "securityContext": {
                        "allowPrivilegeEscalation": False,
                        "capabilities": {"drop": ["ALL"]},
                        "readOnlyRootFilesystem": True,
                    },
                }
            ],
        },
    }
