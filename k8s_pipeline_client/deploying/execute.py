"""Executes the steps of a deploy; their order is decided in `steps`."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Any

from k8s_pipeline_client.cluster.port import Cluster, Kind, Object, Propagation
from k8s_pipeline_client.deploying import rename, tokens
from k8s_pipeline_client.deploying.acceptance import Accepted, unasked
from k8s_pipeline_client.deploying.live import Live
from k8s_pipeline_client.deploying.notes import SharedNotes
from k8s_pipeline_client.deploying.progress import Progress
from k8s_pipeline_client.deploying.stale import without_mark
from k8s_pipeline_client.deploying.steps import (
    Apply,
    Changes,
    Claim,
    Discard,
    PutToken,
    ReleaseToken,
    Retire,
    Step,
    Suspend,
    title_of,
)
from k8s_pipeline_client.deploying.terminating import stuck
from k8s_pipeline_client.deploying.undo import Key, by_key, key_of, undo_of
from k8s_pipeline_client.domain.managers import MANAGER, SUSPEND_MANAGER
from k8s_pipeline_client.domain.objects import is_marked_deleted, is_terminating, pinned
from k8s_pipeline_client.domain.ownership import is_applied
from k8s_pipeline_client.errors import (
    ConflictError,
    InvalidError,
    NotFoundError,
    PipelineError,
)
from k8s_pipeline_client.inventory.lookup import get_or_none
from k8s_pipeline_client.polling import poll
from k8s_pipeline_client.render.makeup import as_configured

_LOG = logging.getLogger(__name__)

GONE_TIMEOUT = 120.0


class Execution:
    """The execution of one attempt's steps.

    Attributes:
        notes: Notes for people about this attempt; those about what was done are in the deploy's `Progress`.
    """

    def __init__(
        self,
        cluster: Cluster,
        live: Live,
        progress: Progress,
        *,
        dry_run: bool,
        force: bool,
        shared_notes: SharedNotes,
        pin_new: bool = False,
        accepted: Accepted = unasked,
    ) -> None:
        """Take the cluster, and how to write to it.

        Args:
            cluster: The cluster.
            live: The live objects: one that has changed since is not overwritten.
            progress: What the deploy has done so far.
            dry_run: Server-side dry run.
            force: Take over fields that another field manager owns.
            shared_notes: Knows which notes about shared objects have been reported.
            pin_new: Create what did not exist only if it still does not exist.
            accepted: See `tokens.ensure`.
        """
        self._cluster = cluster
        self._dry_run = dry_run
        self._force = force
        self._progress = progress
        self._seen = by_key(live.cronjob, live.secret, live.config_map)
        self._writing: Object | None = None
        self._applied: list[Key] = []
        # Of a first attempt the pinned write of the CronJob suffices: objects that it found unchanged are not written
        # by others without a new version of the CronJob. After a conflict they may be, by a deploy that started again.
        self._unwritten = set(self._seen) if progress.attempts > 1 else set()
        self._shared_notes = shared_notes
        self._pin_new = pin_new
        self._accepted = accepted
        self.notes: list[str] = []

    def claim(self, changes: Changes) -> Object:
        """Execute the steps up to the creation of a new CronJob, and return it."""
        for step in changes.steps:
            self._carry_out(step)
        return self._seen[str(Kind.CRONJOB), self._progress.name]

    def run(self, changes: Changes) -> None:
        """Execute all steps."""
        self.notes += changes.notes
        for note in changes.shared_notes:
            self._note_shared(note)
        for step in changes.steps:
            self._carry_out(step)

    def saw(self, live: Live) -> None:
        """Take the live objects that were read again."""
        self._seen |= by_key(live.secret, live.config_map)

    def overtaken(self, error: PipelineError) -> bool:
        """Return whether an error means that an object has been changed, created or deleted concurrently.

        A conflict may also be one with another field manager, which retries do not resolve.
        """
        if self._dry_run or self._writing is None or not isinstance(error, ConflictError | InvalidError):
            return False
        kind, name = key_of(self._writing)
        try:
            found = get_or_none(self._cluster, Kind(kind), name)
        except PipelineError:
            return False
        return _state(found) != _state(self._seen.get((kind, name)))

    def is_whole(self) -> bool:
        """Return whether the pipeline's objects are all as this deploy left them, or all overwritten by a later one.

        A concurrent deploy of the previous version does not change the resourceVersion of objects that are already so:
        our writes then have no conflict, and a mix of both deploys could remain.
        """
        if not self._applied:
            return True
        *earlier, last = self._applied
        unwritten = [key for key in self._unwritten if key in self._seen and key not in self._applied]
        return all(map(self._stays, [*earlier, *unwritten])) or not self._stays(last)

    def _stays(self, key: Key) -> bool:
        kind, name = key
        try:
            return _content(self._cluster.get(Kind(kind), name)) == _content(self._seen[key])
        except NotFoundError:
            return False
        except PipelineError:
            return True  # everything is written: a failed read is no reason for a rollback

    def _write(
        self, manifest: Object, *, manager: str = MANAGER, force: bool = False, is_shared: bool = False
    ) -> Object:
        """Apply a manifest to the object that was seen, in the version in which it was seen."""
        self._writing = manifest
        seen = self._seen.get(key_of(manifest))
        if not self._dry_run and (seen is not None or (self._pin_new and not is_shared)):
            manifest = pinned(manifest, seen)
        written = apply(self._cluster, manifest, manager=manager, force=force or self._force, dry_run=self._dry_run)
        self._seen[key_of(manifest)] = written
        return written

    def _create(self, manifest: Object) -> Object:
        """Apply a manifest of an object that must not exist yet.

        A retry of a request whose response was lost finds the object that it has created.
        """
        if self._dry_run:
            return self._write(manifest)
        self._writing = manifest
        try:
            created = apply(self._cluster, pinned(manifest, None))
        except ConflictError:
            found = get_or_none(self._cluster, Kind(manifest["kind"]), manifest["metadata"]["name"])
            if found is None or not is_applied(manifest, found, MANAGER):
                raise
            created = found
        self._seen[key_of(manifest)] = created
        return created

    def _carry_out(self, step: Step) -> None:
        _LOG.info("%s: %s%s", _subject(step), title_of(step), " (dry run)" if self._dry_run else "")
        written = self._done(step)
        undo = undo_of(step, written)
        if written is not None and not self._dry_run:
            self._progress.wrote(written, undo)

    def _done(self, step: Step) -> Object | None:
        match step:
            case Claim(manifest=manifest):
                created = self._create(manifest)
                self._progress.changed = self._progress.created = True
                return created
            case Apply():
                return self._apply(step)
            case Suspend():
                return self._suspend(step)
            case PutToken():
                return self._put_token(step)
            case Discard(item=item) if not self._dry_run:
                metadata = item["metadata"]
                kind = Kind(item["kind"])
                self._cluster.delete(kind, metadata["name"], Propagation.BACKGROUND, uid=metadata["uid"])
                self._seen.pop(key_of(item), None)
            case Retire(cronjob=cronjob):
                self._retire(cronjob)
            case ReleaseToken(name=name) if not self._dry_run:
                self._release(name)
        return None

    def _apply(self, step: Apply) -> Object:
        written = self._write(step.manifest, is_shared=step.is_shared)
        # A new launcher is not a change of the pipeline.
        if not step.is_shared:
            if not self._dry_run:
                self._applied.append(key_of(written))
            self._progress.changed |= step.before is None or _content(step.before) != _content(written)
        return written

    def _suspend(self, step: Suspend) -> Object | None:
        was = bool(step.before["spec"].get("suspend"))
        if self._dry_run and step.of_new:
            return None  # there is no object
        try:
            written = self._write(step.manifest, manager=SUSPEND_MANAGER, force=step.force)
        except ConflictError as error:
            if error.code != "FieldConflict" or self.overtaken(error):
                raise
            state = "suspended" if step.suspend else "active"
            self.notes.append(
                f"kept spec.suspend as another field manager set it, although it should be {state}: {error.message}"
            )
            return None
        if (was != step.suspend or is_marked_deleted(step.before)) and not self._progress.created:
            self._progress.changed = True
            self._progress.note(step.note)
        return written

    def _put_token(self, step: PutToken) -> Object | None:
        live = tokens.read(self._cluster, step.manifest["metadata"]["name"]) if step.again else step.before
        outcome = tokens.ensure(self._cluster, step.manifest, live, dry_run=self._dry_run, accepted=self._accepted)
        self._progress.changed |= outcome.after is not None
        self._note_shared(outcome.note)
        return outcome.after if outcome.before is None else None

    def _retire(self, old: Object) -> None:
        note = rename.note(old, len(rename.runs_of(self._cluster, old)), dry_run=self._dry_run)
        if not self._dry_run:
            rename.remove_cronjob(self._cluster, old, force=self._force)
            self._progress.retired(
                f"the CronJob is complete but suspended, and {old['metadata']['name']}, its earlier name, is deleted: "
                "deploy again to switch it on"
            )
        self._progress.renamed = True
        self._progress.note(note)
        if not self._dry_run:
            rename.remove_rest(self._cluster, old)

    def _release(self, name: str) -> None:
        with suppress(PipelineError):  # the next delete checks again
            if name in tokens.remove_unused(self._cluster):
                self._note_shared(f"Secret {name} is kept while active runs mount it; the next delete removes it")

    def _note_shared(self, note: str) -> None:
        if self._shared_notes.first(note):
            self._progress.note(note)


def apply(
    cluster: Cluster, manifest: Object, *, manager: str = MANAGER, force: bool = False, dry_run: bool = False
) -> Object:
    """Apply; if the object is terminating, apply again once it is gone.

    The API server accepts writes to a terminating object, which are lost then.
    """
    answer = manifest
    for _ in poll(GONE_TIMEOUT, longest=1.0):
        answer = cluster.apply(manifest, manager=manager, force=force, dry_run=dry_run)
        if not is_terminating(answer) or dry_run:
            return answer
    raise stuck(answer)


def _subject(step: Step) -> str:
    """Return the name of the object that a step is about."""
    match step:
        case Discard(item=item) | Retire(cronjob=item):
            return str(item["metadata"]["name"])
        case ReleaseToken(name=name):
            return name
        case _:
            return str(step.manifest["metadata"]["name"])


def _state(item: Object | None) -> tuple[str, str] | None:
    return (item["metadata"]["uid"], item["metadata"]["resourceVersion"]) if item else None


def _content(item: Object) -> dict[str, Any]:
    """Return what a definition decides; the version also changes with the status, and with who owns a field."""
    item = without_mark(as_configured(item))
    metadata = {key: item["metadata"].get(key) for key in ("labels", "annotations", "ownerReferences")}
    return {**item, "metadata": metadata, "status": None}
