"""What a deploy does, as data: from what is to be and what there is, the steps in their order. Pure.

The order is such that a crash between any two steps leaves nothing without an owner, and nothing that fires
half-deployed:

- A new CronJob is *claimed* first: created, suspended. Its UID makes it the owner of all else from the first write on.
- What a run needs (token, Secret, ConfigMap) comes before the CronJob that says so. Where a token is about to leave the
  document it is the other way round: a pod that takes its token from a Secret can do with a document that still has
  it, and not the reverse.
- Switching off comes before everything else of the CronJob, switching on comes last.
- Under two names at once a pipeline must not run: the new one is complete, but suspended, when the old one goes.
- What is live already is not written: an unchanged pipeline has no steps.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from k8s_pipeline_client.cluster.port import Object
from k8s_pipeline_client.deploying.live import Live, takes_token
from k8s_pipeline_client.deploying.schedule import Wait, on_schedule
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.connection import why_not_newer
from k8s_pipeline_client.domain.managers import MANAGER, suspend_is_set_by_others, was_switched
from k8s_pipeline_client.domain.objects import annotation, is_terminating
from k8s_pipeline_client.domain.ownership import is_applied
from k8s_pipeline_client.launcher.references import VARIABLE
from k8s_pipeline_client.render.plan import Plan
from k8s_pipeline_client.render.token import token_inside, token_of, with_token_inside

SUSPEND_PATH = ("spec", "suspend")
"""Of a CronJob. Its field manager is another one than that of the rest."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Create the CronJob, suspended; the steps after it follow from what was created."""

    manifest: Object

    @property
    def title(self) -> str:
        """What it does, in a few words."""
        return "create CronJob, suspended"


@dataclass(frozen=True, slots=True)
class Apply:
    """Apply one object.

    Attributes:
        before: As it was read; None if it was not there.
        is_shared: Others may use it as well, and it never changes.
    """

    manifest: Object
    before: Object | None
    is_shared: bool = False

    @property
    def title(self) -> str:
        """What it does, in a few words."""
        suspended = ", suspended" if (self.manifest.get("spec") or {}).get("suspend") else ""
        return f"{'apply' if self.before else 'create'} {self.manifest['kind']}{suspended}"


