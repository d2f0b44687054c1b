"""What the reporter keeps of schedules: it has room for ten thousand of them, and writes only what has changed."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8s_pipeline_client.cluster.port import Kind, Propagation
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.naming import instance_label
from k8s_pipeline_client.errors import ForbiddenError, InvalidError, UnreachableError
from k8s_pipeline_client.reporter import ledger, memory, own
from k8s_pipeline_client.reporter.ledger import MOST_BYTES, Ledger, patched
from k8s_pipeline_client.reporter.memory import OpenRun
from k8s_pipeline_client.reporter.missed import Tracked
from k8s_pipeline_client.status import Cause, CauseCode
from tests.fakes import FakeCluster, Request
from tests.unit import scene
from tests.unit.reporting import HOURLY, World, entity, said

NOON = datetime(2026, 1, 21, 12, tzinfo=UTC)
MANY = 10_000
ANNOTATIONS = 256 * 1024
"""The API server takes no more of them, in bytes."""
REFUSED = Cause(
    CauseCode.QUOTA_EXCEEDED,
    'The run that was due was not started: the ResourceQuota "jobs" of the namespace does not allow its Job',
    'jobs.batch "x" is forbidden: exceeded quota: jobs, requested: count/jobs.batch=1, used: 100, limited: 100',
    "wait for other runs to end, lower this run's requests and limits, or raise the quota",
)


def name(number: int) -> str:
    return f"om-warehouse-orders-and-returns-of-all-shops-{number:05d}-abcdefghij"


def schedules(count: int, *causes: Cause | None) -> dict[str, Tracked | None]:
    """Return so many schedules, of each of which runs were missed, all at the same times."""
    owed = {NOON + timedelta(hours=hour): cause for hour, cause in enumerate(causes)}
    return {name(number): Tracked(str(uuid.uuid4()), 3, NOON, "openmetadata", owed) for number in range(count)}


def sizes(cluster: FakeCluster) -> dict[str, int]:
    return {
        item["metadata"]["name"]: sum(len(key) + len(text) for key, text in (item.get("data") or {}).items())
        for item in cluster.list(Kind.CONFIG_MAP)
    }


@pytest.mark.parametrize(
    "causes", [(), (None,), (REFUSED,), (None,) * 12], ids=["none missed", "one each", "one each, refused", "12 each"]
)
def test_ten_thousand_schedules_have_room(causes: tuple[Cause | None, ...]) -> None:
    cluster = FakeCluster()
    wanted = schedules(MANY, *causes)

    written = Ledger({}).write(cluster, wanted)

    assert written.lost == 0
    assert max(sizes(cluster).values()) <= MOST_BYTES
    found = Ledger.read(cluster, {}).entries
    assert {key: Tracked.from_text(text) for key, text in found.items()} == wanted


def test_ten_thousand_open_runs_of_no_pipeline_have_room() -> None:
    cluster = FakeCluster()
    runs = [
        OpenRun(
            run_id=str(uuid.uuid4()), job=name(number), uid=str(uuid.uuid4()), created=NOON, pipeline=name(number),
            instance="openmetadata", fqn=f"warehouse.orders-and-returns-{number}",
            address="https://openmetadata.example.com/api", token="om-token-openmetadata-bot-abcdefghij/jwtToken",
        )
        for number in range(MANY)
    ]  # fmt: skip

    memory.remember(cluster, "a-pipeline-that-is-gone", runs)

    for item in cluster.list(Kind.CONFIG_MAP):
        assert sum(len(key) + len(text) for key, text in item["metadata"]["annotations"].items()) < ANNOTATIONS
    assert set(memory.read(cluster).runs) == {run.run_id for run in runs}


@given(st.lists(st.integers(0, 40), min_size=1, max_size=40), st.integers(2_000, 20_000))
def test_whatever_was_missed_there_is_room_and_the_newest_are_kept(counts: list[int], most: int) -> None:
    wanted = {
        name(number): Tracked(
            str(uuid.UUID(int=number)), 1, NOON, "", {NOON + timedelta(hours=hour): REFUSED for hour in range(count)}
        )
        for number, count in enumerate(counts)
    }
    texts = {key: item.to_text() for key, item in wanted.items()}
    bare = {key: Tracked(item.uid, 1, NOON).to_text() for key, item in wanted.items()}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ledger, "MOST_BYTES", most)
        found, lost = patched({}, texts)

    for data in found.values():
        size = sum(len(key) + len(text or "") for key, text in data.items())
        assert size <= most or all(text == bare[key] for key, text in data.items())
    kept = {key: Tracked.from_text(text or "") for data in found.values() for key, text in data.items()}
    assert sum(len(item.owed) for item in wanted.values()) == lost + sum(
        len(item.owed) for item in kept.values() if item
    )
    for key, item in kept.items():
        assert item is not None
        assert list(item.owed) == list(wanted[key].owed)[len(wanted[key].owed) - len(item.owed) :]


def at(world: World, minutes: float) -> None:
    """Have a fresh reporter make passes so long after noon."""
    world.fake.clock = NOON + timedelta(minutes=minutes) - timedelta(seconds=210)
    world.passes(3, seconds=70)


def world_on_a_schedule() -> World:
    world = World(schedule=HOURLY)
    world.fake.clock = NOON - timedelta(minutes=5)
    return world


def data_of(world: World, place: str) -> dict[str, str]:
    found: dict[str, str] = world.fake.get(Kind.CONFIG_MAP, place).get("data") or {}
    return found


def test_what_an_earlier_version_has_kept_is_moved_and_goes_on() -> None:
    world = world_on_a_schedule()
    uid = world.fake.get(Kind.CRONJOB, world.name)["metadata"]["uid"]
    generation = world.fake.get(Kind.CRONJOB, world.name)["metadata"]["generation"]
    due = NOON - timedelta(hours=2)
    kept = {
        "uid": uid,
        "generation": generation,
        "since": NOON.isoformat(),
        "owed": {due.isoformat(): REFUSED.as_dict()},
    }
    world.fake.create(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": own.LEDGER, "namespace": "ns", "labels": {labels.OPEN_RUNS: "true"}},
            "data": {
                "last-pass": NOON.isoformat(),
                world.name: json.dumps(kept),
                "om-gone-abcdefghij": json.dumps(kept),
            },
        }
    )
    world.server.be_down()
    at(world, 1)
    assert set(data_of(world, own.LEDGER)) == {"last-pass"}
    assert set(data_of(world, own.place_of_schedule(world.name))) == {world.name}
    assert sum(len(data) for data in all_data(world)) == 1, "nothing is left of the one that is gone"
    world.server.be_well()

    at(world, 10)

    (row,) = world.server.rows(world.fqn)
    assert row["startDate"] == int(due.timestamp() * 1000)
    assert "ResourceQuota" in said(row)


class Quota:
    """Refuses the ConfigMaps of schedules, or some of them, as a ResourceQuota does."""

    def __init__(self, cluster: FakeCluster, *places: str) -> None:
        self._places = places
        self.end = cluster.before(self._refuse)

    def _refuse(self, request: Request) -> None:
        place = str(request.name)
        if request.verb == "list" or not place.startswith(f"{own.LEDGER}-schedules-"):
            return
        if not self._places or place in self._places:
            raise ForbiddenError(f'configmaps "{place}" is forbidden: exceeded quota: count/configmaps', status=403)


def kept_by_an_earlier_version(cluster: FakeCluster, items: Mapping[str, Tracked | None]) -> dict[str, str]:
    """Have an earlier version's entries be in one ConfigMap; return its data."""
    data = {key: item.to_text() for key, item in items.items() if item}
    own.merge(cluster, own.LEDGER, {"data": {"last-pass": NOON.isoformat(), **data}})
    return data


