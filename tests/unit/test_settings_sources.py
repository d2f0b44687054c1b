"""Where settings come from: the shapes of files, their order, the environment, flags; and what is said about them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from k8s_pipeline_client.settings import Settings, load_settings
from k8s_pipeline_client.settings.server import AIRFLOW_CLASS, NOOP_CLASS, OWN_CLASS
from tests.data import SAMPLES
from tests.unit.settings_files import Files, helm, server

SERVER = SAMPLES / "settings/openmetadata.yaml"
VALUES = SAMPLES / "settings/values.yaml"
BLOCK = "pipelineServiceClientConfiguration"
BLOCK_OF_HELM = "pipelineServiceClientConfig"
HELM = f"openmetadata.config.{BLOCK_OF_HELM}"


def test_the_servers_own_file_means_what_it_means_there() -> None:
    found = load_settings([SERVER], environ={})
    settings = found.settings
    assert settings.class_name == AIRFLOW_CLASS
    assert settings.metadata_api_endpoint == "http://localhost:8585/api"
    assert settings.ttl_seconds_after_finished == settings.active_deadline_seconds == 604800
    assert settings.failed_jobs_history_limit == 1
    assert settings.run_as_non_root is True
    assert settings.host_ip is None
    assert settings.seccomp_profile_type == "RuntimeDefault"
    assert found.origins["namespace"] == f"{SERVER}: {BLOCK}.parameters.namespace"
    assert found.origins["resources"] == f"{SERVER}: {BLOCK}.parameters.resources"
    assert found.origins["hostIp"] == "default"
    assert [text.split(" ")[0] for text in found.warnings] == ["ingestionImage", "useOMJobOperator"]


def test_its_variables_are_replaced_and_win_by_themselves_too() -> None:
    environ = {
        "K8S_NAMESPACE": "elsewhere",
        "K8S_TOLERATIONS": '[{"key": "a", "operator": "Exists"}]',
        "K8S_EXTRA_ENV_VARS": '["A:b,c"]',
        "K8S_RUN_AS_NON_ROOT": "FALSE",
        "K8S_BACKOFF_LIMIT": "",
    }
    found = load_settings([SERVER], environ=environ)
    assert found.settings.namespace == "elsewhere"
    assert [item.key for item in found.settings.tolerations] == ["a"]
    assert found.settings.extra_env_vars == {"A": "b,c"}
    assert found.settings.run_as_non_root is False
    assert found.settings.backoff_limit == 3
    assert found.origins["namespace"] == "environment variable K8S_NAMESPACE"


def test_the_charts_values_mean_what_they_mean_there() -> None:
    found = load_settings([VALUES], environ={})
    settings = found.settings
    assert (settings.type, settings.class_name) == ("k8s", OWN_CLASS)
    assert settings.namespace == "data-pipelines"
    assert settings.api_endpoint is None
    assert settings.image_pull_secrets == ("registry", "mirror")
    assert settings.node_selector == {"pool": "etl", "zone": "a"}
    assert [item.value for item in settings.tolerations] == ["ingestion"]
    assert (settings.run_as_user, settings.run_as_group, settings.fs_group) == (1001, 1002, 1003)
    assert settings.resources.limits.memory == "8Gi"
    assert settings.pod_annotations == {"prometheus.io/scrape": "true", "prometheus.io/port": "8080"}
    assert settings.extra_env_vars == {"DATABASE_URL": "postgresql://postgres:5432/om", "LOG_LEVEL": "DEBUG"}
    assert settings.ssl_config.certificate_path is None
    assert found.origins["runAsUser"] == f"{VALUES}: {HELM}.k8s.securityContext.runAsUser"
    assert found.warnings == ()


def test_helm_values_for_airflow_take_the_runs_parameters_from_the_block_beside_it(files: Files) -> None:
    airflow = {"apiEndpoint": "http://service:8080", "verifySsl": "validate", "sslCertificatePath": "/ca.pem"}
    found = files.settings(
        helm(
            {"namespace": "data", "className": OWN_CLASS},
            type="airflow",
            airflow={**airflow, "auth": {"enabled": True}},
        )
    )
    assert (found.type, found.class_name) == ("airflow", AIRFLOW_CLASS)
    assert found.api_endpoint == "http://service:8080"
    assert (found.verify_ssl, found.ssl_config.certificate_path) == ("validate", "/ca.pem")
    assert found.namespace == "data"


@pytest.mark.parametrize(
    "content",
    [
        helm(type="airflow"),
        {"className": AIRFLOW_CLASS},
        {"type": "airflow"},
        server(className=AIRFLOW_CLASS),
    ],
)
def test_airflows_client_needs_an_address(files: Files, content: Any) -> None:
    assert "apiEndpoint is missing" in files.refused(content)


@pytest.mark.parametrize(
    "block",
    [
        {"className": OWN_CLASS, "metadataApiEndpoint": "http://om/api", "verifySsl": "ignore"},
        {"className": OWN_CLASS, "parameters": {"metadataApiEndpoint": "http://om/api", "verifySSL": "ignore"}},
        {"className": OWN_CLASS, "openmetadata": {"serverHostApiUrl": "http://om/api"}, "verifySSL": "ignore"},
    ],
)
def test_the_older_flat_form_of_values(files: Files, block: dict[str, Any]) -> None:
    values = {"openmetadata": {"config": {"pipelineServiceClientConfig": block}}}
    found = files.settings(values)
    assert (found.class_name, found.metadata_api_endpoint, found.verify_ssl) == (OWN_CLASS, "http://om/api", "ignore")


def test_values_of_a_chart_that_has_openmetadatas_as_a_dependency_and_the_bare_block(files: Files) -> None:
    inner = helm({"namespace": "data"})
    assert files.settings({"openmetadata": inner}).namespace == "data"
    assert files.settings(inner["openmetadata"]["config"]).namespace == "data"


def test_what_the_chart_does_not_read_does_not_count(files: Files) -> None:
    flat = {"className": AIRFLOW_CLASS, "metadataApiEndpoint": "http://top/api"}
    found = files.settings(helm({"namespace": "data", "metadataApiEndpoint": "http://inner/api"}, **flat))
    assert (found.class_name, found.metadata_api_endpoint) == (OWN_CLASS, "http://top/api")
    airflow = {"apiEndpoint": "http://a", "enabled": False, "metadataApiEndpoint": "http://inner/api"}
    found = files.settings(helm(type="airflow", airflow=airflow))
    assert (found.enabled, found.class_name, found.metadata_api_endpoint) == (True, AIRFLOW_CLASS, "http://inner/api")


def test_anchors_of_the_rest_of_a_file_are_known_in_its_block(files: Files) -> None:
    image = "a/b:1.12"
    values = f"x: &image {image}\nopenmetadata:\n  config:\n    {BLOCK_OF_HELM}: {{k8s: {{ingestionImage: *image}}}}\n"
    assert files.settings(values).ingestion_image == image
    configuration = f"x: &image {image}\n{BLOCK}:\n  parameters:\n    ingestionImage: *image\n"
    assert files.settings(configuration).ingestion_image == image


def test_keys_of_the_servers_files_are_none_of_ours(files: Files) -> None:
    for key in ("host", "username", "rbac", "auth"):
        assert f"{key}: no such key" in files.refused({key: "x"})


def test_a_file_may_be_json_and_have_a_byte_order_mark(files: Files) -> None:
    assert files.settings("\ufeff" + json.dumps(server({"namespace": "${NS:-data}"}))).namespace == "data"
    assert files.settings(json.dumps(helm({"namespace": "data"}))).namespace == "data"
    assert files.settings(json.dumps({"namespace": "data"})).namespace == "data"


def test_values_that_say_nothing_about_pipelines_are_answered(files: Files) -> None:
    found = files.load({"openmetadata": {"config": {"logLevel": "INFO"}}, "namespace": "not-ours"})
    assert found.settings == Settings()
    assert f"has no {HELM}, so nothing of it is used" in found.warnings[0]


def test_the_namespace_of_a_release_is_not_known(files: Files) -> None:
    found = files.load(helm({"namespace": ""}))
    assert found.settings.namespace == "openmetadata-pipelines"
    assert "the chart itself takes the namespace of the release" in found.warnings[0]


def test_later_files_win_then_the_environment_then_flags(files: Files) -> None:
    contents = (
        {"namespace": "one", "backoffLimit": 1, "resources": {"limits": {"cpu": 8, "memory": "8Gi"}}},
        server({"backoffLimit": 2, "resources": {"limits": {"memory": "6Gi"}}}),
        helm({"failedJobsHistoryLimit": 7}),
    )
    found = files.load(*contents, environ={"K8S_LIMITS_CPU": "6", "K8S_NAMESPACE": "two"}, namespace="three")
    settings = found.settings
    assert (settings.namespace, settings.backoff_limit, settings.failed_jobs_history_limit) == ("three", 2, 7)
    assert settings.resources.model_dump() == {
        "limits": {"cpu": "6", "memory": "6Gi"},
        "requests": {"cpu": "500m", "memory": "1Gi"},
    }
    assert found.origins["namespace"] == "flag --namespace"
    assert found.origins["resources.limits.cpu"] == "environment variable K8S_LIMITS_CPU"
    assert found.origins["resources.limits.memory"].endswith(f"1.yaml: {BLOCK}.parameters.resources.limits.memory")
    assert "limits.cpu from environment variable K8S_LIMITS_CPU" in found.origins["resources"]
    assert found.origins["runAsUser"] == "default"


def test_of_mappings_and_lists_the_later_one_replaces_the_whole(files: Files) -> None:
    first = {"nodeSelector": {"a": "1", "b": "2"}, "imagePullSecrets": ["a", "b"]}
    found = files.settings(first, {"nodeSelector": "c=3"}, environ={"K8S_IMAGE_PULL_SECRETS": "d"})
    assert (found.node_selector, found.image_pull_secrets) == ({"c": "3"}, ("d",))


def test_what_is_empty_in_the_servers_files_is_not_given(files: Files) -> None:
    empty = {"nodeSelector": "", "imagePullSecrets": "", "runAsUser": None, "seccompProfileType": ""}
    found = files.settings({"nodeSelector": "a=b", "runAsUser": 5}, server(empty), helm(empty))
    assert (found.node_selector, found.run_as_user) == ({"a": "b"}, 5)


def test_quotes_around_a_variable_are_the_charts(files: Files) -> None:
    environ = {
        "K8S_NAMESPACE": '"data"',
        "K8S_BACKOFF_LIMIT": '"7"',
        "K8S_RUN_AS_NON_ROOT": "'true'",
        "K8S_FS_GROUP": '""',
    }
    found = files.settings(environ=environ)
    assert (found.namespace, found.backoff_limit, found.fs_group) == ("data", 7, 1000)


def test_the_charts_path_of_no_certificate_is_none(files: Files) -> None:
    found = files.settings(environ={"PIPELINE_SERVICE_CLIENT_SSL_CERT_PATH": '"/no/path"'})
    assert found.ssl_config.certificate_path is None


def test_the_charts_name_of_a_variable_yields_to_the_documented_one(files: Files) -> None:
    chart = {"K8S_SUCCESS_JOBS_HISTORY_LIMIT": "5"}
    assert files.settings(environ=chart).successful_jobs_history_limit == 5
    assert (
        files.settings(environ={**chart, "K8S_SUCCESSFUL_JOBS_HISTORY_LIMIT": "6"}).successful_jobs_history_limit == 6
    )


def test_the_token_comes_from_a_variable_and_is_never_shown(files: Files) -> None:
    found = files.load(environ={"OPENMETADATA_JWT_TOKEN": "geheim-1"})
    assert found.settings.server_token is not None
    assert found.settings.server_token.get_secret_value() == "geheim-1"
    assert found.origins["serverToken"] == "environment variable OPENMETADATA_JWT_TOKEN"
    assert "geheim" not in repr(found)


def test_a_variable_that_is_not_set_is_an_error_where_it_matters(files: Files) -> None:
    text = f"{BLOCK}:\n  parameters:\n    namespace: ${{NS}}\n    password: ${{PW}}\n    podAnnotations: 'a=$${{B}}'\n"
    found = files.refused(text)
    assert "namespace: environment variable NS is not set, and has no default (" in found
    assert "PW" not in found
    settings = files.settings(text, environ={"NS": "data"})
    assert settings.pod_annotations == {"a": "${B}"}
    origin = files.load(text, environ={"NS": "data"}).origins["namespace"]
    assert origin.endswith(f"0.yaml: {BLOCK}.parameters.namespace (NS)")


def test_a_variable_that_leads_to_itself_is_an_error(files: Files) -> None:
    found = files.refused(f"{BLOCK}: {{parameters: {{namespace: '${{A}}'}}}}", environ={"A": "${A}"})
    assert "environment variable A refers to itself" in found


@pytest.mark.parametrize(
    ("token", "password", "said"),
    [
        ("${PW}", "top${geheim-1}x", "serverToken: the value of PW refers to a variable that is not set ("),
        ("${PW}", "$${a}top${geheim-1}x", "serverToken: the value of PW refers to a variable that is not set ("),
        ("${NO:-${PW}}", "top${geheim-1}x", "serverToken: the value of PW refers to a variable that is not set ("),
        ("${OK}${PW}", "top${geheim-1}x", "serverToken: the value of PW refers to a variable that is not set ("),
        ("${OK}${PW}", "top${a-${geheim-1}}x", "serverToken: the value of PW refers to a variable that is not set ("),
        ("${X_${PW}}", "geheim-1", "serverToken: environment variable X_${PW} is not set, and has no default ("),
        ("${PW}", "top${geheim-1:-a${geheim-1}}", "an environment variable refers to itself"),
    ],
)
def test_what_looks_like_a_variable_in_a_secret_is_answered_without_it(
    files: Files, token: str, password: str, said: str
) -> None:
    environ = {"PW": password, "OK": "fine"}
    found = files.refused(f"{BLOCK}: {{parameters: {{serverToken: '{token}'}}}}", environ=environ)
    assert said in found
    assert "geheim" not in found
    assert "top" not in found


def test_a_value_that_breaks_the_servers_yaml_is_answered_without_it(files: Files) -> None:
    found = files.refused(f"{BLOCK}:\n  className: ${{X:-a}}\n", environ={"X": "a: b: geheim"})
    assert "className: the value of X is not valid YAML" in found
    assert "geheim" not in found


@pytest.mark.parametrize("wrap", [lambda block: server(block), lambda block: helm(block)])
def test_of_the_servers_files_unknown_keys_are_said_and_others_let_be(files: Files, wrap: Any) -> None:
    irrelevant = {"username": "a", "password": "b", "timeout": 10, "truststorePath": "", "rbac": {"enabled": True}}
    given = {"namespace": "data", "ingestonImage": "x", "resources": {"limits": {"gpu": 1}}}
    found = files.load(wrap({**irrelevant, **given}))
    assert len(found.warnings) == 2
    assert "ingestonImage is unknown and ignored; ingestionImage is one" in found.warnings[0]
    assert "resources.limits.gpu is unknown and ignored" in found.warnings[1]


def test_a_variable_that_was_misspelled_is_said(files: Files) -> None:
    found = files.load(environ={"K8S_INGESTON_IMAGE": "x", "K8S_OTHER": "y", "KUBERNETES_SERVICE_HOST": "z"})
    assert found.warnings == (
        "environment variable K8S_INGESTON_IMAGE is unknown and ignored; K8S_INGESTION_IMAGE is one",
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            {"airflowConfiguration": {"metadataApiEndpoint": "http://om/api", "password": "geheim"}},
            'write a settings file of our own: {metadataApiEndpoint: "http://om/api"}',
        ),
        (
            {"global": {"airflow": {"host": "http://a", "openmetadata": {"serverHostApiUrl": "http://om/api"}}}},
            'write a settings file of our own: {metadataApiEndpoint: "http://om/api"}',
        ),
        (
            {"global": {"pipelineServiceClientConfig": {"verifySsl": "ignore"}}},
            'metadataApiEndpoint: "http://openmetadata:8585/api", verifySSL: "ignore"}',
        ),
        ({"authorizerConfiguration": {}}, f"is the server's, and has no {BLOCK}"),
        ({BLOCK: 5}, f"{BLOCK} does not contain a mapping"),
        ({BLOCK: {"parameters": []}}, "parameters does not contain a mapping"),
        ({"openmetadata": {"config": {"pipelineServiceClientConfig": {"k8s": "x"}}}}, "k8s does not contain a mapping"),
    ],
)
def test_old_forms_and_files_of_no_use_are_answered(files: Files, content: Any, words: str) -> None:
    found = files.refused(content)
    assert words in found
    assert "geheim" not in found


@pytest.mark.parametrize(
    ("image", "words"),
    [
        ("a/b:latest", "is tagged latest"),
        ("r:5000/a/b", "has no tag, which means latest"),
        ("a/b:1.12", None),
        ("a/b:latest@sha256:" + "0" * 64, None),
    ],
)
def test_an_image_whose_version_can_change_is_said(files: Files, image: str, words: str | None) -> None:
    warnings = files.load({"ingestionImage": image}).warnings
    assert [text for text in warnings if "ingestionImage" in text] == list(warnings)
    assert words is None or words in warnings[0]
    assert bool(warnings) == (words is not None)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"useOMJobOperator": "true"}, "no operator is needed. CronJobs and Jobs take the place of"),
        ({"skipInit": True}, "skipInit is not needed"),
        ({"enabled": False}, "the pipeline service client is switched off"),
        ({"className": NOOP_CLASS}, "the pipeline service client is switched off"),
    ],
)
def test_what_does_not_mean_what_it_seems_to_is_said(files: Files, content: Any, words: str) -> None:
    assert words in files.load(content).warnings[0]


def test_a_client_that_is_switched_off(files: Files) -> None:
    assert files.settings(environ={"PIPELINE_SERVICE_CLIENT_ENABLED": "False"}).is_noop
    assert files.settings({"className": NOOP_CLASS}).is_noop
    assert not files.settings().is_noop
    assert files.settings(server(enabled=False, className=AIRFLOW_CLASS)).is_noop


def test_log_storage_fits_together(files: Files) -> None:
    storage = {"type": "s3", "enabled": True, "sseAlgorithm": "aws:kms"}
    assert "logStorageConfiguration: type s3 needs bucketName" in files.refused({"logStorageConfiguration": storage})
    environ = {"PIPELINE_SERVICE_CLIENT_LOG_BUCKET_NAME": "logs"}
    assert "sseAlgorithm aws:kms needs kmsKeyId" in files.refused({"logStorageConfiguration": storage}, environ=environ)
    environ |= {"PIPELINE_SERVICE_CLIENT_LOG_KMS_KEY_ID": "k", "PIPELINE_SERVICE_CLIENT_LOG_REGION": "eu"}
    found = files.settings({"logStorageConfiguration": storage}, environ=environ).log_storage_configuration
    assert (found.bucket_name, found.kms_key_id, found.aws_config.aws_region) == ("logs", "k", "eu")


def test_an_older_place_of_the_certificate(files: Files) -> None:
    found = files.settings(server(sslConfig={"validate": {"certificatePath": "/ca.pem"}}))
    assert found.ssl_config.certificate_path == "/ca.pem"


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    from k8s_pipeline_client.errors import SettingsError

    with pytest.raises(SettingsError, match=r"none\.yaml cannot be read: No such file"):
        load_settings([tmp_path / "none.yaml"], environ={})


@pytest.mark.parametrize("key", ["tokenSecret", "sslConfig", "logStorageConfiguration"])
def test_what_stands_in_place_of_a_mapping_about_secrets_is_not_repeated(files: Files, key: str) -> None:
    assert "TOPSECRET" not in files.refused({key: "TOPSECRET"})


def test_the_password_in_an_address_that_is_none_is_not_repeated(files: Files) -> None:
    found = files.refused({"metadataApiEndpoint": "http//user:TOPSECRET@host:8585/api"})
    assert "TOPSECRET" not in found
    assert "@host:8585/api" in found
