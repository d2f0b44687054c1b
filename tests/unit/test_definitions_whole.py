"""What is wrong in several files is said at once, each with file, line and path; nothing is left out in silence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cluster.support.program import Result, call

ROOT = Path(__file__).parents[2]
GOOD = """
name: nightly
source: {type: postgres, serviceName: shop, sourceConfig: {config: {type: DatabaseMetadata}}}
sink: {type: metadata-rest, config: {}}
workflowConfig: {openMetadataServerConfig: {hostPort: "http://om:8585/api", securityConfig: {jwtToken: a.b.c}}}
"""
NOT_RUN = {
    "name": "insight",
    "pipelineType": "dataInsight",
    "sourceConfig": {"config": {}},
    "service": {"name": "OpenMetadata", "type": "metadataService"},
    "openMetadataServerConnection": {"hostPort": "http://om:8585/api", "securityConfig": {"jwtToken": "a.b.c"}},
}


def folder(path: Path, **files: str) -> str:
    for name, text in files.items():
        path.joinpath(f"{name}.yaml").write_text(text)
    return str(path)


def validate(*words: str, code: int = 0) -> Result:
    result = call(["validate", *words])
    assert result.code == code, result.err
    return result


def errors(result: Result) -> list[str]:
    return [line for line in result.err.splitlines() if line.startswith("error: ")]


def test_all_that_is_wrong_is_said_at_once_each_with_file_line_and_path(tmp_path: Path) -> None:
    where = folder(
        tmp_path,
        a=GOOD.replace("serviceName: shop", "serviceName: 2024").replace("name: nightly", "displayName: 7"),
        b="source: [",
        c=GOOD.replace("type: postgres,", ""),
        d=GOOD,
    )

    said = errors(validate("-f", where, code=2))

    assert len(said) == 4
    assert "a.yaml, line 2: displayName" in said[1]
    assert "a.yaml, line 3: source.serviceName" in said[0]
    assert "quotes" in said[0]
    assert "b.yaml, line 2" in said[2]
    assert "source.type" in said[3]


@pytest.mark.parametrize("value", ["on", "2024", "1.5", "true"])
def test_a_name_that_yaml_does_not_read_as_text_is_to_be_quoted(tmp_path: Path, value: str) -> None:
    where = folder(tmp_path, a=GOOD.replace("serviceName: shop", f"serviceName: {value}"))

    (said,) = errors(validate("-f", where, code=2))

    assert "put it in quotes" in said


def test_the_line_of_an_entity_in_a_page_of_the_api(tmp_path: Path) -> None:
    path = tmp_path / "page.json"
    path.write_text(json.dumps({"data": [NOT_RUN | {"pipelineType": "metadata", "service": "shop"}]}, indent=2))

    (said,) = errors(validate("-f", str(path), code=2))

    line = path.read_text().splitlines().index('      "service": "shop",') + 1
    assert f"line {line}: service" in said


def test_what_is_no_definition_of_a_folder_is_passed_over_and_said_with_v(tmp_path: Path) -> None:
    manifest = "apiVersion: v1\nkind: Namespace\nmetadata: {name: x}\n"
    where = folder(
        tmp_path,
        d=GOOD,
        kustomization="resources: [d.yaml]\n",
        namespace=manifest,
        settings="namespace: om\nenabled: true\n",
    )

    assert "is skipped" not in validate("-f", where).err
    told = call(["-v", "validate", "-f", where]).err

    assert [name for name in ("kustomization", "namespace", "settings") if f"{name}.yaml is skipped" in told] == [
        "kustomization",
        "namespace",
        "settings",
    ]


def test_what_may_be_a_definition_with_a_mistake_is_not_passed_over(tmp_path: Path) -> None:
    (said,) = errors(validate("-f", folder(tmp_path, d=GOOD, e="sorce: {type: postgres}\n"), code=2))

    assert "e.yaml" in said


def test_a_file_that_is_named_is_never_passed_over(tmp_path: Path) -> None:
    folder(tmp_path, settings="namespace: om\n", d=GOOD)

    validate("-f", str(tmp_path / "settings.yaml"), "-f", str(tmp_path / "d.yaml"), code=2)


def test_the_example_for_git_can_be_given_as_it_is() -> None:
    example = ROOT / "manifests/examples/git"

    assert "nightly" in validate("--config", str(example / "settings.yaml"), "-f", str(example)).out


def test_what_openmetadata_does_not_run_is_skipped_beside_others_but_not_with_strict(tmp_path: Path) -> None:
    where = folder(tmp_path, a=json.dumps(NOT_RUN), d=GOOD)

    skipped = validate("-f", where)
    assert "skipped: " in skipped.err
    assert "a.yaml" in skipped.err
    assert "nightly" in skipped.out
    assert errors(validate("--strict", "-f", where, code=2))
    assert errors(validate("-f", str(tmp_path / "a.yaml"), code=2))


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("airflowconfig: {scheduleInterval: '0 1 * * *'}", "airflowConfig"),
        ("schedule: '0 1 * * *'", "airflowConfig.scheduleInterval"),
        ("timezone: UTC", "airflowConfig.pipelineTimezone"),
        ("workflowconfig: {}", "workflowConfig"),
        ("something: else", "something"),
    ],
)
def test_a_key_that_nobody_reads_is_told_with_what_was_meant(tmp_path: Path, line: str, meant: str) -> None:
    said = validate("-f", folder(tmp_path, d=f"{GOOD}{line}\n")).err

    (warned,) = [each for each in said.splitlines() if f"key {line.partition(':')[0]}" in each]
    assert warned.startswith("warning: nightly: ")
    assert meant in warned


@pytest.mark.parametrize("value", ["...", "…", "<service>.<pipeline>", "[...]", "${…}"])
@pytest.mark.parametrize("key", ["jwtToken: a.b.c", 'hostPort: "http://om:8585/api"'])
def test_a_placeholder_of_the_documentation_is_no_value(tmp_path: Path, key: str, value: str) -> None:
    name = key.partition(":")[0]

    (said,) = errors(validate("-f", folder(tmp_path, d=GOOD.replace(key, f'{name}: "{value}"')), code=2))

    assert name in said
    assert "placeholder" in said


def test_what_may_be_a_placeholder_or_a_template_is_warned_of(tmp_path: Path) -> None:
    text = GOOD.replace("serviceName: shop,", "serviceName: shop, serviceConnection: {config: {a: <x>, b: '{{ y }}'}},")

    said = validate("-f", folder(tmp_path, d=text)).err

    assert "source.serviceConnection.config.a looks like a placeholder" in said
    assert "source.serviceConnection.config.b looks like a template" in said


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_an_address_that_is_the_pod_itself_is_warned_of(tmp_path: Path, host: str) -> None:
    assert "the pod itself" in validate("-f", folder(tmp_path, d=GOOD.replace("//om:", f"//{host}:"))).err


@pytest.mark.parametrize("given", ["{}", "{loggerLevel: INFO}", "{openMetadataServerConfig: null}"])
def test_a_workflow_document_that_does_not_say_where_openmetadata_is_is_warned_of(tmp_path: Path, given: str) -> None:
    text = "".join(line for line in GOOD.splitlines(keepends=True) if not line.startswith("workflowConfig"))

    assert "openMetadataServerConfig" in validate("-f", folder(tmp_path, d=f"{text}workflowConfig: {given}\n")).err


@pytest.mark.parametrize(
    ("text", "said"),
    [("password: !Secret x", "!Secret"), ("password: !ENV ${X}", "!ENV"), ("user: {{ name }}", "template")],
)
def test_tags_and_templates_of_other_programs_are_named(tmp_path: Path, text: str, said: str) -> None:
    (found,) = errors(validate("-f", folder(tmp_path, d=f"{GOOD}{text}\n"), code=2))

    assert said in found