def test_a_configmap_that_cannot_be_written_stops_none_of_the_others() -> None:
    cluster = FakeCluster()
    wanted = schedules(200)
    former = kept_by_an_earlier_version(cluster, wanted)
    full = own.place_of_schedule(name(0))
    quota = Quota(cluster, full)
    stuck = {key for key in wanted if own.place_of_schedule(key) == full}

    written = Ledger.read(cluster, former).write(cluster, {})

    assert [error.code for error in written.refused] == ["Forbidden"]
    assert written.ledger.former == stuck, "they are moved later"
    assert written.ledger.entries == former
    assert cluster.get(Kind.CONFIG_MAP, own.LEDGER)["data"].keys() == stuck | {"last-pass"}
    quota.end()
    again = written.ledger.write(cluster, {})
    assert (again.refused, again.ledger.former) == ((), frozenset())
    assert cluster.get(Kind.CONFIG_MAP, own.LEDGER)["data"].keys() == {"last-pass"}
    assert Ledger.read(cluster, {}).entries == former


def test_an_entry_that_could_not_be_written_stays_as_it_was() -> None:
    cluster = FakeCluster()
    before = Ledger({}).write(cluster, schedules(1)).ledger
    Quota(cluster)

    after = before.write(cluster, dict.fromkeys(before.entries)).ledger

    assert after.entries == before.entries


def test_an_earlier_versions_configmap_that_cannot_be_written_is_taken_from_later() -> None:
    cluster = FakeCluster()
    former = kept_by_an_earlier_version(cluster, schedules(3))

    def refuse(request: Request) -> None:
        if (request.verb, request.name) == ("patch", own.LEDGER):
            raise InvalidError("field is immutable when `immutable` is set", status=422)

    end = cluster.before(refuse)
    written = Ledger.read(cluster, former).write(cluster, {})
    end()

    assert [error.code for error in written.refused] == ["Invalid"]
    assert written.ledger.former == former.keys()
    assert Ledger.read(cluster, {}).entries == former


