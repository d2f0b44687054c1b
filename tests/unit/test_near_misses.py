"""A name that was typed wrong is answered with the one that was probably meant, wherever the candidates are known."""

from __future__ import annotations

from typing import Any

import pytest

from k8s_pipeline_client.domain.likeness import misspelt
from tests.openmetadata import pipeline
from tests.unit.console import NIGHTLY, SERVICE, Console, console

__all__ = ["console"]

CONNECTION = NIGHTLY["openMetadataServerConnection"]


def _workflow(service_name: str, *, name: str = "stock") -> dict[str, Any]:
    return {
        "name": name,
        "source": {
            "type": "postgres",
            "serviceName": service_name,
            "sourceConfig": {"config": {"type": "DatabaseMetadata"}},
        },
        "sink": {"type": "metadata-rest", "config": {}},
        "workflowConfig": {"openMetadataServerConfig": CONNECTION},
    }


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("list", "--service", "pg_prdo"), "'pg_prod'"),
        (("list", "--service", "PG_PROD"), "'pg_prod'"),
        (("list", "--type", "metadta"), "'metadata'"),
        (("list", "--service", "pg"), "'pg_prod'"),
        (("list", "--service", "warehouse"), ""),
        (("list", "--failed"), ""),
    ],
    ids=" ".join,
)
def test_a_filter_that_nothing_has(console: Console, words: tuple[str, ...], meant: str) -> None:
    console.deploy()
    result = console(*words)

    assert result.out == ""
    assert f"did you mean {meant}?" in result.err if meant else "did you mean" not in result.err


def test_a_name_beside_files(console: Console) -> None:
    console.file("all.yaml", NIGHTLY, pipeline("weekly", SERVICE, openMetadataServerConnection=CONNECTION), SERVICE)
    file = console.path("all.yaml")

    assert "did you mean 'nightly'" in console("run", "nightli", "-f", file, code=2).err
    assert "did you mean 'weekly'" in console("config", "-f", file, "--for", "weekyl", code=2).err
    assert "did you mean 'pg_prod.weekly'" in console("run", "pg_prod.weekl", "-f", file, code=2).err
    assert "they define pg_prod.nightly, pg_prod.weekly" in console("run", "else", "-f", file, code=2).err


def test_files_that_define_many_are_not_listed_whole(console: Console) -> None:
    definitions = [pipeline(f"p{number}", SERVICE, openMetadataServerConnection=CONNECTION) for number in range(30)]
    file = console.file("many.yaml", *definitions, SERVICE)

    assert "and 22 more" in console("run", "else", "-f", file, code=2).err
    assert "and 22 more" in console("run", "-f", file, code=2).err


def test_a_service_of_an_entity_that_the_files_have_under_another_name(console: Console) -> None:
    wrong = {**NIGHTLY, "service": {"type": "databaseService", "name": "pg_prdo"}}

    for command in ("validate", "deploy", "run"):
        refused = console(command, "-f", console.file("wrong.yaml", wrong, SERVICE), code=2).err
        assert "did you mean 'pg_prod'?" in refused
    assert "did you mean" not in console("validate", "-f", console.file("alone.yaml", wrong), code=2).err


def test_a_service_of_a_workflow_document_that_the_files_have_under_another_name(console: Console) -> None:
    said = console("validate", "-f", console.file("wrong.yaml", _workflow("pg_prdo"), SERVICE)).err
    assert "did you mean 'pg_prod'?" in said
    for name in ("pg_prod", "pg_prod_eu", "pg_prod2", "warehouse"):
        said = console("validate", "-f", console.file("right.yaml", _workflow(name), SERVICE)).err
        assert "did you mean" not in said, name
    assert "did you mean" not in console("validate", "-f", console.file("alone.yaml", _workflow("pg_prdo"))).err


@pytest.mark.parametrize(
    ("text", "known", "meant"),
    [
        ("pg_prdo", ["pg_prod"], "pg_prod"),
        ("PG_Prod", ["pg_prod"], "pg_prod"),
        ("pg-prod", ["pg_prod"], "pg_prod"),
        ("pg_prod", ["pg_prod", "pg_prdo"], ""),
        ("pg_prod2", ["pg_prod"], ""),
        ("pg_prod2", ["pg_prod1"], ""),
        ("pg_prod_eu", ["pg_prod"], ""),
        ("warehouse", ["pg_prod"], ""),
        ("x", [], ""),
    ],
)
def test_a_slip_of_the_hand_is_told_from_a_name_of_its_own(text: str, known: list[str], meant: str) -> None:
    assert misspelt(text, known) == meant
