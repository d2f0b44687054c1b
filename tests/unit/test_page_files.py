"""The files that the pages show are what they are said to be: settings, definitions, manifests, Python."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from k8s_pipeline_client.settings.load import load_settings
from tests.cluster.support.program import call
from tests.pages.blocks import PAGES, Block, blocks

SHOWN = [block for page in PAGES for block in blocks(page)]
FILES = [block for block in SHOWN if block.language == "yaml"]
_OF_THE_SERVER = {"pipelineServiceClientConfiguration", "openmetadata"}


def place(block: Block) -> str:
    return f"{block.page}:{block.line}"


def document(block: Block) -> dict[str, Any]:
    found = yaml.safe_load(block.text)
    assert isinstance(found, dict)
    return found


def is_definition(block: Block) -> bool:
    return "workflowConfig" in document(block)


def is_settings(block: Block) -> bool:
    # See test_pages and test_manifest_settings.
    of_others = {"apiVersion", "jobs", "workflowConfig", "pipelineType"} | _OF_THE_SERVER
    return not document(block).keys() & of_others


DEFINITIONS = [block for block in FILES if is_definition(block)]
SETTINGS = [block for block in FILES if is_settings(block)]


def test_there_are_files_to_look_at() -> None:
    assert (len(FILES) > 15, len(DEFINITIONS) > 1, len(SETTINGS) > 7) == (True, True, True)


@pytest.mark.parametrize("block", SETTINGS, ids=place)
def test_settings_are_settings(block: Block, tmp_path: Path) -> None:
    path = tmp_path / "settings.yaml"
    path.write_text(block.text)

    loaded = load_settings([path], environ={})

    assert document(block)
    assert not loaded.warnings


@pytest.mark.parametrize("block", DEFINITIONS, ids=place)
def test_definitions_become_manifests(block: Block, tmp_path: Path) -> None:
    path = tmp_path / "shown.yaml"
    path.write_text(block.text)

    (found,) = json.loads(call(["validate", "--strict", "-f", str(path), "-o", "json"]).out)
    rendered = call(["render", "-f", str(path)])

    assert found["displayName"] == document(block)["name"]
    assert "warning" not in rendered.err
    assert [item["kind"] for item in yaml.safe_load_all(rendered.out)].count("CronJob") == 1


@pytest.mark.parametrize("block", [block for block in SHOWN if block.language == "python"], ids=place)
def test_python_is_python(block: Block) -> None:
    compile(block.text, block.page, "exec")
