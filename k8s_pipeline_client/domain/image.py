"""OpenMetadata's ingestion images, of which only one runs without Airflow."""

from __future__ import annotations

import re

DEFAULT_IMAGE = "docker.getcollate.io/openmetadata/ingestion-base:1.12.14"
"""The image that OpenMetadata's Helm chart runs with Kubernetes, in a version that our documents are compared with."""

BASE = "openmetadata/ingestion-base"
"""It has ``main.py`` and ``run_automation.py`` in its working directory, Python 3.10, and UID 1000."""

_REFERENCE = re.compile(r"(?P<name>[^@]+?)(?P<tag>:[^/:@]+)?(?P<digest>@.+)?")
_AIRFLOW = re.compile(r"(?:.*/)?openmetadata/ingestion")
_VERSION = re.compile(
    r"(?<![0-9.])(?:(?P<word>[A-Za-z]+)[-_]?)?v?(?P<major>\d{1,2})\.(?P<minor>\d{1,3})(?:\.(?P<patch>\d{1,4}))?(?!\d)"
)
"""Anywhere in a tag, for people put their own words around it: but no part of a date."""
_OTHERS = frozenset(
    [
        "airflow",
        "alpine",
        "cuda",
        "debian",
        "java",
        "jdk",
        "jre",
        "node",
        "py",
        "python",
        "rhel",
        "spark",
        "ubi",
        "ubuntu",
    ]
)
"""What other versions are of; OpenMetadata's own has one digit before the first dot."""


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


def version_in(text: str) -> str:
    """Return the version of OpenMetadata in a text such as a tag, always as ``x.y.z``; empty if there is none.

    One with which the text begins counts first, then one of three numbers.
    """
    found = [each for each in _VERSION.finditer(text.strip()) if _is_ours(each)]
    first = sorted(found, key=lambda each: (each.start("major") > 1, each["patch"] is None))[:1]
    return "".join(f"{int(each['major'])}.{int(each['minor'])}.{int(each['patch'] or 0)}" for each in first)


def _is_ours(found: re.Match[str]) -> bool:
    return int(found["major"]) < 10 and (found["word"] or "").lower() not in _OTHERS


def version_of(image: str) -> str:
    """Return the version of OpenMetadata that an image is made for, as ``x.y.z``; empty if its tag does not tell."""
    return version_in(tag_of(image))


def line_of(version: str) -> str:
    """Return major and minor of a version ``x.y.z``: runs refuse to start where the server's are others."""
    return version.rpartition(".")[0]


def with_entry_points(image: str) -> str:
    """Return a hint for the image to use instead of one without the entry points."""
    return f"use {base_of(image) or BASE + ', or an image made from it'}"
