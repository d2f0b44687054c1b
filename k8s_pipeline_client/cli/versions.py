"""Warnings about ingestion images that do not fit the OpenMetadata server."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from k8s_pipeline_client.domain.pipeline import Pipeline
    from k8s_pipeline_client.settings import Settings

_PATIENCE = 2.0
_SERVERS = 3
"""How many servers are asked at most; the pipelines of a call run for one, as a rule."""


def version_warnings(version: str, images: Iterable[str]) -> Iterator[str]:
    """Yield a warning for each ingestion image of another version than the server's, as `doctor` judges it.

    A tag that is no version says nothing.
    """
    from k8s_pipeline_client.doctor import Level
    from k8s_pipeline_client.doctor.server import fit

    for image in sorted(set(images)):
        found = fit(image, version)
        if found.level is Level.PROBLEM:
            yield f"{found.message}; {found.hint}"


def images_of(pipelines: Iterable[Pipeline], settings: Settings) -> Iterator[str]:
    """Yield the ingestion images of pipelines; not of those whose settings cannot be used, which is said elsewhere."""
    from k8s_pipeline_client.errors import SettingsError

    for pipeline in pipelines:
        try:
            yield settings.for_pipeline(pipeline).ingestion_image
        except SettingsError:
            continue


class AskedVersions:
    """Asks the OpenMetadata servers of pipelines for their versions while something else is done."""

    def __init__(self, pipelines: Iterable[Pipeline], settings: Settings) -> None:
        """Begin to ask.

        Args:
            pipelines: With their documents, which say where OpenMetadata is.
            settings: With the images; and where this program reaches OpenMetadata, if they say so.
        """
        self._images: dict[str, set[str]] = {}
        self._versions: dict[str, str] = {}
        for pipeline in pipelines:
            self._add(pipeline, settings)
        self._threads = [
            threading.Thread(target=self._ask, args=(address, settings), daemon=True)
            for address in list(self._images)[:_SERVERS]
        ]
        for thread in self._threads:
            thread.start()

    def _add(self, pipeline: Pipeline, settings: Settings) -> None:
        from k8s_pipeline_client.domain.connection import server_of

        if address := settings.metadata_api_endpoint or server_of(pipeline.document):
            self._images.setdefault(address, set()).update(images_of([pipeline], settings))

    def _ask(self, address: str, settings: Settings) -> None:
        from k8s_pipeline_client.errors import SettingsError
        from k8s_pipeline_client.openmetadata.server import trust
        from k8s_pipeline_client.openmetadata.version import ask_version
        from k8s_pipeline_client.settings.given import given_certificates

        try:
            verify = trust(settings.verify_ssl, given_certificates(settings))
        except SettingsError:
            return  # which is said where the certificates are needed
        self._versions[address] = ask_version(address, verify=verify)

    def warnings(self) -> Iterator[str]:
        """Yield what does not fit, of the servers that responded; waits for them, for a few seconds at most."""
        for thread in self._threads:
            thread.join(_PATIENCE)
        versions: Mapping[str, str] = dict(self._versions)
        for address, version in versions.items():
            yield from version_warnings(version, self._images[address])
