"""Records the ten things that people do most, by doing them: `python -m tests.demo.tour > docs/how-to/ten-things.md`.

Runs are those of the stand-in image, so that the session is short; everything else is as it is.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

from tests.cluster.support.access import connect
from tests.cluster.support.definitions import pipeline, service
from tests.cluster.support.program import QUICK
from tests.cluster.support.space import Space

NAMESPACE = "openmetadata-pipelines"

Step = tuple[str, list[str]]

STEPS: list[Step] = [
    ("See what a definition would become, without a cluster", ["validate -f pipelines/"]),
    ("Deploy everything in a folder", ["deploy -f pipelines/", "list"]),
    ("Run one now, and wait for its end", ["run sales --wait"]),
    ("See why a run failed, and what to do", ["run stock --wait", "diagnose stock", "status stock"]),
    ("Read the log", ["logs stock --tail 3"]),
    (
        "Run with another setting, once",
        ["run stock --set 'source.sourceConfig.config.standin.steps=[{log: all is well}]' --wait", "runs stock"],
    ),
    ("See what a change would do, and do it", ["diff -f pipelines/", "deploy -f pipelines/"]),
    ("Disable a schedule, and enable it again", ["disable sales", "list", "enable sales"]),
    ("End a run", ["run slow", "kill slow", "runs slow"]),
    ("Delete a pipeline with everything that belongs to it", ["delete slow", "list -o name"]),
]

_REFUSED = (
    'connection to server at "db.example.com", port 5432 failed: FATAL: password authentication failed for user "om"'
)

INTRODUCTION = """\
# Ten common tasks

A recorded session (`python -m tests.demo.tour`) on a real cluster, with a stand-in for the ingestion so that
it is short. `K8S_PIPELINE_CONFIG` names the settings file, `KUBECONFIG` the cluster.
"""


def main() -> None:
    """Play the session, and print it as Markdown."""
    access = connect()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        access.run("delete", "namespace", NAMESPACE, "--ignore-not-found")
        space = Space.create(access, folder, namespace=NAMESPACE)
        _write(folder, access.image("standin"))
        print(INTRODUCTION)
        for number, (title, commands) in enumerate(STEPS, start=1):
            if commands[0].startswith("diff"):
                _change(folder)
            print(f"## {number}. {title}\n\n```console")
            for command in commands:
                print(f"$ k8s-pipeline {command}\n{_output(folder, command)}", end="")
            print("```\n")
        space.remove()


def _write(folder: Path, image: str) -> None:
    (folder / "settings.yaml").write_text(yaml.safe_dump({**QUICK, "namespace": NAMESPACE, "ingestionImage": image}))
    definitions: dict[str, Any] = {
        "sales.json": pipeline({"log": "reading tables"}, name="sales", schedule="30 2 * * *"),
        "stock.json": pipeline({"log": "reading tables"}, {"fail": _REFUSED}, name="stock"),
        "slow.json": pipeline({"sleep": 600}, name="slow", schedule="@weekly"),
        "pg_prod.json": service(),
    }
    (folder / "pipelines").mkdir()
    for name, content in definitions.items():
        (folder / "pipelines" / name).write_text(json.dumps(content))


def _change(folder: Path) -> None:
    path = folder / "pipelines" / "sales.json"
    path.write_text(path.read_text().replace("30 2 * * *", "0 4 * * mon-fri"))


def _output(folder: Path, command: str) -> str:
    program = str(Path(sys.executable).with_name("k8s-pipeline"))
    environment = os.environ | {"KUBECONFIG": "kubeconfig", "K8S_PIPELINE_CONFIG": "settings.yaml", "NO_COLOR": "1"}
    done = subprocess.run(
        [program, *shlex.split(command)],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout + (f"(exit code {done.returncode})\n" if done.returncode else "")


if __name__ == "__main__":
    main()
