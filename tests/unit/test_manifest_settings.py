"""The settings files of manifests/ are settings."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from k8s_pipeline_client.settings.load import load_settings
from k8s_pipeline_client.settings.login import read_login
from tests.manifests import MANIFESTS

FILES = sorted(MANIFESTS.glob("*/settings.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
def test_they_are_taken_without_a_word(path: Path) -> None:
    loaded = load_settings([path], environ={})

    assert not loaded.warnings
    assert loaded.settings.metadata_api_endpoint == "http://openmetadata.openmetadata.svc:8585/api"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
def test_so_is_what_stands_there_as_a_comment(path: Path, tmp_path: Path) -> None:
    whole = tmp_path / "settings.yaml"
    whole.write_text(re.sub(r"^#(?=\w+:)", "", path.read_text(), flags=re.MULTILINE))

    loaded = load_settings([whole], environ={})

    assert not loaded.warnings
    assert loaded.settings.server_token_file == "/etc/k8s-pipeline/openmetadata/token"


PAGE = MANIFESTS.parent / "docs/how-to/beside-openmetadata.md"
BLOCKS = re.findall(r"^```yaml\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("text", BLOCKS, ids=["openmetadata.yaml", "values.yaml"])
def test_what_the_page_says_of_the_server_is_understood_by_the_service(text: str, tmp_path: Path) -> None:
    path = tmp_path / "server.yaml"
    path.write_text(text)
    environ = {"AIRFLOW_PASSWORD": "a-password-of-tests"}

    settings, login = load_settings([path], environ=environ).settings, read_login([path], environ)

    assert settings.metadata_api_endpoint == "http://openmetadata.openmetadata.svc:8585/api"
    assert settings.api_endpoint == "http://k8s-pipeline.openmetadata-pipelines.svc:8080"
    assert settings.class_name == "org.openmetadata.service.clients.pipeline.airflow.AirflowRESTClient"
    assert login.username == "openmetadata"
    assert login.password == "a-password-of-tests" or (login.secret, login.key) == ("k8s-pipeline-login", "password")


@pytest.mark.parametrize("page", [PAGE, MANIFESTS / "README.md"], ids=["how-to", "manifests"])
def test_what_the_pages_link_to_is_there(page: Path) -> None:
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)#]+(?:#[^)]*)?)\)", page.read_text())]

    assert links
    for link in links:
        assert "://" in link or (page.parent / link).exists(), link
