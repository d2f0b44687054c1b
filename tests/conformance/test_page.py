"""The page about conformance says what is true."""

from __future__ import annotations

import re
from pathlib import Path

from .differences import SERVER_FORM, WITH_CONNECTION
from .environment import RELEASES, locked_version

PAGE = (Path(__file__).parents[2] / "docs/reference/conformance.md").read_text(encoding="utf-8")


def test_the_page_has_every_difference() -> None:
    listed = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)
    assert set(listed) == {difference.__name__ for difference in (*SERVER_FORM, *WITH_CONNECTION)}


def test_the_page_has_the_locked_versions() -> None:
    for release in RELEASES:
        builders = locked_version(release, "openmetadata-managed-apis")
        assert builders == locked_version(release, "openmetadata-ingestion")
        assert f"openmetadata-managed-apis {builders}, Airflow {locked_version(release, 'apache-airflow')}" in PAGE
