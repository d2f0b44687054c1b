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
