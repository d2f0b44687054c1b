"""What stands in manifests/ is what a cluster takes."""

from __future__ import annotations

from pathlib import Path

import yaml

from tests.cluster.support.program import Program, call

MANIFESTS = Path(__file__).parents[2] / "manifests"


def test_the_base_makes_a_namespace_with_rights_in_it(program: Program) -> None:
    access = program.space.access

    found = list(yaml.safe_load_all(access.run("kustomize", str(MANIFESTS / "base"))))

    assert [item["kind"] for item in found].count("Namespace") == 1
    for item in found:
        if item["kind"] != "Namespace":  # in one that is there, for nothing is kept of the other
            item["metadata"]["namespace"] = program.space.namespace
        access.run(
            "apply", "--server-side", "--dry-run=server", "--force-conflicts", "-f", "-", given=yaml.safe_dump(item)
        )


def test_the_example_for_git_can_be_deployed(program: Program) -> None:
    example = MANIFESTS / "examples/git"

    place = ["--config", str(example / "settings.yaml"), "-n", program.space.namespace]
    place += ["--kubeconfig", str(program.space.kubeconfig)]

    result = call([*place, "deploy", "-f", str(example / "nightly.yaml"), "--dry-run=server", "-o", "json"])

    assert (result.code, result.err) == (0, "")
    assert result.json[0]["displayName"] == "nightly"
