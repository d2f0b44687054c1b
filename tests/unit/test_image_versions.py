"""Which OpenMetadata an ingestion image is made for: one reading of its tag, by all who ask."""

from __future__ import annotations

import pytest

from k8s_pipeline_client.cli.versions import version_warnings
from k8s_pipeline_client.doctor import Level
from k8s_pipeline_client.doctor.server import fit
from k8s_pipeline_client.domain.image import version_in, version_of

DIGEST = "@sha256:" + "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("image", "version"),
    [
        ("docker.getcollate.io/openmetadata/ingestion-base:1.12.14", "1.12.14"),
        (f"registry:5000/a/b:1.12.14{DIGEST}", "1.12.14"),
        ("a/b:v1.13.0-slim", "1.13.0"),
        ("a/b:1.12", "1.12.0"),
        ("a/b:1.12.14.2", "1.12.14"),
        ("a/b:ours-1.12.14-r7", "1.12.14"),
        ("a/b:1.12-slim", "1.12.0"),
        ("a/b:python3.10-1.12.14", "1.12.14"),
        ("a/b:python3.10", ""),
        ("a/b:01.02.03", "1.2.3"),
        ("a/b:2026-11-28", ""),
        ("a/b:2026.11.28", ""),
        ("a/b:build.2026.11", ""),
        ("a/b:1.12-python-3.11.9", "1.12.0"),
        ("a/b:1.12-debian-12.5.1", "1.12.0"),
        ("a/b:py3.11.9-1.12.4", "1.12.4"),
        ("a/b:om1.12.4", "1.12.4"),
        ("a/b:release1.12", "1.12.0"),
        ("a/b:ubuntu-22.04", ""),
        ("a/b:24.11", ""),
        ("a/b:latest", ""),
        ("a/b", ""),
        ("registry:5000/a/b", ""),
        ("registry.1.12.14.example:5000/a/b", ""),
        (f"a/b{DIGEST}", ""),
    ],
)
def test_an_image_is_of_the_version_in_its_tag(image: str, version: str) -> None:
    assert version_of(image) == version


def test_a_version_always_has_three_numbers() -> None:
    assert [version_in(text) for text in ("1.12.14", "1.12", " 2.0.1 ", "1.13.0-SNAPSHOT", "one", "1", "")] == [
        *("1.12.14", "1.12.0", "2.0.1", "1.13.0"),
        *("", "", ""),
    ]


@pytest.mark.parametrize(
    ("tag", "server", "level"),
    [
        ("1.12.3", "1.12.14", Level.OK),
        ("1.12-slim", "1.12.14-SNAPSHOT", Level.OK),
        ("ours-1.12.3-r7", "1.12.14", Level.OK),
        ("ours-1.11.3-r7", "1.12.14", Level.PROBLEM),
        ("1.1.4", "1.12.14", Level.PROBLEM),
        ("2026.11.28", "1.12.14", Level.UNKNOWN),
        ("latest", "1.12.14", Level.UNKNOWN),
        ("1.12.3", "development", Level.UNKNOWN),
    ],
)
def test_a_deploy_warns_of_what_doctor_calls_a_problem(tag: str, server: str, level: Level) -> None:
    image = f"registry:5000/a/b:{tag}"
    found = fit(image, server)
    assert found.level is level
    assert [found.message in text for text in version_warnings(server, [image, image])] == (
        [True] if level is Level.PROBLEM else []
    )
