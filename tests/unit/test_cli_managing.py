"""Commands that deploy, show, switch and remove pipelines, on a cluster in memory."""

from __future__ import annotations

import pytest

from k8s_pipeline_client.cluster.port import Kind
from tests.unit.console import NAME, NIGHTLY, Console, console

__all__ = ["console"]


def _actions(console: Console, *words: str) -> list[str]:
    found = console("deploy", "-f", console.nightly(), "-o", "json", *words).json
    return [item["action"] for item in found]


def test_a_deploy_says_what_it_did(console: Console) -> None:
    assert _actions(console, "--dry-run", "client") == ["checked"]
    assert _actions(console, "--dry-run", "server") == ["created"]
    assert console.cluster.list(Kind.CRONJOB) == []
    assert _actions(console) == ["created"]
    assert _actions(console) == ["unchanged"]
    assert console.cronjob()["spec"]["suspend"] is False


def test_a_deployed_pipeline_is_listed_with_its_schedule(console: Console) -> None:
    resource = console.deploy()
    (found,) = console("list", "-o", "json").json
    assert (found["displayName"], found["resourceName"], found["enabled"]) == (NAME, resource, True)
    assert console("list", "-o", "name").out == f"cronjob.batch/{resource}\n"
    table = console("list").out
    assert NAME in table
    assert found["schedule"] in table


def test_an_empty_namespace_is_not_a_missing_one(console: Console) -> None:
    assert console("list", "-o", "json").json == []
    console.cluster.exists = False
    assert "does not exist" in console("list", code=2).err


def test_a_schedule_is_stopped_and_let_run_again(console: Console) -> None:
    console.deploy()
    console("disable", NAME)
    assert console.cronjob()["spec"]["suspend"] is True
    assert console("status", NAME, "-o", "json").json["enabled"] is False
    console("enable", NAME)
    assert console.cronjob()["spec"]["suspend"] is False


def test_what_is_deleted_leaves_nothing(console: Console) -> None:
    console.deploy()
    console.end(console.started())
    assert "nightly deleted" in console("delete", NAME).out
    for kind in (Kind.CRONJOB, Kind.JOB, Kind.SECRET):
        assert console.cluster.list(kind) == []
    assert f"no pipeline {NAME!r}" in console("delete", NAME, code=2).err


def test_of_names_that_do_not_all_fit_none_is_deleted(console: Console) -> None:
    console.deploy()
    assert "'nosuch'" in console("delete", NAME, "nosuch", code=2).err
    assert console.cronjob()


def test_a_difference_is_shown_and_is_an_exit_code(console: Console) -> None:
    console.deploy()
    assert console("diff", "-f", console.nightly()).out == ""
    schedule = {**NIGHTLY["airflowConfig"], "scheduleInterval": "7 7 * * *"}
    shown = console("diff", "-f", console.nightly(airflowConfig=schedule), code=1).out
    assert "+  schedule: 7 7 * * *" in shown


def test_a_change_by_another_manager_is_told_and_taken_over_only_with_force(console: Console) -> None:
    resource = console.deploy()
    patch = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": resource, "namespace": console.cluster.namespace},
        "spec": {"schedule": "1 1 1 1 *"},
    }
    console.cluster.apply(patch, manager="somebody-else", force=True)
    refused = console("deploy", "-f", console.nightly(), code=1)
    assert "somebody-else" in refused.err
    assert console.cronjob()["spec"]["schedule"] == "1 1 1 1 *"
    console("deploy", "-f", console.nightly(), "--force")
    assert console.cronjob()["spec"]["schedule"] != "1 1 1 1 *"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("deploy",), "Name files with -f, or deploy --from-server"),
        (("deploy", "one"), "FQN and --all require --from-server"),
        (("deploy", "-f", "x.yaml", "--from-server"), "-f and --from-server are mutually exclusive"),
        (("deploy", "--from-server"), "either fully qualified names or --all"),
        (("deploy", "--from-server", "--all", "one"), "either fully qualified names or --all"),
        (("deploy", "--from-server", "--all", "--rename"), "--rename requires -f"),
        (("deploy", "--from-server", "one", "--service", "shop"), "--service requires --all"),
        (("deploy", "--from-server", ""), "it is empty"),
        (("run",), "nothing to run"),
        (("logs", "x", "--since", "soon"), "soon"),
        (("wait", "x", "--timeout", "-1s"), "-1s"),
        (("completion", "tcsh"), "tcsh"),
    ],
)
def test_words_that_do_not_go_together_are_refused_before_anything_is_asked(
    console: Console, words: tuple[str, ...], said: str
) -> None:
    assert said in console(*words, code=2).err
    assert console.cluster.requests == []


def test_version_and_completion_need_no_cluster(console: Console) -> None:
    assert console("version").out.strip()
    for shell in ("bash", "zsh", "fish"):
        assert "k8s_pipeline" in console("completion", shell).out.lower().replace("-", "_")
    assert console.cluster.requests == []


def test_of_a_pipeline_without_a_schedule_enable_says_what_disable_says(console: Console) -> None:
    console("deploy", "-f", console.nightly(airflowConfig={}))

    said = [console(command, NAME, code=2).err.replace(command, "") for command in ("enable", "disable")]
    assert said[0] == said[1]
    assert "has no schedule" in said[0]
    assert console("enable", "--all", "-o", "json").json == []


def test_annotations_that_were_removed_are_written_again_with_force(console: Console) -> None:
    resource = console.deploy()
    before = console.cronjob()["metadata"]["annotations"]
    console.cluster.merge(Kind.CRONJOB, resource, {"metadata": {"annotations": dict.fromkeys(before)}})

    assert "--force" in console("deploy", "-f", console.nightly(), code=1).err
    assert _actions(console, "--force") == ["updated"]
    assert console.cronjob()["metadata"]["annotations"] == before
    assert console("status", NAME, "-o", "json").json["fqn"] == "pg_prod.nightly"


def test_a_cronjob_of_somebody_else_is_not_overwritten_with_force_either(console: Console) -> None:
    resource = console.deploy()
    cronjob = console.cronjob()
    console("delete", NAME)
    foreign = {"name": resource, "namespace": console.cluster.namespace, "labels": {"app": "theirs"}}
    console.cluster.put({**cronjob, "metadata": foreign})

    assert "already exists" in console("deploy", "-f", console.nightly(), "--force", code=1).err
    assert console.cronjob()["metadata"]["labels"] == {"app": "theirs"}
