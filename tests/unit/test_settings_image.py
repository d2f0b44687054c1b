"""Which ingestion image is meant: of the two that OpenMetadata publishes, one is for Airflow alone."""

from __future__ import annotations

import pytest

from tests.unit.settings_files import Files


@pytest.mark.parametrize(
    ("image", "instead"),
    [
        (
            "docker.getcollate.io/openmetadata/ingestion:1.12.0",
            "docker.getcollate.io/openmetadata/ingestion-base:1.12.0",
        ),
        ("r:5000/mirror/openmetadata/ingestion:1.12.0", "r:5000/mirror/openmetadata/ingestion-base:1.12.0"),
        ("r:5000/openmetadata/ingestion@sha256:" + "0" * 64, "r:5000/openmetadata/ingestion-base"),
        ("openmetadata/ingestion-base:1.12.0", None),
        ("data/ingestion:1.12.0", None),
        ("my-openmetadata/ingestion:1.12.0", None),
    ],
)
def test_the_image_for_airflow_is_warned_of(files: Files, image: str, instead: str | None) -> None:
    warnings = files.load({"ingestionImage": image}).warnings
    assert [text.endswith(f"has no main.py, so that runs cannot start; use {instead}") for text in warnings] == (
        [True] if instead else []
    )


def test_the_default_image_needs_no_warning(files: Files) -> None:
    assert files.load({}).warnings == ()


def test_the_images_of_overrides_are_looked_at_as_well(files: Files) -> None:
    images = [
        "openmetadata/ingestion:1.12.0",
        "openmetadata/ingestion-base:latest",
        "openmetadata/ingestion-base:1.12.0",
    ]
    overrides = [{"match": {"name": f"p{image}"}, "settings": {"ingestionImage": image}} for image in images]
    airflow, floating = files.load({"overrides": [*overrides, overrides[0]]}).warnings
    assert images[0] in airflow and "is the image for Airflow" in airflow
    assert images[1] in floating and "is tagged latest" in floating
