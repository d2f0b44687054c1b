"""Settings: the documented names and defaults, and every value checked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from k8s_pipeline_client.errors import SettingsError
from k8s_pipeline_client.settings import Settings, load_settings


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
        ({"resources": {"limits": {"memory": "lots"}}}, "'lots' is not a quantity"),
        ({"resources": {"requests": {"cpu": "3"}}}, "requests.cpu 3 is above limits.cpu 2"),
        ({"backoffLimit": -1}, "backoffLimit"),
        ({"activeDeadlineSeconds": 0}, "activeDeadlineSeconds"),
        ({"imagePullPolicy": "Sometimes"}, "imagePullPolicy"),
        ({"tolerations": [{"effect": "Nope"}]}, "tolerations.0.effect"),
        ({"extraEnvVars": ["no sign"]}, "entry 1"),
        ({"extraEnvVars": "A:b"}, "give a list"),
        ({"extraEnvVars": ["pipelineRunId:x"]}, "pipelineRunId is set by the run itself"),
        ({"runAsUser": 0}, "runAsNonRoot"),
        ({"seccompProfileType": "Localhost"}, "seccompLocalhostProfile"),
        ({"seccompLocalhostProfile": "x.json"}, "seccompLocalhostProfile"),
        ({"noSuchKey": 1}, "noSuchKey"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_by_name(tmp_path: Path, values: Any, words: str) -> None:
    import yaml

    path = tmp_path / "settings.yaml"
    path.write_text(yaml.safe_dump(values))
    with pytest.raises(SettingsError) as caught:
        load_settings(path)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(("text", "words"), [("- a\n", "no mapping"), ("a: [\n", "line 2"), ("\xff", "not UTF-8")])
def test_a_file_that_is_no_settings_file(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "settings.yaml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(SettingsError, match=words):
        load_settings(path)


def test_an_empty_file_means_the_defaults_and_flags_win(tmp_path: Path) -> None:
    path = tmp_path / "settings.yaml"
    path.write_text("")
    assert load_settings(path) == Settings()
    path.write_text("namespace: from-file")
    assert load_settings(path, namespace=None).namespace == "from-file"
    assert load_settings(path, namespace="from-flag").namespace == "from-flag"
