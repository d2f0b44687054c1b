"""What a delete or a prune of rendered manifests takes along, on a real cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster.support.definitions import pipeline, service
from tests.cluster.support.program import Program
from tests.cluster.support.space import until

SERVICE = service()
ONE, TWO = (pipeline({"sleep": 300}, name=name, schedule="@weekly") for name in ("one", "two"))


class Git:
    """A folder with what is rendered, and the cluster that it is applied to."""

    def __init__(self, program: Program, folder: Path) -> None:
        self.program = program
        self.space = program.space
        self._folder = folder

    def rendered(self, name: str, *entities: dict[str, Any]) -> str:
        """Render definitions into a file, and return its path."""
        path = self._folder / f"{name}.yaml"
        path.write_text(self.program("render", "-f", self.program.file(f"{name}.json", *entities, SERVICE)).out)
        return str(path)

    def apply(self, path: str) -> None:
        """Apply a file as the page says it."""
        self.space.kubectl("apply", "--server-side", "-f", path)

    def delete(self, *words: str) -> None:
        """Delete as `kubectl` does by itself: what is owned goes in the background."""
        self.space.kubectl("delete", "--wait=false", *words)

    def start(self, name: str) -> str:
        """Start a run, wait until its pod runs, and return its Job's name."""
        job = str(self.program("run", name, "-o", "json").json["jobName"])
        until(lambda: job in self.running(), "the pod runs")
        return job

    def running(self) -> list[str]:
        """Return the Jobs of pods that run, and have not been asked to end."""
        pods = [pod for pod in self.space.list("pods") if pod["status"]["phase"] == "Running"]
        return [pod["metadata"]["labels"]["job-name"] for pod in pods if not pod["metadata"].get("deletionTimestamp")]

    def names(self, kind: str) -> set[str]:
        """Return the names of what is there, but for what Kubernetes makes."""
        return {item["metadata"]["name"] for item in self.space.list(kind)} - {"kube-root-ca.crt"}


@pytest.fixture
def git(program: Program, tmp_path: Path) -> Git:
    """A folder with nothing in it yet."""
    program.configure(terminationGracePeriodSeconds=1)
    return Git(program, tmp_path)


def names_in(path: str) -> set[tuple[str, str]]:
    """Return kinds and names of the objects in a file."""
    return {(item["kind"], item["metadata"]["name"]) for item in yaml.safe_load_all(Path(path).read_text())}


def is_own(git: Git, entity: str, name: str) -> bool:
    (found,) = (item for item in git.program("list", "-o", "json").json if item["name"] == entity)
    return bool(found["resourceName"] == name)


def test_a_delete_of_all_that_is_rendered_takes_runs_and_history_and_secrets(git: Git) -> None:
    everything = git.rendered("all", ONE)
    git.apply(everything)
    git.program("kill", git.start("one"))
    git.start("one")
    assert len(git.names("jobs")) == 2

    git.delete("-f", everything)

    for kind in ("cronjobs", "jobs", "pods", "secrets", "configmaps"):
        until(lambda kind=kind: not git.names(kind), f"no {kind} are left")  # type: ignore[misc]


def test_a_delete_of_one_rendering_takes_what_other_pipelines_use_too(git: Git) -> None:
    everything, one = git.rendered("all", ONE, TWO), git.rendered("one", ONE)
    git.apply(everything)
    active = git.start("two")

    git.delete("-f", one)

    shared = {name for _, name in names_in(one) if name.startswith(("om-token-", "om-launcher-"))}
    assert len(shared) == 2
    assert not shared & (git.names("secrets") | git.names("configmaps"))
    assert active in git.running()
    git.program("run", "two", "--allow-overlap")
    cause = until(lambda: git.program("status", "two", "-o", "json").json["lastRun"]["cause"], "the run waits")
    assert cause["code"] == "ConfigMissing"
    git.apply(everything)
    until(lambda: len(git.running()) == 2, "what had waited runs")


def test_a_prune_takes_one_pipeline_where_all_are_rendered_together(git: Git) -> None:
    both, rest = git.rendered("both", ONE, TWO), git.rendered("rest", TWO)
    git.apply(both)
    git.start("one")
    active = git.start("two")
    gone = names_in(both) - names_in(rest)
    (own,) = {name for _, name in gone}

    assert is_own(git, "one", own)
    assert {kind for kind, _ in gone} == {"CronJob", "Secret", "ConfigMap"}
    for kind, name in gone:
        git.delete("--cascade=foreground", kind, name)  # as Argo CD prunes

    until(lambda: len(git.names("jobs")) == len(git.names("cronjobs")) == 1, "one pipeline is left, with its run")
    assert git.running() == [active]


@pytest.mark.parametrize("way", ["rendered", "deployed"])
def test_a_cronjob_that_is_deleted_takes_secret_and_configmap_only_where_it_owns_them(git: Git, way: str) -> None:
    if way == "rendered":
        git.apply(git.rendered("all", ONE))
    else:
        git.program.deploy(ONE, SERVICE)
    (name,) = git.names("cronjobs")

    git.delete("cronjob", name)

    until(lambda: not git.names("cronjobs"), "the CronJob is gone")
    if way == "rendered":
        assert name in git.names("secrets") & git.names("configmaps")
    else:
        until(lambda: name not in git.names("secrets") | git.names("configmaps"), "what it owned is gone")


def test_orphaned_runs_go_on_and_are_those_of_the_pipeline_once_it_is_applied_again(git: Git) -> None:
    everything = git.rendered("all", ONE)
    git.apply(everything)
    active = git.start("one")

    git.delete("--cascade=orphan", "-f", everything)
    until(lambda: not git.names("cronjobs"), "the CronJob is gone")
    git.apply(everything)

    assert git.running() == [active]
    (run,) = git.program("runs", "one", "-o", "json").json
    assert (run["jobName"], run["state"]) == (active, "running")
