"""OpenMetadata's ingestion images, of which only one runs without Airflow."""

from __future__ import annotations

import re

DEFAULT_IMAGE = "docker.getcollate.io/openmetadata/ingestion-base:1.12.14"
"""The image that OpenMetadata's Helm chart runs with Kubernetes, in a version that our documents are compared with."""

BASE = "openmetadata/ingestion-base"
"""It has ``main.py`` and ``run_automation.py`` in its working directory, Python 3.10, and UID 1000."""

_REFERENCE = re.compile(r"(?P<name>[^@]+?)(?P<tag>:[^/:@]+)?(?P<digest>@.+)?")
_RELEASE = re.compile(r"v?(\d+\.\d+)\b")
_AIRFLOW = re.compile(r"(?:.*/)?openmetadata/ingestion")


def base_of(image: str) -> str:
    """Return the base image that belongs to Airflow's ``openmetadata/ingestion``: same registry, same tag.

    Empty for any other image. A digest is left out, for the base image has another.
    """
    found = _REFERENCE.fullmatch(image)
    if found is None or not _AIRFLOW.fullmatch(found["name"]):
        return ""
    return f"{found['name']}-base{found['tag'] or ''}"


def tag_of(image: str) -> str:
    """Return the tag of an image reference; empty if it has none."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[2]


def with_entry_points(image: str) -> str:
    """Return a hint for the image to use instead of one without the entry points."""
    return f"use {base_of(image) or BASE + ', or an image made from it'}"


def release_of(text: str) -> str:
    """Return major and minor of a version, or of an image's tag: ``1.12`` of ``1.12.14``; empty where it is none.

    Runs compare these two with the server's, and refuse to start where they differ.
    """
    found = _RELEASE.match(text)
    return found[1] if found else ""


def release_needed(image: str, version: str) -> str:
    """Return the release that an image has to be of, where its tag names another than the server's; else empty.

    Args:
        image: Of the ingestion. A tag that is no version, or a digest alone, says nothing.
        version: Of the OpenMetadata server.
    """
    ours, theirs = release_of(version), release_of(tag_of(image))
    return ours if ours and theirs and ours != theirs else ""
