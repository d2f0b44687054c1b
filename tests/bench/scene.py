"""Where the benchmark takes place: a namespace with many pipelines, each with a run behind it, and none that starts."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import yaml

from k8s_pipeline_client import K8sPipelineClient, Pipeline, Pipelines, State, create_client, load_settings
from k8s_pipeline_client.render import plan
from tests.bench import definitions, history
from tests.bench.loops import CONNECTIONS, Three
from tests.bench.scale import Scale
from tests.bench.wire import Connection, Server
from tests.cluster.support import definitions as standin
from tests.cluster.support.access import Access
from tests.cluster.support.program import Program
from tests.cluster.support.space import Space, until

SHORT, LONG = "short-log", "long-log"
_GONE_SECONDS = 600.0


@dataclass(frozen=True)
class Scene:
    """The namespace.

    Attributes:
        folder: For files.
        program: The command line program, with the settings of all pipelines.
        server: For bare requests, as the account that our client uses.
        send: Sends one at a time.
        say: Takes what is under way.
    """

    scale: Scale
    space: Space
    folder: Path
    program: Program
    server: Server
    send: Connection
    say: Callable[[str], None]

    @property
    def namespace(self) -> str:
        """Its name."""
        return self.space.namespace

    def service_client(self) -> K8sPipelineClient:
        """Return a new client, with connections of its own."""
        client = create_client(self._settings, kubeconfig=self.space.kubeconfig)
        assert isinstance(client, K8sPipelineClient)
        return client

    def client(self) -> Pipelines:
        """Return the same by its names."""
        return self.service_client().pipelines

    def deploy(self, pipelines: Sequence[Pipeline]) -> None:
        """Deploy many at once, with a client that has seen nothing yet."""
        client = self.client()
        bulk = getattr(client, "deploy_all", None)
        if bulk is not None:
            bulk(pipelines, parallel=CONNECTIONS, on_done=lambda *_words, **_more: None)
            return
        with ThreadPoolExecutor(CONNECTIONS) as pool:  # as the command does it
            for _ in pool.map(client.deploy, pipelines):
                pass

    def render(self, pipelines: Sequence[Pipeline]) -> list[list[dict[str, Any]]]:
        """Return the manifests of each."""
        return [plan(pipeline, self._settings).manifests() for pipeline in pipelines]

    def threes(self, pipelines: Sequence[Pipeline]) -> list[Three]:
        """Return what each pipeline has to itself."""
        found = []
        for manifests in self.render(pipelines):
            secret, config_map, cronjob = manifests[-3:]
            found.append((secret, config_map, cronjob))
        return found

    def kubectl(self, *words: str) -> None:
        """Run kubectl as the account, in a process; what it prints is dropped."""
        place = ["--kubeconfig", str(self.space.kubeconfig), "-n", self.namespace]
        _run([self.space.access.kubectl, *place, *words])

    def command(self, *words: str) -> None:
        """Run our command line program in a process; what it prints is dropped."""
        _run([str(Path(sys.executable).with_name("k8s-pipeline")), *self.program.place(), *words])

    def fill(self, there: int, size: int) -> None:
        """Have as many pipelines as that, each with a run that has ended."""
        self.say(f"deploying {size - there} pipelines, each with a run that has ended")
        more = numbered(there, size)
        self.deploy(more)
        history.write(self.space, self.server, [pipeline.resource_name for pipeline in more])

    def run_some(self) -> None:
        """Have two real runs end, for there is no log without a pod; then let no pod start any more."""
        self.say("two real runs, for their logs")
        documents = [*real_entities(self.scale).values(), standin.service()]
        self.program.deploy(*documents)
        client = self.client()
        started = [client.run(name) for name in (SHORT, LONG)]
        for run in started:
            ended = client.wait(run.job_name, timeout=180)
            if ended.state is not State.SUCCESS:
                raise RuntimeError(f"run {ended.run_id} {ended.state}: {ended.cause.summary if ended.cause else None}")
        quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "none", "namespace": self.namespace}}
        self.space.access.api.apply(quota | {"spec": {"hard": {"pods": "0"}}})

    @cached_property
    def _settings(self) -> Any:
        return load_settings([self.program.settings_file], environ={}, namespace=self.namespace).settings


@lru_cache(maxsize=8)
def numbered(first: int, end: int) -> Sequence[Pipeline]:
    """Return the pipelines of a range of numbers."""
    return definitions.pipelines(range(first, end))


@lru_cache(maxsize=1)
def real_entities(scale: Scale) -> Mapping[str, dict[str, Any]]:
    """Return the pipelines that really run, by name."""
    steps: dict[str, dict[str, Any]] = {SHORT: {"log": "here I am"}, LONG: {"logMiB": scale.log_mib}}
    return {name: standin.pipeline(step, name=name) for name, step in steps.items()}


@contextmanager
def opened(access: Access, folder: Path, scale: Scale, say: Callable[[str], None]) -> Iterator[Scene]:
    """Make the namespace, and have it gone at the end, so that what comes after is not disturbed."""
    space = Space.create(access, folder, namespace=f"bench-{uuid.uuid4().hex[:6]}")
    try:
        program = Program(space, image=access.image("standin"), folder=folder)
        server = Server.of(space.kubeconfig)
        with server.connections(1) as (send,):
            yield Scene(scale, space, folder, program, server, send, say)
    finally:
        say(f"deleting namespace {space.namespace}")
        space.remove()
        until(lambda: not _is_there(access, space.namespace), "the namespace is gone", _GONE_SECONDS)


def write_manifests(path: Path, manifests: Sequence[Any]) -> Path:
    """Write a List for kubectl; as JSON, which it reads soonest."""
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": list(manifests)}))
    return path


def write_documents(path: Path, documents: Sequence[Any]) -> Path:
    """Write definitions for our program, as people do."""
    path.write_text(yaml.safe_dump_all(documents))
    return path


def _is_there(access: Access, namespace: str) -> bool:
    names = [item["metadata"]["name"] for item in access.api.request("GET", "/api/v1/namespaces")["items"]]
    return namespace in names


def _run(words: Sequence[str]) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr.strip()[-2000:]}")
