"""Kubeconfigs beside kubectl itself, and who they come as on a real cluster."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from k8s_pipeline_client.cluster.connect import connect
from k8s_pipeline_client.cluster.transport import Transport
from tests.cluster.support.access import Access
from tests.cluster.support.definitions import pipeline, service
from tests.cluster.support.program import Program, call
from tests.kubeconfigs.forms import KUBECTL, REFUSED, Form, forms
from tests.kubeconfigs.standin import StandIn

CRONJOBS = "/apis/batch/v1/namespaces/x/cronjobs"


@pytest.fixture(scope="module")
def kubectl(access: Access) -> str:
    """The program whose treatment of the forms is recorded."""
    said = subprocess.run([access.kubectl, "version", "--client", "-o", "yaml"], capture_output=True, check=True)
    version = yaml.safe_load(said.stdout)["clientVersion"]["gitVersion"]
    if version.split(".")[:2] != KUBECTL.split(".")[:2]:
        pytest.skip(f"recorded with kubectl {KUBECTL}, and this is {version}")
    return access.kubectl


@pytest.mark.parametrize("form", forms(), ids=lambda form: form.form)
def test_kubectl_does_what_is_recorded(form: Form, tmp_path: Path, kubectl: str) -> None:
    config = tmp_path / "kube"
    config.mkdir()
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **form.environment(config)}
    with StandIn.open(tmp_path, tls=form.tls, names=(form.server_name,)) as server:
        done = subprocess.run(
            [kubectl, *form.write(server, config), "get", "--raw", CRONJOBS],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        came_as = server.who()
    said = " ".join(done.stderr.replace(f"{config}/", "").split())
    if form.kubectl.startswith(REFUSED):
        assert (came_as, done.returncode) == ("", 1)
        assert " ".join(form.kubectl.removeprefix(REFUSED).split()) in said
    else:
        assert (came_as, done.returncode) == (form.kubectl, 0), said


def _changed(program: Program, folder: Path, **user: Any) -> list[str]:
    """Write the administrator's kubeconfig with something laid over its user, and return the options for it."""
    raw = program.space.access.run("config", "view", "--raw", "--minify", "--flatten", "-o", "yaml")
    config = yaml.safe_load(raw)
    config["users"][0]["user"] |= {key.replace("_", "-"): value for key, value in user.items()}
    path = folder / "changed"
    path.write_text(yaml.safe_dump(config))
    return ["--config", str(program.settings_file), "-n", program.space.namespace, "--kubeconfig", str(path)]


def test_who_impersonates_a_powerless_account_deploys_nothing(program: Program, tmp_path: Path) -> None:
    """The administrator's own rights are of no account."""
    namespace = program.space.namespace
    program.space.kubectl("create", "serviceaccount", "powerless")
    account = f"system:serviceaccount:{namespace}:powerless"
    file = program.file("p.yaml", pipeline({"dumpConfig": True}), service())
    refused = call([*_changed(program, tmp_path, **{"as": account}), "deploy", "-f", file])
    assert refused.code == 1
    assert f'User "{account}" cannot' in refused.err
    assert program.space.list("cronjobs") == []


def test_who_impersonates_an_account_with_the_role_deploys_as_it(program: Program, tmp_path: Path) -> None:
    account = f"system:serviceaccount:{program.space.namespace}:k8s-pipeline"
    file = program.file("p.yaml", pipeline({"dumpConfig": True}), service())
    done = call([*_changed(program, tmp_path, **{"as": account}), "deploy", "-f", file])
    assert done.code == 0, done.err
    assert len(program.space.list("cronjobs")) == 1


def test_the_whole_of_an_impersonation_arrives(program: Program, tmp_path: Path) -> None:
    user = {"as": "jané", "as-groups": ["one", "two"], "as-uid": "7", "as-user-extra": {"example.com/why": ["a", "b"]}}
    _changed(program, tmp_path, **user)
    transport = Transport(connect(tmp_path / "changed"))
    review = b'{"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}'
    answer = transport.send("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", body=review)
    found = yaml.safe_load(answer.body)["status"]["userInfo"]
    assert found["username"] == "jané"
    assert found["uid"] == "7"
    assert {"one", "two"} <= set(found["groups"])
    assert found["extra"] == {"example.com/why": ["a", "b"]}


def test_a_plugin_that_fails_is_no_matter_of_rights(program: Program, tmp_path: Path) -> None:
    command = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": "sh",
        "args": ["-c", "echo 'Error: Token has expired and refresh failed' >&2; exit 255"],
        "interactiveMode": "Never",
    }
    words = _changed(program, tmp_path)
    config = yaml.safe_load((tmp_path / "changed").read_text())
    config["users"][0]["user"] = {"exec": command}
    (tmp_path / "changed").write_text(yaml.safe_dump(config))
    file = program.file("p.yaml", pipeline({"dumpConfig": True}), service())
    for command_words in (["deploy", "-f", file], ["list"], ["run", "x"]):
        result = call([*words, *command_words])
        assert result.code == 1
        assert "Token has expired and refresh failed" in result.err
        assert "anonymous" not in result.err
        assert len(result.err.splitlines()) == 1
