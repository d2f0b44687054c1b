"""What can be said of the program's image without building it."""

from __future__ import annotations

import re
import runpy
from importlib.metadata import distribution
from pathlib import Path

from k8s_pipeline_client.version import __version__
from tests.images import containerfile

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "Containerfile").read_text()


def arguments() -> dict[str, str]:
    """Return the build arguments and their defaults."""
    return dict(re.findall(r"^ARG (\w+)=(.*)$", TEXT, re.MULTILINE))


def test_the_bases_are_arguments_that_name_no_registry() -> None:
    found = re.findall(r"^FROM (\S+)", TEXT, re.MULTILINE)

    assert found == ["${BASE}", "${RUNTIME}"]
    assert re.fullmatch(r"[a-z]+:[0-9a-z.-]+", arguments()["BASE"])
    assert arguments()["RUNTIME"] == "${BASE}"


def test_its_version_is_the_programs() -> None:
    assert arguments()["VERSION"] == __version__


def test_what_it_runs_needs_no_shell() -> None:
    last = TEXT.rsplit("\nFROM ", 1)[1]

    assert "RUN " not in last
    assert re.search(r"^ENTRYPOINT \[", last, re.MULTILINE)
    assert re.search(r"^CMD \[", last, re.MULTILINE)
    assert re.search(r"^USER [1-9]\d+:0$", last, re.MULTILINE)


def test_all_that_it_copies_is_sent_to_the_builder_and_makes_a_new_tag() -> None:
    copied = {name for line in re.findall(r"^COPY (?!--from)(.+)$", TEXT, re.MULTILINE) for name in line.split()[:-1]}
    sent = {line[1:] for line in (ROOT / ".containerignore").read_text().splitlines() if line.startswith("!")}
    inputs = {path.relative_to(ROOT).as_posix() for path in containerfile.inputs()}

    for name in copied:
        assert any(name == place or name.startswith(f"{place}/") for place in sent), name
        assert name in inputs or any(path.startswith(f"{name}/") for path in inputs), name


def test_the_bill_of_materials_names_the_program_and_its_packages() -> None:
    own, other = distribution("k8s-pipeline-client"), distribution("PyYAML")

    bill = runpy.run_path(str(ROOT / "manifests/image/finish.py"))["bill"]

    found = bill([other, own])

    assert found["metadata"]["component"]["purl"] == f"pkg:pypi/k8s-pipeline-client@{__version__}"
    assert [item["purl"] for item in found["components"]] == [f"pkg:pypi/pyyaml@{other.version}"]
    assert bill([own, other]) == found
