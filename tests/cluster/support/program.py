"""The command line program, run in this process: the same code and the same output, without the start-up."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from k8s_pipeline_client.cli.main import run
from k8s_pipeline_client.retrying import TOTAL_TIMEOUT
from tests.cluster.support.messages import check_messages
from tests.cluster.support.schema import check_output
from tests.cluster.support.space import Space
from tests.cluster.support.started import Started
from tests.cluster.support.suggestions import check_suggestions

QUICK: Mapping[str, Any] = {
    "resources": {
        "requests": {"cpu": "10m", "memory": "32Mi"},
        "limits": {"cpu": "1", "memory": "256Mi"},
    },
    "backoffLimit": 0,
    "terminationGracePeriodSeconds": 20,
}
"""Settings that let many runs share a small node, and a failure be seen at once."""


@dataclass(frozen=True)
class Result:
    """What a call of the program gave."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The output, parsed."""
        return json.loads(self.out)


class Program:
    """Runs commands with a settings file, as the namespace's account."""

    def __init__(self, space: Space, *, image: str, folder: Path) -> None:
        """Take the namespace, and the image that runs use."""
        self.space = space
        self._folder = folder
        self._image = image
        self.configure()

    def within(self, space: Space) -> Program:
        """Return the same program with the same settings, logged in as another account."""
        other = copy(self)
        other.space = space
        return other

    @property
    def settings_file(self) -> Path:
        """Where its settings stand."""
        return self._folder / "settings.yaml"

    def configure(self, **settings: Any) -> None:
        """Rewrite the settings file: the quick ones, and above them the given ones."""
        values = {**QUICK, "ingestionImage": self._image, **settings}
        self.settings_file.write_text(yaml.safe_dump(values))

    def __call__(self, *words: str, code: int | None = 0, given: str | None = None) -> Result:
        """Run a command, and check its exit code unless that is None."""
        result = call([*self.place(), *words], given=given)
        if code is not None:
            assert result.code == code, f"{words}: exit code {result.code}\n{result.out}\n{result.err}"
        check_output(words, result.out)
        return result

    def start(self, *words: str, total_timeout: float = TOTAL_TIMEOUT) -> Started:
        """Start a command in a process of its own; it tries a request again for so many seconds."""
        return Started([*self.place(), *words], scratch=self._folder, total_timeout=total_timeout)

    def file(self, name: str, *documents: Any) -> str:
        """Write documents into a file, and return its path."""
        path = self._folder / name
        path.write_text("---\n".join(json.dumps(document) + "\n" for document in documents))
        return str(path)

    def place(self) -> list[str]:
        place = ["--config", str(self.settings_file), "-n", self.space.namespace]
        return [*place, "--kubeconfig", str(self.space.kubeconfig)]

    def deploy(self, *documents: Any, code: int = 0) -> Result:
        """Deploy documents."""
        return self("deploy", "-f", self.file("deploy.yaml", *documents), "-o", "json", code=code)


def call(words: Sequence[str], *, given: str | None = None) -> Result:
    """Run a command in this process, and check its messages and what it suggests."""
    result = run_program(words, given=given)
    check_messages(result.err)
    check_suggestions(words, result.err)
    if not {"json", "yaml"} & set(words) and "logs" not in words and "--logs" not in words:
        check_suggestions(words, result.out)
    return result


def run_program(words: Sequence[str], *, given: str | None = None) -> Result:
    """Run a command in this process."""
    with _streams(given) as (out, err):
        code = run(list(words))
        sys.stdout.flush()
        sys.stderr.flush()
    return Result(code, out.getvalue().decode("utf-8", "replace"), err.getvalue().decode("utf-8", "replace"))


@contextmanager
def _streams(given: str | None) -> Iterator[tuple[io.BytesIO, io.BytesIO]]:
    out, err = io.BytesIO(), io.BytesIO()
    before = sys.stdin, sys.stdout, sys.stderr
    sys.stdin = io.TextIOWrapper(io.BytesIO((given or "").encode()), encoding="utf-8")
    sys.stdout = io.TextIOWrapper(out, encoding="utf-8", write_through=True)
    sys.stderr = io.TextIOWrapper(err, encoding="utf-8", write_through=True)
    try:
        yield out, err
    finally:
        # Detached, else closing the wrappers would close the buffers that are still to be read.
        sys.stdout.detach()
        sys.stderr.detach()
        sys.stdin, sys.stdout, sys.stderr = before
