"""The writes of one deploy, in their order; a crash between any two leaves nothing unowned and nothing half-run."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from k8s_pipeline_client.client import rename
from k8s_pipeline_client.client import token as tokens
from k8s_pipeline_client.client.jobs import annotation
from k8s_pipeline_client.client.managers import MANAGER, SUSPEND_MANAGER, suspend_is_set_by_others, was_switched
from k8s_pipeline_client.client.resume import Announce, settled_deadline
from k8s_pipeline_client.client.rollback import Undo
from k8s_pipeline_client.client.run import active_runs
from k8s_pipeline_client.client.waiting import poll
from k8s_pipeline_client.cluster.port import Cluster, Kind, Object, Propagation
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.connection import why_not_newer
from k8s_pipeline_client.errors import (
    ClusterError,
    ConflictError,
    InvalidError,
    NotFoundError,
    PipelineError,
    WaitTimeoutError,
)
from k8s_pipeline_client.launcher.references import VARIABLE
from k8s_pipeline_client.render.config import TOKEN_OPTION
from k8s_pipeline_client.render.makeup import as_configured, notes, schedule_of, with_deadline
from k8s_pipeline_client.render.plan import Plan
from k8s_pipeline_client.render.token import token_inside, token_of, with_token_inside

GONE_TIMEOUT = 120.0


class Writer:
    """Server-side apply that knows of objects on their way out."""

    def __init__(self, cluster: Cluster, *, dry_run: bool, force: bool) -> None:
        """Take the cluster, and how to write to it; see `Deployer`."""
        self.cluster = cluster
        self.dry_run = dry_run
        self.force = force
        self.said: set[str] = set()
        """What was said of tokens already: many pipelines share one."""

    def apply(self, manifest: Object, *, manager: str = MANAGER, force: bool = False) -> Object:
        """Apply, and apply again once an object that is being deleted is gone.

        The API server accepts writes to an object that is on its way out, and then forgets them.
        """
        for _ in poll(GONE_TIMEOUT, longest=1.0):
            answer = self.cluster.apply(manifest, manager=manager, force=self.force or force, dry_run=self.dry_run)
            if "deletionTimestamp" not in answer["metadata"] or self.dry_run:
                return answer
        raise stuck(manifest["kind"], manifest["metadata"]["name"])


class Attempt:
    """One try at writing a pipeline.

    Every write to the CronJob after the first names its UID: an object that was deleted meanwhile is not brought
    back without what belongs to it, and one that somebody else made anew is not mistaken for it.
    """

    def __init__(
        self, writer: Writer, plan: Plan, existing: Object | None, olds: Sequence[Object], announce: Announce
    ) -> None:
        """Take what is to be, what there is, what there is under earlier names, and whom to tell what comes."""
        self._writer = writer
        self._cluster = writer.cluster
        self._plan = plan
        self._existing = existing
        self._olds = olds
        self._announce = announce
        self._uid: str | None = existing["metadata"]["uid"] if existing else None
        self._undo = Undo(writer.cluster)
        self.changed = False
        self.notes: list[str] = []

    def write(self) -> None:
        """Write everything.

        Raises:
            PipelineError: Something was refused; `overtaken` and `roll_back` tell what then.
        """
        if self._existing is None:
            self._create()
        else:
            self._update(self._existing)

    def overtaken(self, error: PipelineError) -> bool:
        """Return whether another process has made or removed the CronJob meanwhile, so that all begins anew."""
        if self._writer.dry_run or not isinstance(error, ConflictError | InvalidError):
            return False
        try:
            found: str | None = self._cluster.get(Kind.CRONJOB, self._plan.name)["metadata"]["uid"]
        except NotFoundError:
            found = None
        except ClusterError:
            return False
        return found != self._uid

    def roll_back(self, error: PipelineError) -> None:
        """Take back what was written, and add to the error what has become of it."""
        if not self._writer.dry_run:
            outcome = self._undo.roll_back(error)
            error.message = f"{error.message}; {outcome}" if outcome else error.message

    def _create(self) -> None:
        owner = self._writer.apply(self._plan.suspended_cronjob())
        self.changed = True
        self._uid = owner["metadata"]["uid"]
        self._undo.created_pipeline(owner)
        before = self._config()
        if not self._writer.dry_run:
            before = [self._removed_if_of_another(item, owner) for item in before]
        self._write_token()
        self._write_config(owner, before)
        self._retire()
        if not self._writer.dry_run:  # there is nothing to set it on
            # Ours by the write above, so nobody's will is overridden.
            self._apply_suspend(self._plan.suspend, force=True)

    def _update(self, existing: Object) -> None:
        self._write_token()
        before = self._config()
        # A pod that takes the token from a Secret can do with a document that still has it; the other way round it
        # could not. So where the token is about to leave the document, the CronJob comes first.
        token_leaves = self._plan.pipeline.token_from is not None and not _takes_token(
            existing["spec"]["jobTemplate"]["spec"]
        )
        if not token_leaves:
            self._write_config(existing, before)
        # To switch off comes first: the next write gives `suspend` up, and must not let a run slip through.
        if self._plan.suspend or self._olds:
            self._set_suspend(existing, True)
        # Under two names at once it must not run either, so that it stays suspended until the old one is gone.
        two_names = bool(self._olds) and not self._writer.dry_run
        wanted = self._plan.suspended_cronjob() if two_names else self._plan.cronjob
        # On its schedule, and with a deadline that makes up for nothing, in one write: the next one starts what is due.
        updated = self._writer.apply(self._pinned(self._with_deadline(existing, wanted)))
        if _version(updated) != _version(existing):
            self._undo.changed(existing, updated)
        self.changed |= _content(updated) != _content(existing)
        if _token_name(updated) != _token_name(existing):
            self._write_token()  # a delete of its last user may have removed it before the CronJob said that we use it
        if token_leaves:
            self._write_config(existing, before)
        self._retire()
        if not self._plan.suspend:
            self._set_suspend(existing, False, force=bool(self._olds))
        if _token_name(existing) not in ("", _token_name(updated)) and not self._writer.dry_run:
            self._leave_token(_token_name(existing))

    def _with_deadline(self, existing: Object, wanted: Object) -> Object:
        """Return the CronJob's manifest with the deadline with which it can be put on its schedule now."""
        by_others = suspend_is_set_by_others(existing) and not (self._writer.force or self._olds)
        schedule = schedule_of(wanted)
        if schedule is None or (bool(existing["spec"].get("suspend")) if by_others else self._plan.suspend):
            return wanted
        live, deadline = settled_deadline(
            self._cluster,
            existing,
            schedule,
            wanted["spec"]["startingDeadlineSeconds"],
            announce=self._announce,
            wait=not self._writer.dry_run,
        )
        found = list(notes(live, schedule, deadline))
        self.notes += found
        if deadline.starts_at_once:
            self._announce(found[0])
        return with_deadline(wanted, deadline)

    def _config(self) -> list[Object | None]:
        """Return Secret and ConfigMap as they are."""
        return [self._get(Kind.SECRET), self._get(Kind.CONFIG_MAP)]

    def _write_config(self, owner: Object, before: Sequence[Object | None]) -> None:
        secret, config_map = self._plan.owned_by(owner)
        if token := self._token_to_keep(before[0]):
            secret = with_token_inside(secret, token)
            self.notes.append(
                "a run is active that reads its token from the document, which so still holds it: deploy again once "
                "the run has ended"
            )
        for manifest, was in zip((secret, config_map), before, strict=True):
            answer = self._writer.apply(manifest)
            if was is None:
                self._undo.created(answer)
            elif _version(was) != _version(answer):
                self._undo.changed(was, answer)
            self.changed |= was is None or _content(was) != _content(answer)

    def _token_to_keep(self, live: Object | None) -> str:
        """Return the token that is to stay in the document for a run that reads it there if it is tried again."""
        there = token_inside(live) if live is not None else None
        if not there or self._plan.pipeline.token_from is None:
            return ""
        if all(_takes_token(job["spec"]) for job in active_runs(self._cluster, self._plan.name)):
            return ""
        ours = token_of(self._plan.token)
        # A reference would do for that run only: new ones do not look for any in the token's place.
        if not isinstance(there, str) or VARIABLE.search(there) or (ours and not why_not_newer(there, ours)):
            return ours
        return there

    def _write_token(self) -> None:
        if self._plan.token is None:
            return
        outcome = tokens.ensure(self._cluster, self._plan.token, dry_run=self._writer.dry_run)
        self.changed |= outcome.after is not None
        if outcome.note:
            self._say_of_tokens(outcome.note)
        if outcome.after is not None and outcome.before is None and not self._writer.dry_run:
            # One that was there stays as it is now: a newer token is right for all, whatever becomes of this deploy.
            self._undo.created_shared(outcome.after, lambda: tokens.remove_unused(self._cluster))

    def _leave_token(self, name: str) -> None:
        """Remove a token's Secret that the pipeline has used until now, unless it is still needed."""
        with suppress(ClusterError):  # the next delete looks again
            if name in tokens.remove_unused(self._cluster):
                self._say_of_tokens(
                    f"Secret {name} stays as long as runs are active that mount it; the next delete removes it"
                )

    def _say_of_tokens(self, note: str) -> None:
        if note not in self._writer.said:
            self._writer.said.add(note)
            self.notes.append(note)

    def _removed_if_of_another(self, item: Object | None, owner: Object) -> Object | None:
        """Delete what belonged to a CronJob that is gone: the garbage collector may be about to, at any moment."""
        if item is None:
            return None
        metadata = item["metadata"]
        # What somebody else's object owns is not ours to delete: then the write says what is in its way.
        earlier = [
            reference
            for reference in metadata.get("ownerReferences") or ()
            if (reference["kind"], reference["name"]) == (Kind.CRONJOB, owner["metadata"]["name"])
        ]
        if not earlier or any(reference["uid"] == owner["metadata"]["uid"] for reference in earlier):
            return item
        self._cluster.delete(Kind(item["kind"]), metadata["name"], Propagation.BACKGROUND, uid=metadata["uid"])
        return None

    def _retire(self) -> None:
        """Remove what the pipeline was under earlier names; ours is complete by now, but suspended."""
        for old in self._olds:
            runs = len(rename.runs_of(self._cluster, old))
            self.notes.append(rename.note(old, runs, dry_run=self._writer.dry_run))
        if self._writer.dry_run:
            return
        for old in self._olds:
            rename.remove_cronjob(self._cluster, old, force=self._writer.force)
            self._undo.no_way_back(
                f"CronJob {self._plan.name} is complete but suspended, and {old['metadata']['name']}, its earlier "
                "name, is deleted: deploy again to switch it on"
            )
            rename.remove_rest(self._cluster, old)

    def _set_suspend(self, existing: Object, suspend: bool, *, force: bool = False) -> None:
        try:
            answer = self._apply_suspend(suspend, force=force)
        except ConflictError as error:
            if self.overtaken(error):
                raise
            state = "suspended" if suspend else "active"
            self.notes.append(
                f"left spec.suspend as somebody else set it, though it should be {state}: {error.message}"
            )
            return
        if bool(answer["spec"].get("suspend")) != bool(existing["spec"].get("suspend")):
            self._undo.suspended(existing)
            self.changed = True
            self.notes.append(_switched(existing, suspend, on_demand=self._plan.pipeline.schedule is None))

    def _apply_suspend(self, suspend: bool, *, force: bool = False) -> Object:
        return self._writer.apply(self._pinned(self._plan.suspend_patch(suspend)), manager=SUSPEND_MANAGER, force=force)

    def _pinned(self, manifest: Object) -> Object:
        return {**manifest, "metadata": {**manifest["metadata"], "uid": self._uid}}

    def _get(self, kind: Kind) -> Object | None:
        try:
            return self._cluster.get(kind, self._plan.name)
        except NotFoundError:
            return None


