"""What render and diff print is to be read by people, and is YAML for programs."""

from __future__ import annotations

import threading

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from k8s_pipeline_client.cluster.port import Kind
from k8s_pipeline_client.domain.yamlout import to_yaml
from tests.openmetadata import pipeline
from tests.unit.console import NIGHTLY, SERVICE, Console, console

__all__ = ["console"]


@given(st.text(alphabet=st.sampled_from("a \n\t\r\x85\u2028#:-|>'\"")) | st.text())
def test_any_text_comes_back_as_it_was(text: str) -> None:
    if not any(0xD800 <= ord(sign) <= 0xDFFF for sign in text):
        assert yaml.safe_load(to_yaml({"a": [text]})) == {"a": [text]}


def test_text_of_several_lines_is_a_block() -> None:
    assert to_yaml({"a": "one\ntwo: #\n"}) == "a: |\n  one\n  two: #\n"


def test_the_launcher_is_read_as_a_program_in_what_is_rendered(console: Console) -> None:
    result = console("render", "-f", console.nightly())

    assert "\n    import " in result.out
    assert "manifests of 1 pipeline" in result.err
    assert [item["kind"] for item in yaml.safe_load_all(result.out)].count("CronJob") == 1


def test_a_diff_says_that_the_launcher_differs_and_not_how(console: Console) -> None:
    result = console("diff", "-f", console.nightly(), code=1)

    assert "the launcher's program" in result.out
    assert "import " not in result.out
    assert "of 1 pipeline would change" in result.err


def test_many_are_looked_at_at_once_and_shown_in_their_order(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = NIGHTLY["openMetadataServerConnection"]
    names = [f"p{number}" for number in range(6)]
    definitions = [pipeline(name, SERVICE, openMetadataServerConnection=connection) for name in names]
    meeting = threading.Barrier(3, timeout=20)
    threads: set[int] = set()

    def wait(request: object) -> None:
        if threading.get_ident() not in threads and len(threads) < 3:
            threads.add(threading.get_ident())
            meeting.wait()

    undo = console.cluster.before(wait)
    found = console(
        "diff", "-f", console.file("all.yaml", *definitions, SERVICE), "--parallel", "3", "-o", "json", code=1
    )
    undo()
    shown = [item["diff"] for item in found.json if item["kind"] == Kind.CRONJOB]
    assert [next(name for name in names if f"pg_prod.{name}" in text) for text in shown] == names


def _edited(console: Console, name: str, *, labels: dict[str, str] | None = None, **spec: object) -> None:
    metadata = {"name": name, "namespace": console.cluster.namespace, "labels": labels or {}}
    manifest = {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": metadata, "spec": spec}
    console.cluster.apply(manifest, manager="kubectl-edit", force=True)


@pytest.mark.parametrize("words", [(), ("-o", "json")])
def test_a_diff_says_that_a_deploy_would_refuse_what_others_have_changed(
    console: Console, words: tuple[str, ...]
) -> None:
    name = console.deploy()
    _edited(console, name, startingDeadlineSeconds=999)

    result = console("diff", "-f", console.nightly(), *words, code=1)
    why = "fields that it would change were set by kubectl-edit"
    assert f"warning: CronJob {name}: deploy would refuse it without --force: {why}" in result.err
    assert "conflict with" in console("deploy", "-f", console.nightly(), code=1).err
    console("deploy", "-f", console.nightly(), "--force")


def test_a_diff_says_that_a_deploy_would_refuse_a_cronjob_without_annotations(console: Console) -> None:
    name = console.deploy()
    cronjob = console.cronjob()
    del cronjob["metadata"]["annotations"]
    console.cluster.put(cronjob)

    result = console("diff", "-f", console.nightly(), code=1)
    assert f"warning: CronJob {name}: deploy would refuse it without --force: its annotations" in result.err
    assert "does not say whose it is" in console("deploy", "-f", console.nightly(), code=1).err
    console("deploy", "-f", console.nightly(), "--force")


def test_a_diff_does_not_warn_of_what_others_own_and_a_deploy_leaves(console: Console) -> None:
    name = console.deploy()
    _edited(console, name, labels={"team": "data"})

    result = console("diff", "-f", console.nightly(loggerLevel="DEBUG"), code=1)
    assert "would refuse" not in result.err
    console("deploy", "-f", console.nightly(loggerLevel="DEBUG"))
