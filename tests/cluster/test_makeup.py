"""What was due before a schedule was switched on, given or moved is not made up for, whatever is written later.

All of it in one go, for everything waits for the same minute. The controls, by kubectl, show that a run would come; the
last of them is written after all else, so that the controller has looked at all else when it has started that one.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest

from k8s_pipeline_client.cluster.connect import connect
from k8s_pipeline_client.cluster.kube import KubeCluster
from k8s_pipeline_client.cluster.port import Kind
from tests.cluster.support.definitions import pipeline, service
from tests.cluster.support.faults import FaultProxy, killed_at
from tests.cluster.support.program import Program
from tests.cluster.support.space import until

CONFIGURED = 120
NOTE = "k8s-pipeline/starting-deadline"
CONTROLS = ("enabled by hand", "moved by hand", "last 1", "last 2", "last 3")

Object = dict[str, Any]


class Scene:
    """A namespace full of pipelines that are, by and by, on a schedule that was due at one minute."""

    def __init__(self, program: Program, faulty: Program, proxy: FaultProxy) -> None:
        """Choose the minute: far enough for all to be there before."""
        self.program = program
        self._faulty, self._proxy = faulty, proxy
        self._cluster = KubeCluster(connect(program.space.kubeconfig), program.space.namespace)
        self._ids: dict[str, str] = {}
        start = self.now() + timedelta(seconds=30)
        self.due = start.replace(second=0, microsecond=0) + timedelta(minutes=1)

    def now(self) -> datetime:
        """Ask the API server for its time."""
        self._cluster.list(Kind.SECRET, labels="no=such")
        return self._cluster.now()

    def wait(self, seconds: float) -> None:
        """Wait until so many seconds after the minute."""
        moment = self.due + timedelta(seconds=seconds)
        until(lambda: self.now() >= moment, f"it is {moment}", 200)

    @property
    def schedule(self) -> str:
        """Due once a day, in that minute (UTC)."""
        return f"{self.due.minute} {self.due.hour} * * *"

    def deploy(self, name: str, schedule: str | None, *, zone: str = "UTC", **fields: Any) -> Object:
        """Deploy a pipeline, and return what became of it."""
        found: Object = self.program.deploy(self.definition(name, schedule, zone=zone, **fields), service()).json[0]
        self._ids[name] = found["resourceName"]
        return found

    def begin_to_deploy(self, name: str, schedule: str) -> None:
        """Deploy a pipeline, and kill the program as soon as there is a CronJob."""
        path = self.program.file("cut.yaml", self.definition(name, schedule), service())
        assert killed_at(self._faulty, self._proxy, 3, "deploy", "-f", path)
        (found,) = (item for item in self.program("list", "-o", "json").json if item["displayName"] == name)
        assert found["suspended"]

    def definition(self, name: str, schedule: str | None, *, zone: str = "UTC", **fields: Any) -> Object:
        airflow = {"scheduleInterval": schedule, "pipelineTimezone": zone}
        entity = pipeline({"log": "x"}, name=name, airflowConfig=airflow, **fields)
        return entity | {"id": str(uuid.uuid5(uuid.NAMESPACE_OID, name))}

    def diff(self, name: str) -> str:
        """Return what `diff` says of the definition with which it was switched."""
        path = self.program.file("p.yaml", self.definition(name, self.schedule), service())
        return self.program("diff", "-f", path).out

    def cronjob(self, name: str) -> Object:
        return self.program.space.get("cronjob", self._ids[name])

    def kubectl(self, verb: str, name: str, *words: str) -> None:
        self.program.space.kubectl(verb, "cronjob", self._ids[name], *words)

    def runs(self, name: str) -> list[str]:
        """Return for when the runs of a pipeline were scheduled."""
        jobs = self.program.space.list("jobs", f"k8s-pipeline/pipeline={self._ids[name]}")
        return [item["metadata"]["annotations"]["batch.kubernetes.io/cronjob-scheduled-timestamp"] for item in jobs]

    def annotate(self) -> None:
        """Write something to each but the controls that are still to come."""
        for name in self._ids:
            if not name.startswith("last"):
                self.kubectl("annotate", name, "--overwrite", f"example.com/at={self.now().timestamp()}")

    def controller_has_seen_all(self, name: str) -> None:
        """Enable a control by hand, and wait for the run that it makes up for."""
        self.kubectl("patch", name, "-p", '{"spec": {"suspend": false}}')
        until(lambda: self.runs(name), f"{name} is made up for")


@pytest.fixture
def scene(program: Program, faulty: Program, proxy: FaultProxy) -> Scene:
    program.configure(startingDeadlineSeconds=CONFIGURED)
    return Scene(program, faulty, proxy)


def _deadline(cronjob: Object) -> tuple[int, bool]:
    return cronjob["spec"]["startingDeadlineSeconds"], NOTE in cronjob["metadata"]["annotations"]


SWITCHED = (
    *("deployed enabled", "defined enabled", "given", "moved", "other zone", "moved and enabled", "often"),
    "cut short",
)
NEVER_DISABLED = ("given", "moved", "other zone", "cut short")
ONCE_A_YEAR = "0 0 1 1 *"


@pytest.mark.thorough
@pytest.mark.slow
def test_what_was_due_before_is_not_made_up_for(scene: Scene) -> None:
    _deploy_before_the_minute(scene)

    scene.wait(1)
    waited = scene.program("enable", "enabled").err
    switched = {name: scene.deploy(name, _schedule(scene, name)) for name in SWITCHED}
    _do_the_same_by_hand(scene)

    assert [name for name in ("enabled", *SWITCHED) if scene.runs(name)] == []
    assert "waiting" in waited
    assert "is skipped" in waited
    for name, found in switched.items():
        assert found["action"] == "updated"
        assert any("is skipped" in note for note in found["notes"]), name
        assert any("was disabled" in note for note in found["notes"]) is (name not in NEVER_DISABLED), name
    for name in ("enabled", *SWITCHED):
        seconds, noted = _deadline(scene.cronjob(name))
        assert 10 <= seconds < CONFIGURED, name
        assert noted, name

    _check_what_others_hold_is_left(scene)
    scene.annotate()
    scene.controller_has_seen_all("last 2")
    assert [name for name in ("enabled", *SWITCHED) if name != "often" and scene.runs(name)] == []
    assert len(scene.runs("moved by hand")) == 1, "this is what a later write does"
    _check_nothing_is_said_to_have_changed(scene)
    _check_the_deadline_is_put_back(scene)


def _deploy_before_the_minute(scene: Scene) -> None:
    for name in ("enabled", "deployed enabled", *CONTROLS):
        scene.deploy(name, ONCE_A_YEAR if name == "moved by hand" else scene.schedule)
        if name != "moved by hand":
            scene.program("disable", name)
    scene.deploy("defined enabled", scene.schedule, enabled=False)
    scene.deploy("given", None)
    scene.deploy("moved", ONCE_A_YEAR)
    scene.deploy("other zone", scene.schedule, zone="Asia/Tokyo")
    scene.deploy("moved and enabled", ONCE_A_YEAR, enabled=False)
    scene.deploy("often", "* * * * *", enabled=False)
    scene.begin_to_deploy("cut short", scene.schedule)
    scene.deploy("switch of others", scene.schedule)
    scene.kubectl("patch", "switch of others", "-p", '{"spec": {"suspend": true}}')
    scene.deploy("deadline of others", scene.schedule)
    scene.program("disable", "deadline of others")
    scene.kubectl("patch", "deadline of others", "-p", '{"spec": {"startingDeadlineSeconds": 100}}')
    scene.deploy("interval", "@every 130s")
    scene.deploy("disabled interval", "@every 1m", enabled=False)
    assert scene.now() < scene.due, "the machine is too slow for this test"


def _schedule(scene: Scene, name: str) -> str:
    return "* * * * *" if name == "often" else scene.schedule


def _do_the_same_by_hand(scene: Scene) -> None:
    scene.kubectl("patch", "enabled by hand", "-p", '{"spec": {"suspend": false}}')
    scene.kubectl("patch", "moved by hand", "-p", f'{{"spec": {{"schedule": "{scene.schedule}"}}}}')
    scene.controller_has_seen_all("last 1")
    assert [len(scene.runs(name)) for name in CONTROLS] == [1, 0, 1, 0, 0]


def _check_what_others_hold_is_left(scene: Scene) -> None:
    before = scene.cronjob("switch of others")
    refused = scene.program("enable", "switch of others", code=1).err
    assert "kubectl-patch" in refused
    assert "made up" not in refused
    after = scene.cronjob("switch of others")
    assert after["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]

    said = scene.program("enable", "deadline of others").err
    assert "a run may start at once" in said
    assert "kubectl-patch" in said
    until(lambda: scene.runs("deadline of others"), "the run that was announced", 30)


def _check_nothing_is_said_to_have_changed(scene: Scene) -> None:
    again = scene.deploy("moved", scene.schedule)
    assert (again["action"], again["notes"]) == ("unchanged", [])
    assert scene.diff("moved") == ""
    assert _deadline(scene.cronjob("moved"))[1], "it would still be made up for"
    assert "is dropped" in scene.program("status", "moved").out


def _check_the_deadline_is_put_back(scene: Scene) -> None:
    scene.wait(60)
    until(lambda: scene.runs("often"), "the next run of what is due each minute", 30)
    scene.wait(66)
    assert scene.deploy("often", "* * * * *")["action"] == "unchanged"
    assert _deadline(scene.cronjob("often")) == (CONFIGURED, False)

    assert "a run starts at once" in scene.program("enable", "disabled interval").err
    until(lambda: scene.runs("disabled interval"), "the run that was announced", 30)

    scene.wait(CONFIGURED + 5)
    assert scene.diff("moved") == ""
    scene.program("enable", "enabled")
    once = [name for name in SWITCHED if name != "often"]
    found = [scene.deploy(name, scene.schedule) for name in once]
    assert {item["action"] for item in found} == {"unchanged"}
    assert {tuple(item["notes"]) for item in found} == {(f"startingDeadlineSeconds is {CONFIGURED} again",)}
    scene.annotate()
    scene.deploy("last 3", scene.now().strftime("%M %H * * *"), enabled=False)
    scene.controller_has_seen_all("last 3")
    for name in ("enabled", *once):
        assert _deadline(scene.cronjob(name)) == (CONFIGURED, False), name
        assert scene.runs(name) == [], name
    assert min(map(datetime.fromisoformat, scene.runs("often"))) == scene.due + timedelta(minutes=1)
    until(lambda: scene.runs("interval"), "the first run of an interval longer than the configured deadline")
