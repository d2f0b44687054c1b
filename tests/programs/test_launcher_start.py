"""The launcher's own modules: found wherever the pod mounts them, and gone before the entry point looks."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

import pytest

from k8s_pipeline_client.launcher.beginning import has_first_line
from k8s_pipeline_client.launcher.program import outside
from tests.programs.pod import ENVIRONMENT, Pod, interpreters, write_launcher

pytestmark = pytest.mark.timeout(60)

FACTS = """
    import json, os, sys
    path = [os.path.relpath(entry) if entry else entry for entry in sys.path]
    ours = [name for name in sys.modules if name.startswith("k8s_pipeline_client")]
    print(json.dumps([path, ours]))
    """


@pytest.mark.parametrize("python", interpreters())
@pytest.mark.parametrize("safe", ["", "1"])
def test_the_entry_point_finds_nothing_of_it(pod: Pod, python: str, safe: str) -> None:
    pod.python = python
    environment = {"PYTHONSAFEPATH": safe, "PYTHONPATH": "/not/there"}
    ended = pod.run(FACTS, env=environment)
    stock = subprocess.run(
        [python, "main.py"], cwd=pod.folder / "image", env={**ENVIRONMENT, **environment}, capture_output=True
    )
    assert ended.err == ""
    assert json.loads(ended.out) == json.loads(stock.stdout)
    assert json.loads(ended.out)[1] == []


def test_a_mount_without_links(pod: Pod) -> None:
    mount = pod.folder / "mount"
    shutil.rmtree(mount)
    write_launcher(mount)
    ended = pod.run(FACTS)
    assert (ended.code, ended.err) == (0, "")
    assert json.loads(ended.out)[0][0] == "."


def test_a_package_of_the_same_name_in_the_image_is_not_mistaken_for_it(pod: Pod) -> None:
    pod.write("k8s_pipeline_client/__init__.py", "WHERE = 'image'")
    pod.write("k8s_pipeline_client/launcher/__init__.py", "raise RuntimeError('not this one')")
    code = "import k8s_pipeline_client; print(k8s_pipeline_client.WHERE)"
    for path in ("", str(pod.folder / "image"), os.pathsep.join([str(pod.folder / "image"), str(pod.folder)])):
        ended = pod.run(code, env={"PYTHONPATH": path})
        assert (ended.out, ended.err) == ("image\n", "")


@pytest.mark.parametrize("code", ["print('on stdout')", "import sys; sys.exit('on stderr')", "1 +"])
def test_the_log_begins_with_a_line_of_its_own(pod: Pod, code: str) -> None:
    """Whatever becomes of the run: a log without it has lost its beginning."""
    pod.options = ["--announce"]
    process = pod.start(code, env={"pipelineRunId": "5f1c"}, stderr=subprocess.STDOUT)
    log = pod.end(process).out.encode()
    assert log.startswith(b"launcher: run 5f1c begins\n")
    assert has_first_line(log)


def test_the_line_comes_first_where_the_document_cannot_be_used(pod: Pod) -> None:
    pod.options, pod.document = ["--announce"], b"no JSON"
    ended = pod.run("print('never')")
    assert ended.code == 78
    assert has_first_line(ended.out.encode())


@pytest.mark.parametrize(
    ("window", "why"),
    [
        ("9999-01-01T00:00:00Z/", "the schedule begins at 9999-01-01T00:00:00Z"),
        ("/2020-01-01T00:00:00Z", "the schedule ended at 2020-01-01T00:00:00Z"),
        ("/", ""),
        ("2020-01-01T00:00:00Z/", ""),
        ("2020-01-01T00:00:00Z/9999-01-01T00:00:00Z", ""),
    ],
)
def test_when_a_run_is_outside_its_window(window: str, why: str) -> None:
    assert outside(window) == why


@pytest.mark.parametrize(
    ("window", "why"),
    [
        ("/2020-01-01T00:00:00Z", "the schedule ended at 2020-01-01T00:00:00Z"),
        ("2020-01-01T00:00:00Z/9999-01-01T00:00:00Z", ""),
    ],
)
def test_outside_its_window_a_run_does_nothing_and_says_so(pod: Pod, window: str, why: str) -> None:
    pod.options = ["--within", window]

    ended = pod.run("print('ingested')")

    assert ended.code == 0
    assert ended.out == (f"launcher: nothing is ingested: {why}\n" if why else "ingested\n")
    assert ended.message.get("skipped", "") == why
    assert ended.message["exitCode"] == 0
