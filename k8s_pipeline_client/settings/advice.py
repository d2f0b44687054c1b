"""Warnings about valid settings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from k8s_pipeline_client.domain.image import base_of
from k8s_pipeline_client.settings.models import Settings

_DEFAULT = "default"


def advice(settings: Settings, origins: Mapping[str, str]) -> Iterator[str]:
    """Yield what does not mean what it seems to, one sentence each.

    Args:
        settings: What applies.
        origins: Where each documented key comes from.
    """
    if settings.is_noop:
        yield (
            "the pipeline service client is switched off (enabled, className), so the server does not run"
            " pipelines; this program does, whatever they say"
        )
    for image in _named_images(settings, origins):
        yield from _advice_about(image)
    if settings.use_om_job_operator:
        yield (
            "useOMJobOperator is true, and has no effect: no operator is needed. CronJobs and Jobs take the place of"
            " CronOMJobs and OMJobs, Job conditions and the launcher's last words that of the exit handler, causes in"
            " `status` that of its diagnostics, and Kubernetes removes old runs itself"
        )
    if settings.skip_init:
        yield "skipInit is not needed: nothing is connected to before it is used"


def _named_images(settings: Settings, origins: Mapping[str, str]) -> Iterator[str]:
    """Yield the images that somebody set, each once."""
    named = [] if origins["ingestionImage"] == _DEFAULT else [settings.ingestion_image]
    named += [item.settings["ingestionImage"] for item in settings.overrides if "ingestionImage" in item.settings]
    yield from dict.fromkeys(named)


def _advice_about(image: str) -> Iterator[str]:
    if how := _floating(image):
        yield (
            f"ingestionImage {image} {how}: the version that runs can change, and then no longer fit"
            " the server's; name the server's version"
        )
    if base := base_of(image):
        yield (
            f"ingestionImage {image} is the image for Airflow, which as published has no main.py, so"
            f" that runs cannot start; use {base}"
        )


def _floating(image: str) -> str:
    if "@" in image:
        return ""
    tag = re.search(r":([^/:]+)$", image)
    if tag is None:
        return "has no tag, which means latest"
    return "is tagged latest" if tag[1] == "latest" else ""
