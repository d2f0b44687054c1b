"""The steps of a deploy as data, computed from desired and live objects. Pure.

Their order ensures that a crash between any two steps leaves no object without an owner, and no half-deployed schedule
active:

- A new CronJob is *claimed* first: created, suspended. Its UID makes it the owner of all other objects.
- What a run needs (token, Secret, ConfigMap) is written before the CronJob that uses it. If a token moves out of the
  document it is the other way round: a pod that takes its token from a Secret works with a document that still has
  it, but not vice versa.
- The CronJob is suspended before all other writes to it, and resumed last.
- A pipeline must not run under two names: the new one is complete, but suspended, when the old one is deleted.
- Unchanged objects are not written: an unchanged pipeline has no steps.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from k8s_pipeline_client.cluster.port import Object
from k8s_pipeline_client.deploying import stale
from k8s_pipeline_client.deploying.live import Live, takes_token
from k8s_pipeline_client.deploying.schedule import Wait, on_schedule
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.connection import why_not_newer
from k8s_pipeline_client.domain.managers import MANAGER, suspend_is_set_by_others, was_switched
from k8s_pipeline_client.domain.objects import annotation, is_marked_deleted, is_terminating
from k8s_pipeline_client.domain.ownership import is_applied
from k8s_pipeline_client.launcher.references import VARIABLE
from k8s_pipeline_client.render.plan import Plan
from k8s_pipeline_client.render.token import token_inside, token_of, with_token_inside

SUSPEND_PATH = ("spec", "suspend")
"""The path in a CronJob. It has a field manager of its own."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Create the CronJob, suspended; the next steps depend on the created object."""

    manifest: Object


@dataclass(frozen=True, slots=True)
class Apply:
    """Apply one object.

    Attributes:
        before: As it was read; None if it did not exist.
        is_shared: It is immutable, and shared with other pipelines.
    """

    manifest: Object
    before: Object | None
    is_shared: bool = False


@dataclass(frozen=True, slots=True)
class Suspend:
    """Set ``spec.suspend`` only, with its own field manager.

    Attributes:
        force: Take it over from another field manager. Otherwise that one's value is kept, with a note.
        of_new: The CronJob was created by this deploy.
        note: A note for people if it changes.
    """

    manifest: Object
    before: Object
    force: bool = False
    of_new: bool = False
    note: str = ""

    @property
    def suspend(self) -> bool:
        """What it is set to."""
        return bool(self.manifest["spec"]["suspend"])


@dataclass(frozen=True, slots=True)
class PutToken:
    """Write the bot's token to the shared Secret, unless that has a newer one, or another field manager.

    Attributes:
        before: As it was read; None if it did not exist.
        again: Check it again: a concurrent delete of its last user may have removed it before our CronJob referenced
            it.
    """

    manifest: Object
    before: Object | None
    again: bool = False


@dataclass(frozen=True, slots=True)
class Discard:
    """Delete an object of a former CronJob of this name, which the garbage collector may be about to delete."""

    item: Object


@dataclass(frozen=True, slots=True)
class Retire:
    """Delete the CronJob of an earlier name, in the version that was read, with its dependents."""

    cronjob: Object


@dataclass(frozen=True, slots=True)
class ReleaseToken:
    """Delete the Secret of a token that the pipeline no longer uses, if it is unused."""

    name: str


Step = Claim | Apply | Suspend | PutToken | Discard | Retire | ReleaseToken


def title_of(step: Step) -> str:
    """Return in a few words what a step does."""
    match step:
        case Claim():
            return "create CronJob, suspended"
        case Apply(manifest=manifest, before=before):
            suspended = ", suspended" if (manifest.get("spec") or {}).get("suspend") else ""
            return f"{'apply' if before else 'create'} {manifest['kind']}{suspended}"
        case Suspend(suspend=suspend):
            return "suspend" if suspend else "resume"
        case PutToken(again=again):
            return "check token" if again else "write token"
        case Discard(item=item):
            return f"delete leftover {item['kind']}"
        case Retire():
            return "delete earlier name"
        case ReleaseToken():
            return "release token"


