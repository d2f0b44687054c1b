"""The pages of the documentation, followed: every command line is typed as it stands there, in a shell."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from k8s_pipeline_client.doctor import Level
from tests.cluster.support.access import Access
from tests.cluster.support.follow import STAGES, Scene, scene
from tests.cluster.support.program import Program
from tests.cluster.support.space import Space
from tests.images.recording import RecordingServer
from tests.pages.blocks import blocks
from tests.pages.commands import Command, commands
from tests.pages.fates import HOW_TO, WALKED, complaint, reason

FIRST = f"{HOW_TO}/first-pipeline.md"
BESIDE = f"{HOW_TO}/beside-openmetadata.md"
CI = f"{HOW_TO}/run-from-ci.md"


@pytest.fixture
def server() -> Iterator[RecordingServer]:
    """An OpenMetadata server that has nothing yet."""
    with RecordingServer() as server:
        yield server


@pytest.fixture
def follower(space: Space, server: RecordingServer, standin: str, tmp_path: Path) -> Scene:
    """Somebody who has the Role of `rbac/` in a namespace."""
    folder = tmp_path / "reader"
    folder.mkdir()
    return scene(space, server, standin, folder)


@pytest.fixture
def administrator(access: Access, server: RecordingServer, standin: str, tmp_path: Path) -> Iterator[Scene]:
    """Somebody who may do anything; the namespace of the pages is not there yet."""
    space = Space(access, f"t-{secrets.token_hex(4)}", access.kubeconfig)
    yield scene(space, server, standin, tmp_path)
    space.remove()


def follow(page: str, found: Scene) -> list[str]:
    """Type all command lines of a page, and return what each printed."""
    STAGES[page](found)
    found.walk.take_files(page)
    typed = [command for command in commands(page) if not reason(command)]
    assert typed
    return found.walk.type(typed, before=found.before, background=found.background)


def test_every_page_that_is_said_to_be_followed_is() -> None:
    assert STAGES.keys() == WALKED


@pytest.mark.thorough  # test_playground follows the page as well, from its beginning
def test_a_first_pipeline(administrator: Scene) -> None:
    printed = follow(FIRST, administrator)

    assert "succeeded" in printed[-1]
    assert [item["status"].get("succeeded") for item in administrator.space.list("jobs")] == [1, 1, 1]


def test_beside_a_server(administrator: Scene) -> None:
    follow(BESIDE, administrator)

    space = administrator.space
    assert [item["spec"]["suspend"] for item in space.list("cronjobs")] == [True]
    deployments = space.kubectl("get", "deployments", "-o", "jsonpath={.items[*].metadata.name}")
    assert deployments == "k8s-pipeline-service"


@pytest.mark.parametrize("page", sorted(WALKED - {FIRST, BESIDE}), ids=lambda page: Path(page).stem)
def test_a_page_can_be_followed(page: str, follower: Scene) -> None:
    follow(page, follower)


def test_the_steps_of_the_workflow_deploy_what_git_has(follower: Scene) -> None:
    (workflow,) = (yaml.load(block.text, yaml.BaseLoader) for block in blocks(CI) if "runs-on" in block.text)
    assert workflow["on"].keys() == {"push", "pull_request"}
    (job,) = workflow["jobs"].values()
    steps: list[dict[str, Any]] = job["steps"]
    assert all(step.keys() <= {"uses", "with", "run", "name", "env", "if"} for step in steps)
    follower.settle()
    follower.define("nightly")
    walk = follower.walk
    kubeconfig = follower.space.kubeconfig.read_text()
    walk.environment |= job["env"] | {"RUNNER_TEMP": str(walk.folder), "GITHUB_ENV": str(walk.folder / "environment")}
    walk.environment["KUBECONFIG_CONTENT"] = kubeconfig
    typed = [Command(CI, 0, step["run"]) for step in steps if "run" in step and "pip install" not in step["run"]]

    assert [found for command in typed if (found := complaint(command))] == []
    printed = walk.type(typed)
    assert (walk.folder / "kubeconfig").read_text().rstrip() == kubeconfig.rstrip()
    assert re.search(r"nightly +created", printed[-1])


def test_the_job_and_the_operator_type_what_can_be_typed(program: Program) -> None:
    (job,) = (yaml.safe_load(block.text) for block in blocks(CI) if "kind: Job" in block.text)
    (operator,) = (block.text for block in blocks(CI) if block.language == "python")
    (of_operator,) = re.findall(r'bash_command="(.*)"', operator)
    (container,) = job["spec"]["template"]["spec"]["containers"]
    typed = [Command(CI, 0, of_operator), Command(CI, 0, " ".join(container["command"]))]

    assert [found for command in typed if (found := complaint(command))] == []
    assert all(command.ours for command in typed)
    job["metadata"]["namespace"] = program.space.namespace
    program.space.kubectl("apply", "--dry-run=server", "--validate=strict", "-f", "-", given=yaml.safe_dump(job))


def test_the_python_of_doctor_is_executed(follower: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    (snippet,) = (block.text for block in blocks(f"{HOW_TO}/doctor.md") if block.language == "python")
    follower.settle()
    monkeypatch.chdir(follower.walk.folder)
    monkeypatch.setenv("KUBECONFIG", str(follower.space.kubeconfig))

    names: dict[str, Any] = {}
    exec(compile(snippet, "doctor.md", "exec"), names)

    levels = {finding.check: finding.level for finding in names["found"].findings}
    assert levels["rights"] is Level.OK
    assert levels["probe"] is Level.PROBLEM, "the server listens on this machine alone"


def test_what_cannot_be_typed_fails(follower: Scene) -> None:
    with pytest.raises(AssertionError, match="@failed: false"):
        follower.walk.type([Command("", 0, "true"), Command("", 0, "false")])
