"""The folder of the playground: what is written the first time, and what a second time leaves alone."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from k8s_pipeline_client.settings.load import load_settings
from tests.demo.place import Place, write

KUBECONFIG = yaml.safe_dump({"clusters": [{"name": "one"}], "users": [{"name": "admin"}], "contexts": []})
PLACE = Place(
    kubeconfig=KUBECONFIG,
    kubectl="/bin/true",
    pipelines="pipelines",
    image="ingestion:1",
    endpoint="http://10.0.0.1:8585/api",
    database="10.0.0.2:5432",
    server="http://10.0.0.1:8585",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One with a space in its name."""
    found = tmp_path / "play ground"
    write(found, PLACE)
    return found


def test_its_settings_are_settings_by_which_pods_know_the_names_of_the_pages(folder: Path) -> None:
    loaded = load_settings([folder / "settings.yaml"], environ={})

    assert not loaded.warnings
    assert loaded.settings.metadata_api_endpoint == PLACE.endpoint
    overlays: Any = loaded.settings.pod_template
    assert overlays[0]["spec"]["hostAliases"] == [
        {"ip": "10.0.0.1", "hostnames": ["openmetadata.openmetadata"]},
        {"ip": "10.0.0.2", "hostnames": ["shop-db"]},
    ]


def test_a_shell_that_activates_it_finds_its_programs_and_the_server(folder: Path) -> None:
    script = '. ./activate; type -P kubectl; echo "$OM" "$KUBECONFIG"'
    said = subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, text=True, check=True).stdout

    assert said.splitlines() == [f"{folder}/bin/kubectl", f"{PLACE.server} {folder}/kubeconfig"]


def test_settings_that_lead_elsewhere_are_written_anew_and_kept_aside(folder: Path) -> None:
    (folder / "settings.yaml").write_text((folder / "settings.yaml").read_text() + "# mine\n")
    before = (folder / "settings.yaml").read_text()

    write(folder, replace(PLACE, endpoint="http://10.0.0.9:8585/api"))

    assert "10.0.0.9" in (folder / "settings.yaml").read_text()
    assert (folder / "settings.yaml.old").read_text() == before


def test_a_context_that_the_user_has_changed_stays_until_there_is_another_cluster(folder: Path) -> None:
    kubeconfig = folder / "kubeconfig"
    changed = KUBECONFIG.replace("contexts: []", "contexts: [{name: mine}]")
    kubeconfig.write_text(changed)

    write(folder, PLACE)
    assert kubeconfig.read_text() == changed
    other = KUBECONFIG.replace("one", "two")
    write(folder, replace(PLACE, kubeconfig=other))
    assert kubeconfig.read_text() == other