@dataclass(frozen=True, slots=True)
class Changes:
    """The steps of a deploy, in order.

    Attributes:
        notes: Notes about the pipeline.
        shared_notes: Notes about shared objects, to report once for all pipelines.
        announcement: The note to report in advance; may be empty.
        wait: A wait before the steps, after which the live objects are read again.
    """

    steps: Sequence[Step]
    notes: Sequence[str] = ()
    shared_notes: Sequence[str] = ()
    announcement: str = ""
    wait: Wait | None = None


def changes(plan: Plan, live: Live, *, force: bool = False) -> Changes:
    """Return the steps from the live objects to the desired ones; none if they are equal.

    Args:
        plan: The desired objects.
        live: The live objects.
        force: Take over fields of others.

    Returns:
        For a new pipeline, the steps up to the claim; for the following ones, call it again with `Live.claimed_as`.
    """
    if plan.updated_at is None:
        return _changes(plan, live, force=force)
    if live.cronjob is not None and not live.claimed:
        steps = _changes(stale.with_live_marks(plan, live), live, force=force).steps
        if not any(map(_is_of_content, steps)):
            return _changes(stale.with_mark_on_config_map(plan, live), live, force=force)
    return _changes(stale.with_mark(plan), live, force=force)


def _is_of_content(step: Step) -> bool:
    """Return whether a step is about what a definition decides, and not about what pipelines share."""
    return not isinstance(step, PutToken | ReleaseToken) and not (isinstance(step, Apply) and step.is_shared)


def _changes(plan: Plan, live: Live, *, force: bool) -> Changes:
    shared = () if live.claimed else _shared(plan, live)  # before the claim it was seen to
    if live.cronjob is None:
        return Changes((*shared, Claim(plan.suspended_cronjob())))
    kept = _token_to_keep(plan, live)
    scheduled = on_schedule(plan, live, live.cronjob, force=force)
    # Shared objects are written before the claim.
    steps = (*(() if live.claimed else shared), *_steps(plan, live, live.cronjob, kept, scheduled.manifest))
    note = token_note(plan, live)
    return Changes(
        steps,
        notes=(*scheduled.notes, *((_KEPT,) if kept else ())),
        shared_notes=(note,) if note else (),
        announcement=scheduled.announcement,
        wait=scheduled.wait,
    )


_KEPT = (
    "an active run reads its token from the document, so the token is kept there: deploy again once the run has ended"
)


def shared_is_applied(plan: Plan, live: Live) -> bool:
    """Return whether the immutable shared objects exist."""
    return not _shared(plan, live)


def _shared(plan: Plan, live: Live) -> Sequence[Step]:
    return [
        Apply(manifest, before, is_shared=True)
        for manifest in plan.shared
        # Its name is a hash of its content, which is immutable: if it is there, it is right.
        if (before := live.shared.get(manifest["metadata"]["name"])) is None
        or is_terminating(before)
        or annotation(before, labels.UNUSED_SINCE)  # it is about to be removed: see `housekeeping`
    ]


def _steps(plan: Plan, live: Live, cronjob: Object, kept: str, wanted: Object) -> Iterator[Step]:
    token_leaves = plan.pipeline.token_from is not None and not live.takes_token
    two_names = bool(live.earlier)
    document, facts = plan.owned_by(cronjob)
    # The facts come first: of two deploys of the server's, they tell which is the later one. See `stale`.
    before = tuple(_config(facts, live.config_map, live, cronjob))
    settings = tuple(_config(with_token_inside(document, kept) if kept else document, live.secret, live, cronjob))
    # With anything of the pipeline its CronJob is written: only there shows that it is still the one that was seen.
    is_changed = not live.claimed and (
        bool(before or settings) or not is_applied(wanted, cronjob, MANAGER, apart_from=SUSPEND_PATH)
    )

    yield from _put_token(plan, live)
    yield from before
    if not token_leaves:
        yield from settings
    if _must_be_off(plan, live, is_changed=is_changed):
        yield Suspend(plan.suspend_patch(True), cronjob, note=_switched(plan, live, suspend=True))
    if is_changed:
        yield Apply(wanted, cronjob)
    if plan.token and _name(plan.token) != live.token_name:
        yield PutToken(plan.token, live.token, again=True)
    if token_leaves:
        yield from settings
    for old in live.earlier:
        yield Retire(old)
    is_marked = is_marked_deleted(cronjob)
    if live.claimed or is_marked or (not plan.suspend and (live.is_suspended or two_names)):
        # A claim is made under our other field manager: it has to give the field up, and nobody's will is overridden.
        ours = live.claimed or two_names or is_marked or not suspend_is_set_by_others(cronjob)
        note = _switched(plan, live, suspend=plan.suspend)
        yield Suspend(plan.suspend_patch(plan.suspend), cronjob, force=ours, of_new=live.claimed, note=note)
    if live.token_name and live.token_name != _wanted_token(plan):
        yield ReleaseToken(live.token_name)