def test_an_api_server_that_is_away_ends_the_look() -> None:
    cluster = FakeCluster()
    cluster.before(lambda request: away())

    with pytest.raises(UnreachableError):
        Ledger({}).write(cluster, schedules(1))


def away() -> None:
    raise UnreachableError("the API server is away")


def test_a_look_goes_on_where_nothing_of_schedules_can_be_written() -> None:
    world = World(schedule=HOURLY)
    world.passes()
    world.server.delete_pipeline(str(world.pipeline.id))
    for item in scene.others(20):
        scene.deploy(world.fake, item, settings=world.settings)
        world.server.add_pipeline(entity(item))
    Quota(world.fake)

    report = world.passes(3, seconds=601)

    assert world.fake.get(Kind.CRONJOB, world.name)["spec"]["suspend"] is True
    assert any("cannot save the state" in text and "exceeded quota" in text for text in report.warnings)


def test_what_was_missed_is_reported_once_where_nothing_of_schedules_can_be_written() -> None:
    world = world_on_a_schedule()
    world.passes(seconds=0)
    Quota(world.fake)

    at(world, 20)
    at(world, 25)

    (row,) = world.server.rows(world.fqn)
    assert row["startDate"] == int(NOON.timestamp() * 1000)


def all_data(world: World) -> list[dict[str, str]]:
    return [item.get("data") or {} for item in world.fake.list(Kind.CONFIG_MAP, labels=labels.SCHEDULES)]


@pytest.mark.parametrize(
    ("instance", "left"),
    [(None, set()), ("openmetadata", {"om-foreign", "om-unknown"}), ("another", {"om-ours", "om-unknown", "its own"})],
)
def test_of_an_earlier_versions_entries_only_those_of_the_instance_are_moved(
    instance: str | None, left: set[str]
) -> None:
    world = world_on_a_schedule()
    ours = instance_label("openmetadata")
    assert world.fake.get(Kind.CRONJOB, world.name)["metadata"]["labels"][labels.INSTANCE] == ours
    former = {
        world.name: Tracked("u", 1, NOON),
        "om-ours": Tracked("u", 1, NOON, ours),
        "om-foreign": Tracked("u", 1, NOON, instance_label("another")),
        "om-unknown": Tracked("u", 1, NOON),
    }
    kept_by_an_earlier_version(world.fake, former)
    world.settings = world.settings.model_copy(update={"instance": instance})

    world.passes(2, seconds=70)

    found = {key: text for key, text in data_of(world, own.LEDGER).items() if not key.startswith("last-pass")}
    wanted = {world.name if key == "its own" else key for key in left}
    assert found == {key: former[key].to_text() for key in wanted}
    assert {key for data in all_data(world) for key in data} == ({world.name} - wanted)


@pytest.mark.parametrize("count", [1, 60])
def test_what_has_not_changed_is_not_written(count: int) -> None:
    world = world_on_a_schedule()
    for item in scene.others(count):
        scene.deploy(world.fake, item, settings=world.settings)
    world.passes(2, seconds=70)
    world.fake.requests.clear()

    world.passes(seconds=70)

    written = [item.name for item in world.fake.requests if item.verb in ("create", "patch", "delete")]
    assert written == [own.LEDGER], "only that it was looked"


def test_what_a_suspended_pipeline_still_owes_is_not_written_again_and_again() -> None:
    world = world_on_a_schedule()
    world.passes(seconds=0)
    world.server.be_down()
    at(world, 20)
    world.fake.merge(Kind.CRONJOB, world.name, {"spec": {"suspend": True}})
    world.passes(2, seconds=70)
    world.fake.requests.clear()

    world.passes(seconds=70)

    assert [item.name for item in world.fake.requests if item.verb == "patch"] == [own.LEDGER]
    world.server.be_well()
    world.passes(3, seconds=70)
    assert len(world.server.rows(world.fqn)) == 1


@pytest.mark.parametrize("instance", [None, "openmetadata", "another"])
def test_what_is_known_of_a_pipeline_goes_with_it_unless_it_is_another_ones(instance: str | None) -> None:
    world = world_on_a_schedule()
    world.passes(seconds=0)
    label = world.fake.get(Kind.CRONJOB, world.name)["metadata"]["labels"][labels.INSTANCE]
    world.settings = world.settings.model_copy(update={"instance": instance})
    world.fake.delete(Kind.CRONJOB, world.name, Propagation.BACKGROUND)

    world.passes(2, seconds=70)

    is_ours = instance is None or instance_label(instance) == label
    assert sum(len(data) for data in all_data(world)) == (0 if is_ours else 1)