def stuck(kind: str, name: str) -> WaitTimeoutError:
    """Return the error for an object that is being deleted and stays."""
    return WaitTimeoutError(
        f"{kind} {name} is being deleted and does not go",
        hint=f"look for what holds it: kubectl get {kind} {name} -o yaml, metadata.finalizers",
    )


def _switched(existing: Object, suspend: bool, *, on_demand: bool) -> str:
    """Say what has become of the schedule: on demand is not disabled, though both are suspended."""
    if not was_switched(existing):
        return "an earlier deploy was cut short before it could enable it: it is enabled now"
    if annotation(existing, labels.ON_DEMAND):
        return "ran on demand, and runs on its schedule now, as its definition says"
    if on_demand:
        return "ran on a schedule, and runs on demand now, as its definition says"
    before, after = ("enabled", "disabled") if suspend else ("disabled", "enabled")
    return f"was {before}, and is {after} now, as its definition says"


def _takes_token(job_spec: Object) -> bool:
    """Tell whether the pods of a Job put the token into the document."""
    containers = job_spec["template"]["spec"]["containers"]
    return any(TOKEN_OPTION in (container.get("args") or ()) for container in containers)


def _token_name(cronjob: Object) -> str:
    return str((cronjob["metadata"].get("labels") or {}).get(labels.TOKEN) or "")


def _version(item: Object) -> str:
    return str(item["metadata"]["resourceVersion"])


def _content(item: Object) -> dict[str, Any]:
    """Return what a definition decides; the version also changes with the status, and with who owns a field."""
    item = as_configured(item)
    metadata = {key: item["metadata"].get(key) for key in ("labels", "annotations", "ownerReferences")}
    return {**item, "metadata": metadata, "status": None}
