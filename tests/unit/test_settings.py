"""Settings: the documented names and defaults, and every value checked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from k8s_pipeline_client.errors import SettingsError
from k8s_pipeline_client.settings import Settings, load_settings
from tests.unit.settings_files import Files


def _preferred(**values: Any) -> dict[str, Any]:
    term = {"podAffinityTerm": {"topologyKey": "zone"}, **values}
    return {"preferredDuringSchedulingIgnoredDuringExecution": [term]}


def _spread(**values: Any) -> dict[str, Any]:
    return {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway", **values}


def _main(container: Any) -> dict[str, Any]:
    return {"spec": {"containers": [container]}}


def test_the_defaults_are_those_of_the_helm_documentation() -> None:
    settings = Settings()
    assert settings.ttl_seconds_after_finished == 86400
    assert settings.active_deadline_seconds == 7200
    assert settings.backoff_limit == 3
    assert (settings.successful_jobs_history_limit, settings.failed_jobs_history_limit) == (3, 3)
    assert settings.resources.model_dump() == {
        "limits": {"cpu": "2", "memory": "4Gi"},
        "requests": {"cpu": "500m", "memory": "1Gi"},
    }


def test_a_partial_map_of_resources_keeps_the_other_defaults() -> None:
    settings = Settings.model_validate({"resources": {"limits": {"memory": "8Gi"}, "requests": {"cpu": 1}}})
    assert settings.resources.limits.model_dump() == {"cpu": "2", "memory": "8Gi"}
    assert settings.resources.requests.model_dump() == {"cpu": "1", "memory": "1Gi"}


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (["A:b", "C=d"], {"A": "b", "C": "d"}),
        (["URL:http://x:1/?a=b"], {"URL": "http://x:1/?a=b"}),
        (["URL=http://x:1"], {"URL": "http://x:1"}),
        ({"N": 1}, {"N": "1"}),
        (["EMPTY:"], {"EMPTY": ""}),
        ({"EMPTY": ""}, {"EMPTY": ""}),
    ],
)
def test_extra_environment_is_taken_in_all_its_forms(given: Any, found: dict[str, str]) -> None:
    assert Settings.model_validate({"extraEnvVars": given}).extra_env_vars == found


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"namespace": "Has_Capitals"}, "namespace"),
        ({"namespace": "x" * 64}, "namespace"),
        ({"ingestionImage": ""}, "ingestionImage"),
        ({"ingestionImage": "two words"}, "ingestionImage"),
        ({"ingestionImage": "a/Upper:1"}, "it is not an image as in"),
        ({"ingestionImage": "a/b:c:d"}, "it is not an image as in"),
        ({"ingestionImage": "a/b:-c"}, "it is not an image as in"),
        ({"resources": {"limits": {"memory": "lots"}}}, "'lots' is not a quantity"),
        ({"resources": {"requests": {"cpu": "3"}}}, "requests.cpu 3 is above limits.cpu 2"),
        ({"backoffLimit": -1}, "backoffLimit"),
        ({"activeDeadlineSeconds": 0}, "activeDeadlineSeconds"),
        ({"imagePullPolicy": "Sometimes"}, "imagePullPolicy"),
        ({"tolerations": [{"effect": "Nope"}]}, "tolerations[0].effect"),
        ({"extraEnvVars": ["no sign"]}, "entry 1"),
        ({"extraEnvVars": 5}, "give a list"),
        ({"extraEnvVars": {"A": None}}, 'extraEnvVars: A has no value; write ""'),
        ({"extraEnvVars": {"A": True}}, "A is not text, and could be written in several ways: put it in quotes"),
        ({"extraEnvVars": {"A": 1.5}}, "put it in quotes"),
        ({"extraEnvVars": {"A": {"b": "c"}}}, "A is a mapping or a list"),
        ({"extraEnvVars": ["A:b", {"C": "d"}]}, "entry 2 is not text"),
        ({"podAnnotations": {"version": 1.10}}, "put it in quotes"),
        ({"nodeSelector": {"gpu": True}}, "nodeSelector.gpu"),
        ({"activeDeadlineSeconds": True}, "activeDeadlineSeconds: it must be a number, not a boolean"),
        ({"backoffLimit": False}, "backoffLimit: it must be a number"),
        ({"runAsUser": True}, "runAsUser: it must be a number"),
        ({"fsGroup": False}, "fsGroup: it must be a number"),
        ({"tolerations": [{"effect": "NoExecute", "tolerationSeconds": True}]}, "it must be a number"),
        ({"extraEnvVars": ["pipelineRunId:x"]}, "pipelineRunId is set by the run itself"),
        ({"runAsUser": 0}, "runAsNonRoot"),
        ({"seccompProfileType": "Localhost"}, "seccompLocalhostProfile"),
        ({"seccompLocalhostProfile": "x.json"}, "seccompLocalhostProfile"),
        ({"noSuchKey": 1}, "noSuchKey: no such key"),
        ({"ingestionImage": "repo/image@sha256:abc"}, "not a digest"),
        ({"serviceAccountName": "two..dots"}, "serviceAccountName"),
        ({"nodeSelector": {"pool": "not a value"}}, "nodeSelector.pool"),
        ({"podAnnotations": {"a/b/c": "x"}}, "'a/b/c' is not a key"),
        ({"podAnnotations": {"k8s-pipeline/fqn": "x"}}, "k8s-pipeline/fqn is set by the run itself"),
        ({"podAnnotations": {"big": "x" * 200_000}}, "192 KiB"),
        ({"podLabels": {"k8s-pipeline/pipeline": "x"}}, "set by the run itself"),
        ({"podLabels": {"app.kubernetes.io/name": "x"}}, "set by the run itself"),
        ({"podLabels": {"batch.kubernetes.io/job-name": "x"}}, "set by the run itself"),
        ({"podLabels": {"team": "-"}}, "podLabels.team"),
        ({"tolerations": [{"effect": "NoSchedule"}]}, "without a key"),
        ({"tolerations": [{"key": "a", "operator": "Exists", "value": "b"}]}, "takes no value"),
        ({"tolerations": [{"key": "a", "tolerationSeconds": 1}]}, "NoExecute"),
        ({"affinity": {"nodeAfinity": {}}}, "affinity.nodeAfinity: no such key"),
        ({"affinity": {"podAffinity": _preferred(weight=101)}}, "weight"),
        ({"topologySpreadConstraints": [_spread(maxSkew=0)]}, "topologySpreadConstraints[0].maxSkew"),
        ({"topologySpreadConstraints": [_spread(minDomains=2)]}, "DoNotSchedule"),
        ({"topologySpreadConstraints": [_spread(), _spread(maxSkew=2)]}, "two constraints"),
        ({"priorityClassName": "No Such"}, "priorityClassName"),
        ({"queueName": "q" * 64}, "queueName"),
        ({"volumes": [{"name": "k8s-pipeline", "emptyDir": {}}]}, "taken by the volume of the run itself"),
        ({"volumes": [{"name": "ca"}]}, "one source"),
        ({"volumes": [{"name": "ca", "emptyDir": {}, "secret": {}}]}, "one source"),
        ({"volumes": [{"name": "ca", "emptyDir": {}}] * 2}, "'ca' twice"),
        ({"volumeMounts": [{"name": "ca", "mountPath": "/ca"}]}, "'ca', which is none of the volumes"),
        ({"volumeMounts": [{"name": "ca", "mountPath": "ca"}]}, "not an absolute path"),
        ({"volumeMounts": [{"name": "ca", "mountPath": "/opt/x/../k8s-pipeline/"}]}, "overlaps /opt/k8s-pipeline"),
        ({"volumeMounts": [{"name": "ca", "mountPath": "//opt"}]}, "overlaps"),
        ({"volumeMounts": [{"name": "ca", "mountPath": "/opt/k8s-pipeline/x"}]}, "overlaps"),
        ({"volumeMounts": [{"name": "ca", "mountPath": "/ca", "subPath": "../x"}]}, "without '..'"),
        ({"envFrom": [{"prefix": "A_"}]}, "either configMapRef or secretRef"),
        ({"envFrom": [{"prefix": "=", "secretRef": {"name": "x"}}]}, "envFrom[0].prefix"),
        ({"doNotDisrupt": True, "podAnnotations": {"karpenter.sh/do-not-disrupt": "false"}}, "the opposite"),
        ({"podTemplate": {"containers": []}}, "metadata and spec"),
        ({"podTemplate": {"spec": "x"}}, "metadata and spec"),
        (
            {"podTemplate": _main("x")},
            "spec.containers: an item is text: write a mapping, such as {name: …}",
        ),
        ({"podTemplate": {"spec": {"containers": {}}}}, "spec.containers is a mapping: write a list, such as"),
        ({"podTemplate": _main({"name": "main", "env": {}})}, "env is a mapping: write a list, such as [{name: …}]"),
        ({"podTemplate": _main({"name": {}})}, "the name of an item is a mapping: write text, in quotes"),
        (
            {"podTemplate": _main({"image": "x"})},
            "an item has no name: write one, it is the merge key",
        ),
        ({"podTemplate": {"metadata": {"labels": []}}}, "metadata.labels is a list: write a mapping, such as {KEY: …}"),
        ({"podTemplate": {"spec": {"nodeSelector": "a"}}}, "spec.nodeSelector is text: write a mapping"),
        ({"podTemplate": _main({"name": "main", "resources": []})}, "spec.containers[main].resources is a list"),
        ({"podTemplate": [{}, {"spec": {"volumes": "x"}}]}, "spec.volumes is text"),
        (
            {"overrides": [{"match": {"type": "x"}, "settings": {"podTemplate": {"spec": {"volumes": "x"}}}}]},
            "overrides[0].settings.podTemplate: spec.volumes is text",
        ),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_by_name(tmp_path: Path, values: Any, words: str) -> None:
    import yaml

    path = tmp_path / "settings.yaml"
    path.write_text(yaml.safe_dump(values))
    with pytest.raises(SettingsError) as caught:
        load_settings([path], environ={})
    assert words in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"), [("- a\n", "not contain a mapping"), ("a: [\n", "line 2"), ("\xff", "not UTF-8")]
)
def test_a_file_that_is_no_settings_file(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "settings.yaml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(SettingsError, match=words):
        load_settings([path], environ={})


def test_an_empty_file_means_the_defaults_and_flags_win(files: Files) -> None:
    assert files.settings("") == files.settings() == Settings()
    assert files.settings({"namespace": "from-file"}, namespace=None).namespace == "from-file"
    assert files.settings({"namespace": "from-file"}, namespace="from-flag").namespace == "from-flag"


def test_all_that_is_wrong_is_said_at_once_with_its_value_and_origin(files: Files) -> None:
    path = files.write("{backoffLimit: -1, envFrom: [{}], noSuchKey: 1}", "0.yaml")
    found = files.refused(path.read_text(), environ={"K8S_RUN_AS_USER": "many"})
    assert found.removeprefix("invalid settings: ").split("; ") == [
        f"noSuchKey: no such key ({path}: noSuchKey)",
        f"backoffLimit: it must be greater than or equal to 0 (it is -1, from {path}: backoffLimit)",
        f"envFrom[0]: give either configMapRef or secretRef (from {path}: envFrom)",
        "runAsUser: it must be an integer (it is 'many', from environment variable K8S_RUN_AS_USER)",
    ]


def test_what_does_not_go_together_is_said_beside_what_is_wrong_by_itself(files: Files) -> None:
    found = files.refused({"backoffLimit": -1, "runAsUser": 0, "seccompLocalhostProfile": "x"})
    for words in ("backoffLimit: ", "runAsUser 0 needs runAsNonRoot false (from ", "0.yaml: runAsUser)"):
        assert words in found
    assert "seccompLocalhostProfile goes with seccompProfileType Localhost" in found


def test_what_is_wrong_is_not_held_against_what_depends_on_it(files: Files) -> None:
    found = files.refused({"seccompProfileType": "localhost", "seccompLocalhostProfile": "x"})
    assert "seccompProfileType: it must be 'RuntimeDefault'" in found
    assert "goes with" not in found


def test_a_key_that_was_misspelled_is_answered_with_the_right_one(files: Files) -> None:
    assert "backofLimit: no such key; backoffLimit is one" in files.refused({"backofLimit": 1})


def test_a_key_in_two_spellings_is_refused(files: Files) -> None:
    found = files.refused({"backoffLimit": 1, "backoff_limit": 2})
    assert "backoffLimit: it is given twice, also as backoff_limit" in found


def test_no_secret_stands_in_an_error(files: Files) -> None:
    found = files.refused(
        {
            "serverToken": ["geheim-1"],
            "extraEnvVars": ["TOKEN geheim-2"],
            "podAnnotations": {"a/b/c": "geheim-3"},
            "kubeConfigContent": {"token": "geheim-4"},
            "logStorageConfiguration": {"awsConfig": {"awsSecretAccessKey": 7777777}},
        },
        environ={"K8S_EXTRA_ENV_VARS": "geheim-5"},
    )
    assert "geheim" not in found
    assert "7777777" not in found
    assert "awsSecretAccessKey: it is a number, and text is needed: put it in quotes (it is *********, from " in found


@pytest.mark.parametrize("path", ["/opt/k8s-pipelines", "/opt/other", "/etc/ssl/certs/ca.crt", "/var//x"])
def test_mounts_beside_ours_are_fine(path: str) -> None:
    values = {"volumes": [{"name": "v", "emptyDir": {}}], "volumeMounts": [{"name": "v", "mountPath": path}]}
    assert Settings.model_validate(values).volume_mounts[0].mount_path == path


def test_the_environment_is_that_of_the_process_unless_another_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("K8S_NAMESPACE", "of-the-process")
    assert load_settings().settings.namespace == "of-the-process"
    assert load_settings(environ={"K8S_NAMESPACE": "given"}).settings.namespace == "given"
    assert load_settings(environ={}).settings.namespace == "openmetadata-pipelines"
    assert load_settings(namespace="flag").settings.namespace == "flag"
