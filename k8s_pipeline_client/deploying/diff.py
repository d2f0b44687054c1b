"""Shows what a deploy would change, by server-side dry run."""

from __future__ import annotations

import copy
import difflib
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from k8s_pipeline_client.cluster.port import Cluster, Kind, Object
from k8s_pipeline_client.deploying import refusals, rename
from k8s_pipeline_client.deploying.copies import Judge
from k8s_pipeline_client.deploying.live import Live
from k8s_pipeline_client.deploying.observe import observe, observe_secrets
from k8s_pipeline_client.deploying.steps import Apply, PutToken, Retire, Suspend, changes
from k8s_pipeline_client.deploying.tokens import ensure
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.counting import counted
from k8s_pipeline_client.domain.managers import MANAGER, suspend_is_set_by_others
from k8s_pipeline_client.domain.objects import annotation, label, run_id, selector
from k8s_pipeline_client.domain.yamlout import to_yaml
from k8s_pipeline_client.render.makeup import as_configured
from k8s_pipeline_client.render.plan import Plan

_BY_THE_SERVER = ("managedFields", "resourceVersion", "generation", "uid", "creationTimestamp")


@dataclass(frozen=True, slots=True)
class Difference:
    """One object that a deploy would create or change.

    Attributes:
        text: A unified diff of YAML; Secret data and the launcher's program are shown as hashes.
        is_new: Whether it would be created.
        refused: Why a deploy would refuse to change it unless by force, as far as the dry run tells; may be empty.
    """

    kind: str
    name: str
    text: str
    is_new: bool = False
    refused: str = ""


def differences(cluster: Cluster, plan: Plan, judge: Judge, live: Live | None = None) -> Iterator[Difference]:
    """Yield what a deploy of the plan would change.

    Each step is a server-side dry run, so that defaults do not show as differences. The pipeline's earlier name, by the
    judge, would be deleted, and comes first.

    Args:
        cluster: Where it would be deployed.
        plan: The desired objects.
        judge: See `copies`.
        live: The live objects, if they have been read.
    """
    live = live or observe(cluster, plan, settle=False)
    live = live.judged(lambda old: judge(plan.pipeline, old))
    steps = changes(plan, live).steps
    cronjob, suspend = live.cronjob, live.is_suspended
    if live.cronjob is None:
        claimed = live.claimed_as(_would_be(cluster, plan.suspended_cronjob()))
        if not claimed.secrets_read:
            claimed = observe_secrets(cluster, plan, claimed)
        cronjob, suspend = claimed.cronjob, plan.suspend
        steps = [*steps, *changes(plan, claimed).steps]
    for step in steps:
        if isinstance(step, Retire):
            yield from _removed(cluster, step.cronjob, plan)
    for step in steps:
        match step:
            case Apply(manifest=manifest) if manifest["kind"] == Kind.CRONJOB:
                cronjob = _would_be(cluster, manifest)
            case Apply(manifest=manifest, before=before):
                wanted = _would_be(cluster, manifest)
                yield from _difference(before, wanted, refused=_refused(before, wanted))
            case Suspend() if not (live.cronjob and suspend_is_set_by_others(live.cronjob)):
                suspend = step.suspend
            case PutToken(manifest=manifest, before=before, again=False):
                outcome = ensure(cluster, manifest, before, dry_run=True)
                if outcome.after:
                    yield from _difference(outcome.before, outcome.after)
    if cronjob is not None:
        refused = _refused(live.cronjob, cronjob)
        if live.cronjob and refusals.is_unmarked(live.cronjob, plan):
            refused = "its annotations were removed, so it does not say whose it is"
        wanted = {**cronjob, "spec": {**cronjob["spec"], "suspend": suspend}}
        yield from _difference(live.cronjob, wanted, refused=refused)


def _removed(cluster: Cluster, old: Object, plan: Plan) -> Iterator[Difference]:
    """Yield the objects that would be deleted with an earlier name."""
    jobs = rename.runs_of(cluster, old)
    why = (
        f"# {plan.pipeline.fqn} has the id of {annotation(old, labels.FQN)}: a deploy that renames would delete this "
        f"CronJob and its {counted(len(jobs), 'run')}; any other is refused"
    )
    yield Difference(old["kind"], old["metadata"]["name"], "\n".join([why, *_deleted(old)]))
    for kind in (Kind.SECRET, Kind.CONFIG_MAP):
        for item in cluster.list(kind, labels=selector(old["metadata"]["name"])):
            yield Difference(kind, item["metadata"]["name"], "\n".join(_deleted(item)))
    for job in jobs:
        name = job["metadata"]["name"]
        yield Difference(Kind.JOB, name, f"--- live/Job/{name}\n+++ deploy/Job/{name}\n-run {run_id(job)}")


def _deleted(live: Object) -> Iterator[str]:
    title = f"{live['kind']}/{live['metadata']['name']}"
    return difflib.unified_diff(_lines(live), [], f"live/{title}", f"deploy/{title}", lineterm="")


def _would_be(cluster: Cluster, manifest: Object) -> Object:
    return cluster.apply(manifest, manager=MANAGER, force=True, dry_run=True)


def _refused(live: Object | None, wanted: Object) -> str:
    managers = refusals.others_overruled(live, wanted) if live else []
    return f"fields that it would change were set by {', '.join(managers)}" if managers else ""


def _difference(live: Object | None, wanted: Object, *, refused: str = "") -> Iterator[Difference]:
    kind, name = wanted["kind"], wanted["metadata"]["name"]
    before = _lines(live) if live else []
    title = f"{kind}/{name}"
    text = "\n".join(difflib.unified_diff(before, _lines(wanted), f"live/{title}", f"deploy/{title}", lineterm=""))
    if text:
        yield Difference(kind, name, text, is_new=live is None, refused=refused)


def _lines(item: Object) -> list[str]:
    """Return an object as lines of YAML, without server-side fields and secrets."""
    shown = copy.deepcopy(as_configured(item))
    shown.pop("status", None)
    for key in _BY_THE_SERVER:
        shown["metadata"].pop(key, None)
    if shown["kind"] == Kind.SECRET:
        shown["data"] = {key: _digest(value) for key, value in (shown.get("data") or {}).items()}
    if label(shown, labels.APP_COMPONENT) == "launcher":
        shown["data"] = {key: f"{_digest(value)} (the launcher's program)" for key, value in shown["data"].items()}
    text = to_yaml(shown, sort_keys=True)
    return text.removesuffix("\n").split("\n")  # only there, not at other separators such as U+2028 in a value


def _digest(value: str) -> str:
    return f"sha256:{hashlib.sha256(value.encode()).hexdigest()[:16]}"
