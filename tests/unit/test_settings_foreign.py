"""Settings as people have them: variables with any value, keys that are not indented, files of others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from k8s_pipeline_client.errors import SettingsError
from k8s_pipeline_client.settings import load_settings
from k8s_pipeline_client.settings.login import read_login
from k8s_pipeline_client.settings.server import OWN_CLASS
from tests.cluster.support.program import call
from tests.data import SAMPLES
from tests.unit.settings_files import Files, helm, server

SERVER = SAMPLES / "settings/openmetadata.yaml"
BLOCK = "pipelineServiceClientConfiguration"
HELM = "openmetadata.config.pipelineServiceClientConfig"
NO_SCALARS = ["@bc", "p: q", "*a", "%a", "`a", '"a', "'", "{a", "[a", "!a", "a: b: c", "]", "&", "@\nnamespace: x"]
MIGRATE = {"apiVersion": "v1", "metadata": {"name": "om"}}


@pytest.mark.parametrize("value", NO_SCALARS)
def test_a_variable_that_is_no_yaml_does_not_matter_where_it_is_not_read(value: str) -> None:
    found = load_settings([SERVER], environ={"AIRFLOW_PASSWORD": value, "K8S_NAMESPACE": "data"})
    assert found.settings.namespace == "data"
    assert found.settings.failed_jobs_history_limit == 1
    assert found.settings.tolerations == ()


@pytest.mark.parametrize("value", NO_SCALARS)
def test_and_is_named_where_it_is(value: str) -> None:
    variable = "SERVER_HOST_API_URL"
    with pytest.raises(SettingsError) as caught:
        load_settings([SERVER], environ={variable: value})
    assert variable in str(caught.value)
    assert "metadataApiEndpoint: " in str(caught.value)


def test_so_is_the_password_that_the_service_needs() -> None:
    with pytest.raises(SettingsError, match=r"parameters\.password: the value of AIRFLOW_PASSWORD is not valid YAML"):
        read_login([SERVER], {"AIRFLOW_PASSWORD": "@geheim: x"})
    assert read_login([SERVER], {"AIRFLOW_PASSWORD": "'@geheim: x'"}).password == "@geheim: x"


def test_a_default_that_is_no_yaml_names_its_variable(files: Files) -> None:
    found = files.refused(f"{BLOCK}:\n  parameters:\n    namespace: ${{NS:-@x}}\n    password: ${{PW:-@y}}\n")
    assert "namespace: the value of NS is not valid YAML" in found
    assert "PW" not in found


def test_a_file_that_is_no_yaml_by_itself_names_the_variables_of_the_line(files: Files) -> None:
    found = files.refused(f"{BLOCK}:\n  parameters:\n  - ${{NS}}: [\n", environ={"NS": "geheim"})
    assert "line " in found
    assert "geheim" not in found


def test_a_namespace_that_helm_values_leave_out_is_said(files: Files) -> None:
    for values in (helm({}), helm(), helm({"namespace": " "}), helm({"namespace": None})):
        (warning,) = files.load(values).warnings
        assert "openmetadata-pipelines (default) is used here" in warning
        assert "the namespace of the release" in warning
        assert files.load(values, namespace="typed").warnings == ()
        assert files.load(values, environ={"K8S_NAMESPACE": "of-env"}).warnings == ()
        assert files.load(values, {"namespace": "own"}).warnings == ()
    (warning,) = files.load(helm(), namespace_from=lambda settings: ("of-context", "context c")).warnings
    assert "of-context (context c)" in warning
    assert files.load(server()).warnings == files.load({}).warnings == ()


def test_what_is_passed_over_is_listed_by_config(tmp_path: Path) -> None:
    path = tmp_path / "values.yaml"
    values = helm({"rbac": {"enabled": True}, "namespace": "a"}, auth={"username": "me", "password": "geheim"})
    path.write_text(str(values))
    assert load_settings([path], environ={}).passed_over == {str(path): ("auth", "k8s.rbac")}
    result = call(["config", "--config", str(path)])
    (line,) = [line for line in result.err.splitlines() if "skipped, not about runs" in line]
    assert line.endswith("auth, k8s.rbac")
    assert call(["config", "--config", str(path), "-o", "json"]).json["passedOver"] == {str(path): ["auth", "k8s.rbac"]}
    pipeline = str(SAMPLES / "pipelines/01_postgres_metadata_daily.json")
    words = ["-f", pipeline, "-f", str(SAMPLES / "services/postgres.json")]
    assert "skipped" not in call(["validate", "--config", str(path), *words]).err
    parameters = load_settings([SERVER], environ={}).passed_over[str(SERVER)]
    assert {"parameters.username", "parameters.password"} <= set(parameters)


@pytest.mark.parametrize(
    ("content", "key", "dropped"),
    [
        (
            {"airflowConfiguration": {"apiEndpoint": "http://a:8080", "username": "u", "password": "geheim"}},
            "airflowConfiguration",
            ["apiEndpoint", "username", "password"],
        ),
        (
            {"global": {"airflow": {"host": "http://a", "auth": {"username": "u", "password": {"secretRef": "s"}}}}},
            "global.airflow",
            ["host", "auth"],
        ),
        ({"airflowConfiguration": {"verifySSL": "ignore"}}, "airflowConfiguration", []),
    ],
)
def test_old_forms_say_what_is_dropped_and_start_no_second_client(
    files: Files, content: Any, key: str, dropped: list[str]
) -> None:
    found = files.refused(content)
    assert key in found
    assert ("dropped" in found) is bool(dropped)
    for name in dropped:
        assert f"{key}.{name}" in found
    assert OWN_CLASS not in found
    assert "k8s" not in found
    assert "geheim" not in found


@pytest.mark.parametrize(
    "text",
    [
        "K8S_NAMESPACE: data\nK8S_BACKOFF_LIMIT: 1\n",
        "K8S_NAMESPACE: data\nDB_USER: me\n",
        '{"K8S_NAMESPACE": "data"}',
        "K8S_NAMESPACE=data\n",
        "# of the server\nexport K8S_NAMESPACE='data: x'\nDB_PASSWORD=geheim: [\n",
        "- K8S_NAMESPACE=data\n- DB_USER=me\n",
        "environment:\n  K8S_NAMESPACE: data\n",
        "env:\n  - name: K8S_NAMESPACE\n    value: data\n",
        "services:\n  server:\n    environment:\n      K8S_NAMESPACE: data\n",
        "services:\n  server:\n    image: a\n    environment:\n      - K8S_NAMESPACE=data\n",
        "apiVersion: v1\nkind: ConfigMap\ndata: {K8S_NAMESPACE: data, OTHER: x}\n",
        "apiVersion: v1\nkind: Secret\nstringData: {OPENMETADATA_JWT_TOKEN: geheim}\n",
    ],
)
def test_a_file_of_variables_is_answered_with_export_them(files: Files, text: str) -> None:
    found = files.refused(text)
    assert "export them" in found
    assert "geheim" not in found


def test_a_variable_among_settings_is_known(files: Files) -> None:
    assert "K8S_NAMESPACE: no such key; it is an environment variable: export it, or write namespace here" in (
        files.refused({"K8S_NAMESPACE": "data", "backoffLimit": 1})
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            {**MIGRATE, "kind": "HelmRelease", "spec": {"values": helm()}},
            ["HelmRelease", "spec.values", "helm get values"],
        ),
        ({**MIGRATE, "kind": "Application", "spec": {}}, ["Application", "spec.source.helm", "helm get values"]),
        ({**MIGRATE, "kind": "HelmChart", "spec": {"valuesContent": ""}}, ["HelmChart", "spec.valuesContent"]),
        ({**MIGRATE, "kind": "ConfigMap", "data": {"values.yaml": "x"}}, ["ConfigMap", "values.yaml"]),
        ({**MIGRATE, "kind": "Deployment"}, ["Deployment", "Kubernetes object"]),
        ({"source": {}, "sink": {}, "workflowConfig": {}}, ["workflow document", "-f"]),
    ],
)
def test_files_of_others_are_known(files: Files, content: Any, words: list[str]) -> None:
    found = files.refused(content)
    for word in words:
        assert word in found


def test_among_several_objects_the_one_with_the_values_is_named(files: Files) -> None:
    text = "apiVersion: v1\nkind: Namespace\n---\napiVersion: x/v2\nkind: HelmRelease\nspec: {values: {}}\n"
    assert "HelmRelease" in files.refused(text)


@pytest.mark.parametrize(
    ("text", "path", "beside"),
    [
        (
            "openmetadata:\n config:\n  pipelineServiceClientConfig:\n  enabled: true\n  k8s:\n    namespace: a\n",
            HELM,
            "enabled, k8s are beside it",
        ),
        (
            "pipelineServiceClientConfig:\nmetadataApiEndpoint: http://a/api\n",
            "pipelineServiceClientConfig",
            "is beside it",
        ),
        (f"{BLOCK}:\nclassName: x\nparameters: {{namespace: a}}\n", BLOCK, "className, parameters are beside it"),
        (f"{BLOCK}:\n  parameters:\n  namespace: a\n", f"{BLOCK}.parameters", "namespace is beside it"),
        (
            "openmetadata:\n config:\n  pipelineServiceClientConfig:\n   type: k8s\n   k8s:\n   namespace: a\n",
            f"{HELM}.k8s",
            "namespace is beside it",
        ),
    ],
)
def test_keys_beside_an_empty_block_are_refused(files: Files, text: str, path: str, beside: str) -> None:
    found = files.refused(text)
    assert path in found
    assert beside in found
    assert "indent" in found


@pytest.mark.parametrize("path", ["config", "openmetadata", "openmetadata.global.config"])
def test_a_block_where_the_chart_does_not_read_it_is_refused(files: Files, path: str) -> None:
    content: Any = {"pipelineServiceClientConfig": {"type": "k8s"}}
    for key in reversed(path.split(".")):
        content = {key: content}
    assert f"write it as {HELM}" in files.refused(content)


def test_an_alias_of_a_dependency_is_found(files: Files) -> None:
    inner = helm({"namespace": "data", "ingestionImage": "a/b:1.12.0"})
    assert files.settings({"catalog": inner, "other": {"x": 1}}).namespace == "data"
    assert files.settings({"global": {"x": 1}, "om-2": inner}).namespace == "data"
    assert files.settings({"platform": {"catalog": inner}}).namespace == "data"
    found = files.refused({"one": inner, "two": inner})
    assert f"one.{HELM}, two.{HELM}" in found


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(
            ("metadataApiEndpoint", f"http://{host}/api")
            for host in ("${omd.host}", "<host>:8585", "{{ om }}", "...", "…")
        ),
        *(("metadataApiEndpoint", text) for text in ("http://a:99999/api", "http://a b", "http://a:b/api", "https://")),
        *((key, "<value>") for key in ("namespace", "ingestionImage", "serverToken", "instance", "serviceAccountName")),
        ("serverToken", "..."),
        ("serverToken", "${TOKEN}"),
        ("serverTokenFile", "{{ path }}"),
        ("instance", "${OM_CLUSTER}"),
    ],
)
def test_a_placeholder_is_refused_where_it_can_be_no_value(files: Files, key: str, value: str) -> None:
    for content in ({key: value}, helm({key: value})) if key != "instance" else ({key: value},):
        assert f"{key}: " in files.refused(content)
    assert files.settings({"extraEnvVars": {"A": "<value>"}, "podAnnotations": {"b": "${C}"}}).extra_env_vars


@pytest.mark.parametrize(
    "address", ["http://om:8585/api", "https://[::1]:8585", "http://ömd.example/a%20b", "http://u:p@a"]
)
def test_addresses_are_accepted(files: Files, address: str) -> None:
    assert files.settings({"metadataApiEndpoint": address}).metadata_api_endpoint == address


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("tolerations", {}, "it is a mapping, and a list is needed"),
        ("volumes", {"a": 1}, "it is a mapping, and a list is needed"),
        ("nodeSelector", [], "it is a list, and a mapping is needed"),
        ("affinity", [], "it is a list, and a mapping is needed"),
        ("resources", 5, "it is a number, and a mapping is needed"),
        ("namespace", 5, "it is a number, and text is needed: put it in quotes"),
        ("serviceAccountName", True, "it is a boolean, and text is needed: put it in quotes"),
        ("backoffLimit", 1.5, "it is a number, and a whole number is needed"),
        ("imagePullPolicy", "always", "it must be 'Always', 'IfNotPresent' or 'Never' (case-sensitive)"),
    ],
)
def test_the_words_are_those_of_yaml(files: Files, key: str, value: Any, said: str) -> None:
    found = files.refused(helm({"namespace": "a", key: value}))
    assert f"{key}: {said}" in found
    for word in ("tuple", "dictionary", "Input should", "[key]"):
        assert word not in found


def test_values_and_variables_as_pods_have_them_are_answered(files: Files) -> None:
    found = files.refused({"nodeSelector": {"a": True}, "extraEnvVars": [{"name": "PW", "value": "geheim"}]})
    assert "nodeSelector.a: it is a boolean, and text is needed: put it in quotes (it is true, from " in found
    assert "extraEnvVars: entry 1 has the form of a pod's env (name, value)" in found
    assert "geheim" not in found


@pytest.mark.parametrize("end", ["\r", "\u2028", "\x85"])
def test_what_ends_a_line_for_some_programs_only_moves_no_variable(files: Files, end: str) -> None:
    text = f"# a{end}# b{end}# c\n{BLOCK}:\n  className: x\n  parameters:\n    password: ${{P}}\n"
    found = files.refused(text, environ={"P": "@x: y"})
    assert "P" in found
    assert "@x" not in found
