"""Whether an apply would change anything: said from what is live alone, and never wrongly "no"."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, note
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from k8s_pipeline_client.cluster.port import Kind, Object
from k8s_pipeline_client.domain.managers import MANAGER
from k8s_pipeline_client.domain.ownership import fields_of, is_applied
from k8s_pipeline_client.errors import ApiError, ConflictError
from tests.cluster.test_property_settings import accepted, values
from tests.fakes import FakeCluster
from tests.unit.scene import cluster, deploy, pipeline, planned

PLAN = planned(pipeline())
MANIFESTS = [PLAN.suspended_cronjob(), PLAN.secret, PLAN.config_map]
VALUES: list[Any] = ["", "another", "QQ==", 0, 1, 7, True, False, None, {}, []]

Path = tuple[str | int, ...]


def leaves(value: Any, path: Path = ()) -> Iterator[Path]:
    """Yield the paths of all that is in an object, but for what says which object it is."""
    if path and path not in {
        ("kind",),
        ("apiVersion",),
        ("metadata",),
        ("metadata", "name"),
        ("metadata", "namespace"),
    }:
        yield path
    if isinstance(value, dict | list):
        for key, below in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(below, (*path, key))


def changed(item: Object, path: Path, value: Any) -> Object:
    """Return an object with another value at a path; without it where that is None."""
    made = copy.deepcopy(item)
    inner: Any = made
    for key in path[:-1]:
        inner = inner[key]
    if value is None:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return made


def only(item: Object, path: Path) -> Object:
    """Return the manifest of one field, with all of the lists that it is in."""
    key = str(path[0])
    deeper = item[key] if isinstance(item[key], list) or len(path) == 1 else only(item[key], path[1:])
    return {key: deeper}


PATHS = {index: list(leaves(manifest)) for index, manifest in enumerate(MANIFESTS)}


@st.composite
def cases(draw: st.DrawFn) -> tuple[Object, list[tuple[str, Path, Any]], Object]:
    """What was applied, what others have done since, and what is to be applied now."""
    index = draw(st.integers(0, len(MANIFESTS) - 1))
    manifest = MANIFESTS[index]
    some = st.tuples(st.sampled_from(PATHS[index]), st.sampled_from(VALUES)).filter(
        lambda change: change[0][-1] != "name" or change[1] == "another"  # a nameless item is refused
    )
    deeds = draw(
        st.lists(
            st.tuples(st.sampled_from(["apply", "apply with force", "patch", "update ours"]), some).map(
                lambda deed: (deed[0], *deed[1])
            ),
            max_size=3,
        )
    )
    wanted = manifest
    if draw(st.booleans()):
        wanted = changed(manifest, *draw(some))
    return manifest, deeds, wanted


def do(fake: FakeCluster, manifest: Object, how: str, path: Path, value: Any) -> None:
    """Have somebody else do something to an object, if the API server lets him."""
    kind, name = Kind(manifest["kind"]), manifest["metadata"]["name"]
    theirs = only(changed(manifest, path, value) if value is not None else manifest, path)
    if how == "patch":
        fake.merge(kind, name, theirs if value is not None else _nothing_at(path, manifest))
        return
    same = {key: manifest[key] for key in ("apiVersion", "kind")}
    metadata = {**theirs.get("metadata", {}), **{key: manifest["metadata"][key] for key in ("name", "namespace")}}
    manager = MANAGER if how == "update ours" else "somebody"
    fake.apply({**theirs, **same, "metadata": metadata}, manager=manager, force=how != "apply")


def _nothing_at(path: Path, manifest: Object) -> Object:
    keys = [key for key in path if isinstance(key, str)]
    patch: Any = None
    for key in reversed(keys[: next((at for at, key in enumerate(path) if isinstance(key, int)), len(path))]):
        patch = {key: patch}
    return dict(patch or {})


@hypothesis_settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(cases())
def test_what_is_said_to_be_applied_an_apply_would_not_change(
    case: tuple[Object, list[tuple[str, Path, Any]], Object],
) -> None:
    manifest, deeds, wanted = case
    fake = cluster()
    fake.apply(manifest, manager=MANAGER)
    for how, path, value in deeds:
        try:
            do(fake, manifest, how, path, value)
        except (ApiError, AttributeError, TypeError, KeyError, ValueError) as error:
            note(f"refused: {error!r}")  # what makes no sense is refused, or no object to the fake
    live = fake.get(Kind(manifest["kind"]), manifest["metadata"]["name"])
    if is_applied(wanted, live, MANAGER):
        assert fake.apply(wanted, manager=MANAGER) == live


def test_what_was_just_applied_is_applied() -> None:
    for manifest in MANIFESTS:
        fake = cluster()
        live = fake.apply(manifest, manager=MANAGER)
        assert is_applied(manifest, live, MANAGER)
        assert not is_applied(manifest, None, MANAGER)
        gone = {**live, "metadata": {**live["metadata"], "deletionTimestamp": "2026-01-01T00:00:00Z"}}
        assert not is_applied(manifest, gone, MANAGER)


def test_a_number_is_no_truth_value() -> None:
    fake = cluster()
    manifest = changed(MANIFESTS[1], ("immutable",), True)
    live = fake.apply(manifest, manager=MANAGER)
    assert is_applied(manifest, live, MANAGER)
    assert not is_applied(changed(manifest, ("immutable",), 1), live, MANAGER)


def test_a_field_that_another_manager_has_taken_is_noticed_though_its_value_is_ours_again() -> None:
    fake = cluster()
    manifest = MANIFESTS[0]
    fake.apply(manifest, manager=MANAGER)
    name = manifest["metadata"]["name"]
    for schedule in ("1 1 1 1 1", manifest["spec"]["schedule"]):
        fake.merge(Kind.CRONJOB, name, {"spec": {"schedule": schedule}})
    live = fake.get(Kind.CRONJOB, name)
    assert live["spec"]["schedule"] == manifest["spec"]["schedule"]
    assert not is_applied(manifest, live, MANAGER)
    with_it = fake.apply(manifest, manager=MANAGER)
    assert fields_of(with_it, MANAGER) != fields_of(live, MANAGER)


@hypothesis_settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
@given(values)
def test_whatever_the_settings_a_second_deploy_changes_nothing(given: dict[str, Any]) -> None:
    settings = accepted({**given, "namespace": "ns"})
    fake = cluster()
    try:
        deploy(fake, pipeline(), settings=settings)
    except ConflictError:
        pytest.fail("a conflict with nobody")
    before = [fake.list(kind) for kind in (Kind.CRONJOB, Kind.SECRET, Kind.CONFIG_MAP)]
    fake.requests.clear()
    assert deploy(fake, pipeline(), settings=settings).action == "unchanged"
    assert [fake.list(kind) for kind in (Kind.CRONJOB, Kind.SECRET, Kind.CONFIG_MAP)] == before
