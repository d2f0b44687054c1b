"""The published packages of a release, asked over a pipe: `with Published.start(release, directory) as published`."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from tests.images.recording import RecordingServer

from . import environment

Document = dict[str, Any]

_WORKER = Path(__file__).with_name("worker.py")
_TAIL = 2000


class Refused(Exception):
    """The packages do not take what they were given."""


class Published:
    """One release's packages, and the stand-in for the server in which their builders look services up."""

    def __init__(self, release: str, server: RecordingServer, questions: IO[str], answers: IO[str], log: Path) -> None:
        self.release = release
        self._server = server
        self._questions = questions
        self._answers = answers
        self._log = log

    @classmethod
    @contextmanager
    def start(cls, release: str, directory: Path) -> Iterator[Published]:
        """Start the worker; `directory` takes its log, and what Airflow writes when it is imported."""
        python = environment.ensure(release)
        (directory / "logs").mkdir()
        log = directory / "worker.log"
        version = ".".join(environment.locked_version(release, "openmetadata-ingestion").split(".")[:3])
        with (
            RecordingServer(version=version) as server,
            log.open("w") as errors,
            subprocess.Popen(
                [str(python), str(_WORKER), server.url],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                encoding="utf-8",
                cwd=directory,
                env=_environment(directory),
            ) as process,
        ):
            assert process.stdin is not None and process.stdout is not None
            try:
                yield cls(release, server, process.stdin, process.stdout, log)
            finally:
                process.kill()

    def types(self) -> list[str]:
        """The pipeline types that have a builder."""
        found: list[str] = self._ask("types")
        return found

    def schema(self, model: str) -> Document:
        """The JSON schema of `pipeline`, `workflow`, `application` or `automation`."""
        found: Document = self._ask("schema", model=model)
        return found

    def parse(self, model: str, document: Document) -> Document:
        """What the model keeps of a document, in the form in which a run gets it."""
        found: Document = self._ask("parse", model=model, document=document)
        return found

    def build(self, pipeline: Document, service: Document | None) -> Document:
        """The document that the release's own builder makes of an entity whose service the server knows."""
        reference = pipeline["service"]
        if service is not None:
            # The builder asks by the reference's name where the server knows fully qualified names; that this fails
            # for a name with a dot is not what is compared here.
            known = {**service, "fullyQualifiedName": reference["name"]}
            self._server.api.entities.put(f"services/{reference['type']}s", known)
        found: Document = self._ask("build", pipeline=pipeline)
        return found

    def has_source(self, source: str) -> bool:
        """Whether the release's ingestion has code for a `source.type`."""
        return bool(self._ask("has_source", source=source))

    def _ask(self, name: str, **arguments: Any) -> Any:
        try:
            self._questions.write(json.dumps({"ask": name, **arguments}) + "\n")
            self._questions.flush()
        except BrokenPipeError:
            pass  # the answer, which is none, says so
        line = self._answers.readline()
        if not line:
            raise RuntimeError(f"the worker of {self.release} has ended:\n{self._log.read_text()[-_TAIL:]}")
        answer = json.loads(line)
        if "refused" in answer:
            raise Refused(f"{answer['refused']}: {answer['why'][:_TAIL]}")
        return answer["answer"]


def _environment(directory: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(directory),
        "LANG": "C.UTF-8",
        "AIRFLOW_HOME": str(directory),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(directory / "logs"),
    }
