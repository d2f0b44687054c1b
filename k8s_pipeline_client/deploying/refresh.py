"""Renders what is deployed again: with another image, other settings, or another version of this program.

Of a pipeline that the OpenMetadata server has deployed its Secret keeps what it was rendered from (`domain.kept`). All
are compared by lists, page by page, and the few that differ are deployed one after the other.

**Never back.** What is rendered is what was deployed at one moment. The deploy of something else meanwhile wins: each
write is pinned to what was read, and after a conflict, as before the first write, what is kept, the mark, the content's
hash and the switch have to be those that were read. Else nothing is written; whoever has changed them has rendered it.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from k8s_pipeline_client.cluster.port import SMALL_PAGE, Cluster, Kind, Object
from k8s_pipeline_client.deploying.deploy import Action, Deployer
from k8s_pipeline_client.deploying.deployed import Deployed
from k8s_pipeline_client.deploying.live import Live, token_name
from k8s_pipeline_client.deploying.stale import mark_of
from k8s_pipeline_client.domain import kept, labels
from k8s_pipeline_client.domain.objects import annotation, is_marked_deleted, is_terminating
from k8s_pipeline_client.domain.pipeline import Pipeline, from_entity
from k8s_pipeline_client.domain.source import Source
from k8s_pipeline_client.errors import DefinitionError, PipelineError
from k8s_pipeline_client.inventory.lookup import get_or_none
from k8s_pipeline_client.launcher.token import token_in
from k8s_pipeline_client.render.config import DOCUMENT_KEY, definition_in
from k8s_pipeline_client.render.plan import Plan, plan
from k8s_pipeline_client.render.token import token_of
from k8s_pipeline_client.settings import Settings
from k8s_pipeline_client.version import __version__

PACE = 0.5
"""Seconds between two deploys: an upgrade of 3,000 pipelines takes half an hour, and nobody waits for it."""
_KINDS = (Kind.CRONJOB, Kind.CONFIG_MAP, Kind.SECRET)
_MOST_CHANGES = 3


@dataclass(slots=True)
class Refresh:
    """What became of a refresh; all by resource name.

    Attributes:
        unchanged: How many are as they would be rendered now.
        updated: Those that were deployed.
        left: Those of which no definition is kept: a deploy of theirs keeps it.
        overtaken: Those that somebody else changes at this moment.
        failed: Why others could not be rendered or deployed.
    """

    unchanged: int = 0
    updated: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    overtaken: list[str] = field(default_factory=list)
    failed: dict[str, PipelineError] = field(default_factory=dict)


def refresh(
    cluster: Cluster,
    settings: Settings,
    selector: Callable[[str], str],
    *,
    pace: float = PACE,
    stop: threading.Event | None = None,
) -> Refresh:
    """Deploy those pipelines again that would be rendered otherwise now.

    Args:
        cluster: Where.
        settings: With which they are rendered.
        selector: Returns the selector for a label, within the instance if one is set.
        pace: Seconds between two deploys.
        stop: Ends it after the deploy that is being made.

    Raises:
        ClusterError: The lists could not be read.
    """
    found, stop = Refresh(), stop or threading.Event()
    for name in _differing(cluster, settings, selector, found):
        if stop.is_set():
            break
        try:
            _again(cluster, settings, name, found)
        except PipelineError as error:
            found.failed[name] = error
        stop.wait(pace)
    return found


def _differing(cluster: Cluster, settings: Settings, selector: Callable[[str], str], found: Refresh) -> list[str]:
    """Return those that differ; of thousands of documents one page is in memory at a time."""
    deployed = Deployed()
    for kind in _KINDS:
        asked = selector(labels.PIPELINE) if kind is Kind.CRONJOB else labels.LOOKUP_KEY
        for page in cluster.pages(kind, labels=asked, restart=partial(deployed.forget, kind), size=SMALL_PAGE):
            deployed.add(kind, page)
    names: dict[str, None] = {}
    left: dict[str, None] = {}
    unchanged: set[str] = set()
    own = selector(f"{labels.LOOKUP_KEY},{labels.PIPELINE}")
    for page in cluster.pages(Kind.SECRET, labels=own, restart=_nothing, size=SMALL_PAGE):
        for secret in page:
            name = str(secret["metadata"]["name"])
            cronjob = deployed.cronjobs.get(name)
            if cronjob is None or cronjob.source != Source.SERVER:
                continue
            if cronjob.is_terminating or cronjob.is_marked_deleted:
                continue
            if not definition_in(secret):
                left[name] = None
                continue
            config_map = deployed.config_maps.get(name)
            mark = config_map.updated_at if config_map else None
            token = deployed.shared.get((Kind.SECRET, cronjob.token))
            try:
                wanted = _planned(secret, token, settings, is_suspended=cronjob.is_suspended, mark=mark)
            except PipelineError as error:
                found.failed[name] = error
                continue
            if deployed.is_as_planned(wanted):
                unchanged.add(name)
            else:
                names[name] = None
    found.unchanged, found.left = len(unchanged), list(left)
    return list(names)


def _again(cluster: Cluster, settings: Settings, name: str, found: Refresh) -> None:
    """Deploy one, as it is at this moment."""
    for _ in range(_MOST_CHANGES):
        cronjob = get_or_none(cluster, Kind.CRONJOB, name)
        if cronjob is None or is_terminating(cronjob) or is_marked_deleted(cronjob):
            return
        if annotation(cronjob, labels.MANAGED_BY_SOURCE) != Source.SERVER or _is_of_later_version(cronjob):
            return
        config_map, secret = get_or_none(cluster, Kind.CONFIG_MAP, name), get_or_none(cluster, Kind.SECRET, name)
        if secret is None or not definition_in(secret):
            return
        named = token_name(cronjob)
        token = get_or_none(cluster, Kind.SECRET, named) if named else None
        live = Live(cronjob=cronjob, config_map=config_map, secret=secret)
        wanted = _planned(secret, token, settings, is_suspended=live.is_suspended, mark=mark_of(config_map))
        deployer = Deployer(cluster, expected=partial(_why_not, live))
        done = deployer.deploy(wanted, lambda _pipeline, _old: False)
        if done.action is Action.UPDATED:
            found.updated.append(name)
        elif done.action is not Action.IGNORED:
            found.unchanged += 1
        if done.action is not Action.IGNORED:
            return
    found.overtaken.append(name)


def _planned(secret: Object, token: Object | None, settings: Settings, *, is_suspended: bool, mark: int | None) -> Plan:
    name = secret["metadata"]["name"]
    entity, service, instance, with_connection = kept.read(
        definition_in(secret), token_of(token) or _token_inside(secret), f"Secret {name}"
    )
    pipeline: Pipeline = from_entity(
        entity,
        service,
        f"Secret {name}",
        now=datetime.now(UTC),
        instance=instance,
        with_connection=with_connection,
    )
    if pipeline.resource_name != name:
        raise DefinitionError(f"Secret {name}: the stored definition is another pipeline's", hint="deploy it")
    pipeline = replace(pipeline, enabled=not is_suspended, updated_at=mark)
    return plan(pipeline, settings, source=Source.SERVER)


def _token_inside(secret: Object) -> str:
    """Return the token that could not be taken out of the document; empty where it is elsewhere."""
    try:
        found = token_in(json.loads(base64.b64decode(secret["data"][DOCUMENT_KEY])))
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError):
        return ""
    return found if isinstance(found, str) else ""


def _why_not(read: Live, wanted: Plan, live: Live) -> str:
    """Return why a plan is of the past by now; empty if what is there is what was read, or of our own writing."""
    if read.uid != live.uid or live.cronjob is None or is_marked_deleted(live.cronjob):
        return "it was deleted, or marked so, meanwhile"
    if live.is_suspended != read.is_suspended:
        return "it was switched meanwhile"
    same = all(of(live) in (of(read), ours) for of, ours in _facts(wanted))
    return "" if same else "it was deployed meanwhile"


def _facts(wanted: Plan) -> Iterator[tuple[Callable[[Live], Any], Any]]:
    yield lambda item: definition_in(item.secret), definition_in(wanted.secret)
    yield lambda item: mark_of(item.config_map), wanted.updated_at
    ours = annotation(wanted.config_map, labels.CONTENT_HASH)
    yield lambda item: annotation(item.config_map, labels.CONTENT_HASH) if item.config_map else "", ours


def _is_of_later_version(cronjob: Object) -> bool:
    """Return whether a later version of this program has rendered it: while one replaces another, both run."""
    return _numbers(annotation(cronjob, labels.CLIENT_VERSION)) > _numbers(__version__)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdecimal())


def _nothing() -> None:
    """Keep what was read: names are noted once."""
