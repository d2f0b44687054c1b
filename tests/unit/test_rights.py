"""The Roles and the page about permissions say what is declared; a Role that OpenMetadata documents is enough."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from k8s_pipeline_client.cli.main import cli
from k8s_pipeline_client.cluster.access import (
    DOCUMENTED,
    GRANTED,
    NEEDED,
    Operation,
    Resource,
    Right,
    Verb,
    needed_by,
    rules,
)
from tests import rights

OFFLINE = {"render", "validate", "config", "version", "completion"}
COMPOSED = {"serve"}
"""What does what others do; see `SERVED`."""


def test_the_role_is_what_is_declared() -> None:
    assert rights.ROLE.read_text() == rights.role(), "make rights updates it"
    assert _granted(yaml.safe_load(rights.ROLE.read_text())["rules"]) == GRANTED


def test_the_minimal_role_grants_what_operations_use_and_nothing_else() -> None:
    assert rights.MINIMAL_ROLE.read_text() == rights.minimal_role(), "make rights updates it"
    minimal = yaml.safe_load(rights.MINIMAL_ROLE.read_text())
    assert _granted(minimal["rules"]) == needed_by(Operation) < GRANTED
    assert minimal["metadata"]["name"] == yaml.safe_load(rights.ROLE.read_text())["metadata"]["name"]


def test_the_reporters_role_is_what_is_declared() -> None:
    assert rights.REPORTER_ROLE.read_text() == rights.reporter_role(), "make rights updates it"
    assert _granted(yaml.safe_load(rights.REPORTER_ROLE.read_text())["rules"]) == needed_by([Operation.RECONCILE])


def test_the_charts_rules_are_what_is_declared() -> None:
    for path, text in rights.chart_rules().items():
        assert path.read_text() == text, "make rights updates it"


def test_the_doctors_role_only_reads_and_is_what_is_declared() -> None:
    assert rights.DOCTOR.read_text() == rights.doctor(), "make rights updates it"
    found = [item for item in yaml.safe_load_all(rights.DOCTOR.read_text()) if "rules" in item]
    granted = {verb for item in found for rule in item["rules"] for verb in rule["verbs"]}
    assert granted <= {"get", "list"}
    wide = [rule["resources"] for item in found if item["kind"] == "ClusterRole" for rule in item["rules"]]
    assert wide == [["nodes"]]


def test_the_role_for_all_namespaces_only_lists_and_is_what_is_declared() -> None:
    assert rights.EVERYWHERE.read_text() == rights.everywhere(), "make rights updates it"
    found = _granted(yaml.safe_load(rights.EVERYWHERE.read_text())["rules"])
    assert found == NEEDED[Operation.LIST] >= {right for right in NEEDED[Operation.RUNS] if right.verb is Verb.LIST}
    assert {right.verb for right in found} == {Verb.LIST}


def test_the_page_is_what_is_declared() -> None:
    text = rights.PAGE.read_text()
    assert text == rights.page(text), "make rights updates it"


def test_the_page_has_a_place_for_everything() -> None:
    with pytest.raises(ValueError, match=r"no place for operations"):
        rights.page("# Rights")


def test_a_role_that_openmetadata_documents_is_enough() -> None:
    assert needed_by(Operation) - DOCUMENTED == set()


@pytest.mark.parametrize("operation", Operation)
def test_the_rules_of_a_role_give_what_an_operation_needs_and_no_more(operation: Operation) -> None:
    assert _granted(rules(NEEDED[operation])) == NEEDED[operation]


def test_who_only_looks_reads_no_secret_and_writes_nothing() -> None:
    found = needed_by(rights.PURPOSES["reader"])
    assert {right.verb for right in found} == {Verb.GET, Verb.LIST}
    assert Resource.SECRETS not in {right.resource for right in found}


def test_every_command_that_asks_the_cluster_has_its_rights_declared() -> None:
    commands = set(cli.commands) | set(cli.list_commands(None))  # type: ignore[arg-type]
    assert {operation.split()[0] for operation in Operation} - {"service_status"} == commands - OFFLINE - COMPOSED


def _granted(found: list[dict[str, Any]]) -> set[Right]:
    groups = {"cronjobs": "batch", "jobs": "batch"}
    for rule in found:
        assert rule["apiGroups"] == [groups.get(rule["resources"][0], "")]
    return {
        Right(Verb(verb), Resource(resource))
        for rule in found
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
