"""Every documented parameter: its default, its names and variables, what it accepts and what it refuses."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from k8s_pipeline_client.settings import Settings
from k8s_pipeline_client.settings.keys import KNOWN, VARIABLES
from k8s_pipeline_client.settings.server import AIRFLOW_CLASS, NOOP_CLASS, OWN_CLASS
from tests.unit.settings_files import Files, helm, server

DOCUMENTATION = Path(__file__).parents[2] / "docs/reference/settings.md"
TRUTH: list[tuple[Any, Any]] = [(True, True), (False, False), ("true", True), ("TRUE", True), ("False", False)]
NO_TRUTH: list[tuple[Any, str]] = [(word, "it must be true or false") for word in ("yes", "on", "1", "", "ture", 1)]
TOLERATION = {"key": "dedicated", "operator": "Equal", "value": "x", "effect": "NoExecute", "tolerationSeconds": 5}
DIGEST = "sha256:" + "0123456789abcdef" * 4


@dataclass(frozen=True)
class Row:
    """A parameter.

    Attributes:
        path: Its documented key; an inner one after a dot.
        variable: Its environment variable; none where the documentation has none.
        default: What applies where nothing is given.
        accepted: Values as they are written, and as they are meant.
        refused: Values as they are written, and words of the error.
        beside: Settings that it needs to be accepted.
    """

    path: str
    variable: str | None
    default: Any
    accepted: list[tuple[Any, Any]]
    refused: list[tuple[Any, str]]
    beside: dict[str, Any] = field(default_factory=dict)


def numbers(lowest: int, highest: int) -> dict[str, Any]:
    """Return what a whole number between two accepts and refuses."""
    return {
        "accepted": [(lowest, lowest), (highest, highest), (str(lowest), lowest), (f" {lowest} ", lowest)],
        "refused": [
            (lowest - 1, f"greater than or equal to {lowest}" if lowest != 1 else "greater than"),
            (highest + 1, f"less than or equal to {highest}"),
            ("many", "it must be an integer"),
            ("1.5", "it must be an integer"),
            ("1_000", "it must be an integer"),
            (1.5, "a whole number is needed"),
            (True, "it must be a number, not a boolean"),
        ],
    }


INT32 = 2**31 - 1
QUANTITIES: dict[str, Any] = {
    "refused": [("lots", "is not a quantity such as"), ("4 GB", "is not a quantity"), ("-1", "is not a quantity")]
}
WORDS: list[tuple[Any, Any]] = [("a=b", {"a": "b"}), (" a = b ,c=d", {"a": "b", "c": "d"}), ({"a": "b"}, {"a": "b"})]

ROWS = [
    Row(
        *("namespace", "K8S_NAMESPACE", "openmetadata-pipelines"),
        accepted=[("data", "data"), ("a" * 63, "a" * 63), ("0-a", "0-a")],
        refused=[(bad, "is not a name that Kubernetes accepts") for bad in ("", "Data", "a.b", "-a", "a_b", "a" * 64)],
    ),
    Row(
        *("ingestionImage", "K8S_INGESTION_IMAGE", "docker.getcollate.io/openmetadata/ingestion-base:1.12.14"),
        accepted=[
            (name, name)
            for name in ("a", "a/b:c", "r.example:5000/a/b", f"a/b@{DIGEST}", f"a/b:1.12.0@{DIGEST}", "localhost/a:b_1")
        ],
        refused=[("", "it is empty"), ("a b", "it is not an image"), ("a/B:1", "it is not an image")]
        + [(f"a@{bad}", "is not a digest") for bad in ("sha256:abc", "md5:" + "0" * 32, DIGEST.upper())],
    ),
    Row(
        *("imagePullPolicy", "K8S_IMAGE_PULL_POLICY", "IfNotPresent"),
        accepted=[("Always", "Always"), ("Never", "Never")],
        refused=[("always", "it must be 'Always', 'IfNotPresent' or 'Never'")],
    ),
    Row(
        *("imagePullSecrets", "K8S_IMAGE_PULL_SECRETS", ()),
        accepted=[
            ("a, b,", ("a", "b")),
            ("a,a", ("a",)),
            (["a", "b.c"], ("a", "b.c")),
            ([{"name": "a"}], ("a",)),
        ],
        refused=[("A", "is not a name"), (["a", 5], "imagePullSecrets[1]"), (5, "imagePullSecrets")],
    ),
    Row(
        *("serviceAccountName", "K8S_SERVICE_ACCOUNT_NAME", "openmetadata-ingestion"),
        accepted=[("a.b", "a.b")],
        refused=[("a..b", "is not a name"), ("a" * 254, "is not a name")],
    ),
    Row(
        *("resources.limits.cpu", "K8S_LIMITS_CPU", "2"),
        accepted=[("4", "4"), (4, "4"), ("2500m", "2500m"), (1.5, "1.5")],
        refused=[*QUANTITIES["refused"], ("100m", "requests.cpu 500m is above limits.cpu 100m")],
    ),
    Row(
        *("resources.limits.memory", "K8S_LIMITS_MEMORY", "4Gi"),
        accepted=[("8Gi", "8Gi"), ("1e10", "1e10")],
        refused=[*QUANTITIES["refused"], ("1Mi", "requests.memory 1Gi is above limits.memory 1Mi")],
    ),
    Row(
        *("resources.requests.cpu", "K8S_REQUESTS_CPU", "500m"),
        accepted=[("2", "2"), ("1m", "1m")],
        refused=[*QUANTITIES["refused"], ("2001m", "requests.cpu 2001m is above limits.cpu 2")],
    ),
    Row(
        *("resources.requests.memory", "K8S_REQUESTS_MEMORY", "1Gi"),
        accepted=[("4Gi", "4Gi"), ("100M", "100M")],
        refused=[*QUANTITIES["refused"], ("5Gi", "requests.memory 5Gi is above limits.memory 4Gi")],
    ),
    Row("ttlSecondsAfterFinished", "K8S_TTL_SECONDS_AFTER_FINISHED", 86400, **numbers(0, INT32)),
    Row("activeDeadlineSeconds", "K8S_ACTIVE_DEADLINE_SECONDS", 7200, **numbers(1, 2**31 - 2**20)),
    Row("backoffLimit", "K8S_BACKOFF_LIMIT", 3, **numbers(0, 1000)),
    Row("successfulJobsHistoryLimit", "K8S_SUCCESSFUL_JOBS_HISTORY_LIMIT", 3, **numbers(0, 1000)),
    Row("failedJobsHistoryLimit", "K8S_FAILED_JOBS_HISTORY_LIMIT", 3, **numbers(0, 1000)),
    Row("startingDeadlineSeconds", None, 600, **numbers(0, INT32)),
    Row(
        *("nodeSelector", "K8S_NODE_SELECTOR", {}),
        accepted=WORDS,
        refused=[
            ("a", "entry 1 is not key=value"),
            ("a=b c", "is not a label's value"),
            ({"a": True}, "nodeSelector.a"),
        ],
    ),
    Row(
        *("podAnnotations", "K8S_POD_ANNOTATIONS", {}),
        accepted=[*WORDS, ('{"a": "b,c"}', {"a": "b,c"}), ("x.io/a=b c", {"x.io/a": "b c"})],
        refused=[("a=b,c", "entry 2 is not key=value"), ("a/b/c=d", "is not a key")],
    ),
    Row(
        *("tolerations", "K8S_TOLERATIONS", ()),
        accepted=[
            ([TOLERATION], [TOLERATION]),
            (json.dumps([TOLERATION]), [TOLERATION]),
            ("- {operator: Exists}", [{"operator": "Exists"}]),
            ([{"key": "a", "operator": "Exists", "tolerationSeconds": None}], [{"key": "a", "operator": "Exists"}]),
            ([{"key": "a", "value": 5}], [{"key": "a", "value": "5"}]),
        ],
        refused=[
            ("dedicated=x", "a list is needed"),
            ("[{", "neither JSON nor YAML"),
            ({"key": "a"}, "tolerations"),
            ([{"key": "a", "operator": "exists"}], "tolerations[0].operator"),
            ([{"keys": "a"}], "tolerations[0].keys: no such key"),
        ],
    ),
    Row("runAsUser", "K8S_RUN_AS_USER", 1000, **numbers(0, INT32), beside={"runAsNonRoot": False}),
    Row("runAsGroup", "K8S_RUN_AS_GROUP", 1000, **numbers(0, INT32)),
    Row("fsGroup", "K8S_FS_GROUP", 1000, **numbers(0, INT32)),
    Row("runAsNonRoot", "K8S_RUN_AS_NON_ROOT", True, TRUTH, NO_TRUTH),
    Row(
        *("extraEnvVars", "K8S_EXTRA_ENV_VARS", {}),
        accepted=[
            (["A:b", "C=d"], {"A": "b", "C": "d"}),
            (["URL:jdbc:x://h:1?a=b,c"], {"URL": "jdbc:x://h:1?a=b,c"}),
            ('["A:b,c"]', {"A": "b,c"}),
            ("A:b,c,D:e", {"A": "b,c", "D": "e"}),
            ({"A": "b"}, {"A": "b"}),
        ],
        refused=[
            (["A"], "entry 1 has neither ':' nor '='"),
            (["A:1", "A:2"], "A is given twice"),
            ("A:b,c:d", "what follows comma 1 may be a variable"),
            (["config:x"], "config is set by the run itself"),
            (["1A:x"], "is not a name of an environment variable"),
        ],
    ),
    Row("useOMJobOperator", "USE_OMJOB_OPERATOR", False, TRUTH, NO_TRUTH),
    Row("inCluster", None, None, TRUTH, [item for item in NO_TRUTH if item[0] != ""]),
    Row("kubeconfigPath", None, None, accepted=[("/a/b", "/a/b")], refused=[(5, "kubeconfigPath")]),
    Row("skipInit", None, False, TRUTH, NO_TRUTH),
    Row("failureDiagnosticsEnabled", "K8S_ENABLE_FAILURE_DIAGNOSTICS", True, TRUTH, NO_TRUTH),
    Row(
        *("seccompProfileType", "K8S_SECCOMP_PROFILE_TYPE", "RuntimeDefault"),
        accepted=[("Unconfined", "Unconfined")],
        refused=[
            ("unconfined", "it must be 'RuntimeDefault'"),
            ("Localhost", "seccompLocalhostProfile goes with"),
        ],
    ),
    Row(
        *("seccompLocalhostProfile", "K8S_SECCOMP_LOCALHOST_PROFILE", None),
        accepted=[("profiles/a.json", "profiles/a.json")],
        refused=[("/a", "is not a relative path"), ("../a", "is not a relative path"), ("", "goes with")],
        beside={"seccompProfileType": "Localhost"},
    ),
    Row("enabled", "PIPELINE_SERVICE_CLIENT_ENABLED", True, TRUTH, NO_TRUTH),
    Row(
        *("className", "PIPELINE_SERVICE_CLIENT_CLASS_NAME", None),
        accepted=[(name, name) for name in (OWN_CLASS, AIRFLOW_CLASS, NOOP_CLASS)],
        refused=[
            ("io.collate.pipeline.argo.ArgoServiceClient", f"write {OWN_CLASS}, or {AIRFLOW_CLASS} with an apiEndpoint")
        ],
        beside={"apiEndpoint": "http://a"},
    ),
    Row(
        *("type", None, None),
        accepted=[("k8s", "k8s"), ("airflow", "airflow")],
        refused=[("argoWorkflows", "there is no client of type 'argoWorkflows' here: write k8s")],
        beside={"apiEndpoint": "http://a"},
    ),
    Row(
        *("apiEndpoint", "PIPELINE_SERVICE_CLIENT_ENDPOINT", None),
        accepted=[("http://localhost:8080", "http://localhost:8080")],
        refused=[("localhost:8080", "it is not an address such as http://openmetadata:8585/api")],
    ),
    Row(
        *("metadataApiEndpoint", "SERVER_HOST_API_URL", None),
        accepted=[("https://om/api", "https://om/api"), ("http://om:8585/api/", "http://om:8585/api")],
        refused=[("openmetadata", "it is not an address such as"), ("http://a b", "it is not an address such as")],
    ),
    Row(
        *("hostIp", "PIPELINE_SERVICE_CLIENT_HOST_IP", None),
        accepted=[("10.1.2.3", "10.1.2.3"), ("fd00::1", "fd00::1"), ("", None)],
        refused=[("host", "it is not an IP address such as 10.1.2.3")],
    ),
    Row("ingestionIpInfoEnabled", "PIPELINE_SERVICE_IP_INFO_ENABLED", False, TRUTH, NO_TRUTH),
    Row("healthCheckInterval", "PIPELINE_SERVICE_CLIENT_HEALTH_CHECK_INTERVAL", 300, **numbers(1, INT32)),
    Row("queuedStatusTimeoutSeconds", None, 3600, **numbers(1, INT32)),
    Row(
        *("verifySSL", "PIPELINE_SERVICE_CLIENT_VERIFY_SSL", "no-ssl"),
        accepted=[(word, word) for word in ("no-ssl", "ignore", "validate")],
        refused=[("true", "it must be 'no-ssl', 'ignore' or 'validate'"), (False, "it must be 'no-ssl'")],
    ),
    Row(
        *("sslConfig.certificatePath", "PIPELINE_SERVICE_CLIENT_SSL_CERT_PATH", None),
        accepted=[("/ca.pem", "/ca.pem"), ("", None)],
        refused=[(5, "sslConfig.certificatePath")],
    ),
    Row(
        *("secretsManagerLoader", "PIPELINE_SERVICE_CLIENT_SECRETS_MANAGER_LOADER", "noop"),
        accepted=[("airflow", "airflow"), ("env", "env")],
        refused=[("aws", "it must be 'noop', 'airflow' or 'env'")],
    ),
    Row(
        *("logStorageConfiguration.type", "PIPELINE_SERVICE_CLIENT_LOG_TYPE", "default"),
        accepted=[("s3", "s3")],
        refused=[("gcs", "it must be 'default' or 's3'")],
    ),
    Row("logStorageConfiguration.enabled", "PIPELINE_SERVICE_CLIENT_LOG_ENABLED", False, TRUTH, NO_TRUTH),
    Row(
        *("logStorageConfiguration.awsConfig.awsRegion", "PIPELINE_SERVICE_CLIENT_LOG_REGION", None),
        accepted=[("eu-west-1", "eu-west-1"), ("", None)],
        refused=[(5, "awsRegion")],
    ),
]


def _nested(row: Row, value: Any) -> dict[str, Any]:
    for key in reversed(row.path.split(".")):
        value = {key: value}
    return {**row.beside, **value}


def _meant(row: Row, settings: Settings) -> Any:
    if row.path == "tolerations":
        return [item.manifest() for item in settings.tolerations] or ()
    value: Any = settings.model_dump(by_alias=True)
    for key in row.path.split("."):
        value = value[key]
    return value


def test_every_variable_is_a_row_or_a_part_of_one() -> None:
    rows = {row.variable for row in ROWS}
    others = set(VARIABLES) - rows
    assert {name for name in others if not name.startswith("PIPELINE_SERVICE_CLIENT_")} == {
        *("K8S_SUCCESS_JOBS_HISTORY_LIMIT", "K8S_PIPELINE_INSTANCE", "K8S_PIPELINE_REPORTER_WATCH"),
        *("OPENMETADATA_JWT_TOKEN", "OPENMETADATA_JWT_TOKEN_FILE"),
    }
    assert all(VARIABLES[row.variable] == tuple(row.path.split(".")) for row in ROWS if row.variable)


def test_every_key_and_variable_is_documented() -> None:
    text = DOCUMENTATION.read_text()
    for key in KNOWN:
        assert re.search(rf"`{key}[`.]", text), key
    for name in VARIABLES:
        short = name.replace("PIPELINE_SERVICE_CLIENT_LOG", "") if "CLIENT_LOG_" in name else name
        assert f"`{name}`" in text or f"`{short}`" in text, name


def test_the_defaults_are_the_documented_ones() -> None:
    assert {row.path: _meant(row, Settings()) for row in ROWS} == {row.path: row.default for row in ROWS}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.path)
def test_it_is_accepted_in_every_place(files: Files, row: Row) -> None:
    for value, meant in row.accepted:
        _check_accepted(files, row, value, meant)


def _check_accepted(files: Files, row: Row, value: Any, meant: Any) -> None:
    own = files.load(_nested(row, value))
    assert _meant(row, own.settings) == meant
    assert own.origins[row.path].endswith(f"0.yaml: {row.path}")
    text = value if isinstance(value, str) else json.dumps(value)
    is_given = bool(str(value).strip())
    for content in (server(_nested(row, value)), server(**_nested(row, value)), helm(_nested(row, value))):
        if row.path in ("type", "className") and "openmetadata" in content:
            continue  # which client it is, the chart says elsewhere
        assert _meant(row, files.settings(content)) == (meant if is_given else row.default)
    if row.variable:
        found = files.load(row.beside, environ={row.variable: text})
        assert _meant(row, found.settings) == (meant if is_given else row.default)
        origin = f"environment variable {row.variable}" if is_given else "default"
        assert found.origins.get(row.path, "default") == origin


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.path)
def test_it_is_refused_by_name_with_its_origin(files: Files, row: Row) -> None:
    for value, words in row.refused:
        _check_refused(files, row, value, words)


def _check_refused(files: Files, row: Row, value: Any, words: str) -> None:
    found = files.refused(_nested(row, value))
    assert words in found
    assert row.path.split(".")[-1] in found
    assert "0.yaml: " in found
    if value != "" and row.path != "type":
        assert words in files.refused(server(_nested(row, value)))
    if row.variable and isinstance(value, str) and value:
        found = files.refused(row.beside, environ={row.variable: value})
        assert words in found
        assert f"environment variable {row.variable}" in found