@dataclass(frozen=True, slots=True)
class Suspend:
    """Set ``spec.suspend``, and nothing else, under the field manager that it has of its own.

    Attributes:
        force: Take it over from whoever set it. Else one that is not ours is left as it is, and that is said.
        of_new: The CronJob was created by this deploy.
        note: What a person should know if that changes anything.
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

    @property
    def title(self) -> str:
        """What it does, in a few words."""
        return "suspend" if self.suspend else "resume"


@dataclass(frozen=True, slots=True)
class PutToken:
    """Have the shared Secret hold the bot's token, unless what it holds by then is newer or somebody else's.

    Attributes:
        before: As it was read; None if it was not there.
        again: Look at it once more: a delete of its last user may have removed it before the CronJob said that we use
            it.
    """

    manifest: Object
    before: Object | None
    again: bool = False

    @property
    def title(self) -> str:
        """What it does, in a few words."""
        return "check token" if self.again else "write token"


@dataclass(frozen=True, slots=True)
class Discard:
    """Delete what belonged to an earlier CronJob of this name: the garbage collector may be about to."""

    item: Object

    @property
    def title(self) -> str:
        """What it does, in a few words."""
        return f"delete leftover {self.item['kind']}"


@dataclass(frozen=True, slots=True)
class Retire:
    """Delete the CronJob of an earlier name, in the version that was looked at, with all that belongs to it."""

    cronjob: Object

    @property
    def title(self) -> str:
        """What it does, in a few words."""
        return "delete earlier name"


@dataclass(frozen=True, slots=True)
class ReleaseToken:
    """Remove the Secret of a token that the pipeline no longer uses, if nothing else does."""

    name: str

    @property
    def title(self) -> str:
        """What it does, in a few words."""
        return "release token"


Step = Claim | Apply | Suspend | PutToken | Discard | Retire | ReleaseToken


@dataclass(frozen=True, slots=True)
class Changes:
    """The steps of a deploy, in their order.

    Attributes:
        notes: What a person should know of the pipeline.
        shared_notes: What a person should know of what it shares with others, and only once for all of them.
        announcement: That of the notes which a person should know before it happens; may be empty.
        wait: What to do before the steps: all is observed anew after that.
    """

    steps: Sequence[Step]
    notes: Sequence[str] = ()
    shared_notes: Sequence[str] = ()
    announcement: str = ""
    wait: Wait | None = None


def changes(plan: Plan, live: Live, *, force: bool = False) -> Changes:
    """Return what is to be done so that the cluster holds what is planned; no steps if it does.

    Args:
        plan: What is to be.
        live: What there is.
        force: What others have set is taken over.

    Returns:
        For a new pipeline the steps up to the claim; those that follow are asked for with `Live.claimed_as`.
    """
    shared = () if live.claimed else _shared(plan, live)  # before the claim it was seen to
    if live.cronjob is None:
        return Changes((*shared, Claim(plan.suspended_cronjob())))
    kept = _token_to_keep(plan, live)
    scheduled = on_schedule(plan, live, live.cronjob, force=force)
    # What is shared came before the claim.
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
    "a run is active that reads its token from the document, which so still holds it: deploy again once the run has "
    "ended"
)


def shared_is_applied(plan: Plan, live: Live) -> bool:
    """Return whether what the pipeline shares with others, and what never changes, is there."""
    return not _shared(plan, live)


def _shared(plan: Plan, live: Live) -> Sequence[Step]:
    return [
        Apply(manifest, before, is_shared=True)
        for manifest in plan.shared
        # Its name is a hash of its content, which is immutable: if it is there, it is right.
        if (before := live.shared.get(manifest["metadata"]["name"])) is None or is_terminating(before)
    ]


def _steps(plan: Plan, live: Live, cronjob: Object, kept: str, wanted: Object) -> Iterator[Step]:
    token_leaves = plan.pipeline.token_from is not None and not live.takes_token
    two_names = bool(live.earlier)
    settings = tuple(_config(plan, live, cronjob, kept))
    # With anything of the pipeline its CronJob is written: only there shows that it is still the one that was seen.
    is_changed = not live.claimed and (
        bool(settings) or not is_applied(wanted, cronjob, MANAGER, apart_from=SUSPEND_PATH)
    )

    yield from _put_token(plan, live)
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
    if live.claimed or (not plan.suspend and (live.is_suspended or two_names)):
        # A claim is made under our other field manager: it has to give the field up, and nobody's will is overridden.
        ours = live.claimed or two_names or not suspend_is_set_by_others(cronjob)
        note = _switched(plan, live, suspend=False)
        yield Suspend(plan.suspend_patch(plan.suspend), cronjob, force=ours, of_new=live.claimed, note=note)
    if live.token_name and live.token_name != _wanted_token(plan):
        yield ReleaseToken(live.token_name)


def _must_be_off(plan: Plan, live: Live, *, is_changed: bool) -> bool:
    """Return whether the schedule is to be switched off before the CronJob is written, which gives `suspend` up."""
    if live.claimed or not (plan.suspend or live.earlier):
        return False
    return not live.is_suspended or (is_changed and live.only_the_claim_holds_suspend)


def _config(plan: Plan, live: Live, cronjob: Object, kept: str) -> Iterator[Step]:
    """Yield what has Secret and ConfigMap be as planned."""
    secret, config_map = plan.owned_by(cronjob)
    if kept:
        secret = with_token_inside(secret, kept)
    for manifest, before in ((secret, live.secret), (config_map, live.config_map)):
        if before is not None and live.claimed and _is_left_over(before, cronjob):
            yield Discard(before)
            before = None
        if not is_applied(manifest, before, MANAGER):
            yield Apply(manifest, before)


def _put_token(plan: Plan, live: Live) -> Iterator[Step]:
    if plan.token and token_of(live.token) != token_of(plan.token) and not token_note(plan, live):
        yield PutToken(plan.token, live.token)


def token_note(plan: Plan, live: Live) -> str:
    """Return why the token is not written; empty if it is, or is there."""
    if plan.token is None:
        return ""
    current, wanted = token_of(live.token), token_of(plan.token)
    why = why_not_newer(current, wanted) if current != wanted else ""
    name = _name(plan.token)
    return f"its token was not written to Secret {name}, which holds another one: {why}" if why else ""


def _token_to_keep(plan: Plan, live: Live) -> str:
    """Return the token that is to stay in the document for a run that reads it there if it is tried again."""
    there = token_inside(live.secret) if live.secret is not None else None
    if not there or plan.pipeline.token_from is None or all(takes_token(job["spec"]) for job in live.active):
        return ""
    ours = token_of(plan.token)
    # A reference would do for that run only: new ones do not look for any in the token's place.
    if not isinstance(there, str) or VARIABLE.search(there) or (ours and not why_not_newer(there, ours)):
        return ours
    return there


def _switched(plan: Plan, live: Live, *, suspend: bool) -> str:
    """Say what has become of the schedule: on demand is not disabled, though both are suspended."""
    if live.cronjob is None or not was_switched(live.cronjob):
        return "an earlier deploy was cut short before it could enable it: it is enabled now"
    if annotation(live.cronjob, labels.ON_DEMAND):
        return "ran on demand, and runs on its schedule now, as its definition says"
    if plan.pipeline.schedule is None:
        return "ran on a schedule, and runs on demand now, as its definition says"
    before, after = ("enabled", "disabled") if suspend else ("disabled", "enabled")
    return f"was {before}, and is {after} now, as its definition says"


def _is_left_over(item: Object, cronjob: Object) -> bool:
    """Return whether an object belonged to an earlier CronJob of the same name, and to nobody else.

    What somebody else's object owns is not ours to delete: then the write says what is in its way.
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