def _must_be_off(plan: Plan, live: Live, *, is_changed: bool) -> bool:
    """Return whether to suspend the schedule before the CronJob is written, which releases `suspend`."""
    if live.claimed or not (plan.suspend or live.earlier):
        return False
    return not live.is_suspended or (is_changed and live.only_the_claim_holds_suspend)


def _config(manifest: Object, before: Object | None, live: Live, cronjob: Object) -> Iterator[Step]:
    """Yield the steps that make the Secret or the ConfigMap as planned."""
    if before is not None and live.claimed and _is_left_over(before, cronjob):
        yield Discard(before)
        before = None
    if not is_applied(manifest, before, MANAGER):
        yield Apply(manifest, before)


def _put_token(plan: Plan, live: Live) -> Iterator[Step]:
    if plan.token is None:
        return
    is_going = live.token is not None and is_terminating(live.token)
    if is_going or (token_of(live.token) != token_of(plan.token) and not token_note(plan, live)):
        yield PutToken(plan.token, live.token)


def token_note(plan: Plan, live: Live) -> str:
    """Return why the token is not written; empty if it is, or if it exists."""
    if plan.token is None:
        return ""
    current, wanted = token_of(live.token), token_of(plan.token)
    why = why_not_newer(current, wanted) if current != wanted else ""
    name = _name(plan.token)
    return f"its token was not written to Secret {name}, which holds another one: {why}" if why else ""


def _token_to_keep(plan: Plan, live: Live) -> str:
    """Return the token to keep in the document for a run that reads it there on a retry."""
    there = token_inside(live.secret) if live.secret is not None else None
    if not there or plan.pipeline.token_from is None or all(takes_token(job["spec"]) for job in live.active):
        return ""
    ours = token_of(plan.token)
    # A reference would work for that run only: new ones do not resolve references in the token's place.
    if not isinstance(there, str) or VARIABLE.search(there) or (ours and not why_not_newer(there, ours)):
        return ours
    return there


def _switched(plan: Plan, live: Live, *, suspend: bool) -> str:
    """Say what has become of the schedule: on demand is not disabled, though both are suspended."""
    if live.cronjob is not None and is_marked_deleted(live.cronjob):
        switched = "is suspended" if suspend else "is enabled"
        state = "runs on demand" if plan.pipeline.schedule is None else switched
        return f"was suspended since OpenMetadata had deleted it, and {state} now, as its definition says"
    if live.cronjob is None or not was_switched(live.cronjob):
        return "an earlier deploy was interrupted before it could enable it: it is enabled now"
    if annotation(live.cronjob, labels.ON_DEMAND):
        return "ran on demand, and runs on its schedule now, as its definition says"
    if plan.pipeline.schedule is None:
        return "ran on a schedule, and runs on demand now, as its definition says"
    before, after = ("enabled", "disabled") if suspend else ("disabled", "enabled")
    return f"was {before}, and is {after} now, as its definition says"


def _is_left_over(item: Object, cronjob: Object) -> bool:
    """Return whether an object was owned by a former CronJob of the same name only.

    Objects of other owners must not be deleted: the write then fails with the reason.
    """
    earlier = [
        reference["uid"]
        for reference in item["metadata"].get("ownerReferences") or ()
        if (reference["kind"], reference["name"]) == (cronjob["kind"], _name(cronjob))
    ]
    return bool(earlier) and cronjob["metadata"]["uid"] not in earlier


def _wanted_token(plan: Plan) -> str:
    return _name(plan.token) if plan.token else ""


def _name(item: Object) -> str:
    return str(item["metadata"]["name"])
