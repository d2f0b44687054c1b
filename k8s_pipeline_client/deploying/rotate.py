"""Rotates a bot's token: one write, for all next runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from k8s_pipeline_client.cluster.port import Cluster, Kind, Object
from k8s_pipeline_client.deploying import acceptance, tokens
from k8s_pipeline_client.domain import labels, naming
from k8s_pipeline_client.domain.connection import Claims, claims_of
from k8s_pipeline_client.domain.counting import counted
from k8s_pipeline_client.domain.objects import annotation, by_namespace, is_terminating
from k8s_pipeline_client.domain.rfc3339 import rfc3339
from k8s_pipeline_client.errors import ConflictError, InputError, UnknownNameError
from k8s_pipeline_client.polling import poll
from k8s_pipeline_client.render.token import next_token_of, token_of, token_secret

_TIMEOUT = 60.0
_ASK_EVERY = 5.0
WAIT_SECONDS = acceptance.SETTLES_AFTER.total_seconds()


class RotateAction(StrEnum):
    """The result of a rotation."""

    ROTATED = "rotated"
    UNCHANGED = "unchanged"
    WAITING = "waiting"
    """OpenMetadata does not accept it yet; see `acceptance`."""


@dataclass(frozen=True, slots=True)
class Rotation:
    """A rotated token.

    Attributes:
        secret: The name of the Secret that holds it.
        instance: The OpenMetadata instance, as its label has it.
        bot: Whose token it is; empty if unknown.
        issued_at: None if unknown.
        expires_at: None if it does not expire.
        pipelines: The number of pipelines that use it, from their next runs on.
        action: The action.
    """

    secret: str
    instance: str
    bot: str
    issued_at: datetime | None
    expires_at: datetime | None
    pipelines: int
    action: RotateAction


@dataclass(frozen=True, slots=True)
class Token:
    """A bot's token in its Secret.

    Attributes:
        secret: The Secret.
        instance: The OpenMetadata instance, as its label has it.
        bot: Whose it is; None where nothing says.
        issued_at: None where it does not say, or the Secret is missing.
        expires_at: None where it does not expire, or nothing says.
        pipelines: How many use it.
        namespace: The Secret's; empty where it is not known.
    """

    secret: str
    instance: str
    bot: str | None
    issued_at: datetime | None
    expires_at: datetime | None
    pipelines: int
    namespace: str = ""


@dataclass(frozen=True, slots=True)
class _Place:
    """A Secret with a token, or a missing one that pipelines use."""

    name: str
    instance: str
    secret: Object | None
    users: Sequence[Object]

    @property
    def bot(self) -> str:
        return tokens.bot_of_secret(self.secret)

    def is_for(self, bot: str) -> bool:
        """Return whether it is a bot's: by its token, else by its name."""
        return bot == self.bot or self.name == naming.token_secret_name(instance=self.instance, bot=bot)


def rotate(
    cluster: Cluster,
    token: str,
    *,
    selector: str,
    name: str | None = None,
    force: bool = False,
    only_newer: bool = False,
    accepted: acceptance.Accepted = acceptance.unasked,
    timeout: float = 0.0,
    announce: Callable[[str], None] = lambda text: None,
) -> Rotation:
    """Write a token to the Secret of its bot.

    Args:
        cluster: The cluster.
        token: The new token.
        selector: The label selector of the instance.
        name: The Secret; found by the token's bot if None.
        force: Also a token of another bot, or one that is over or names no bot; also against another field manager,
            and before it is accepted.
        only_newer: Refuse a token that was issued before the one that is there.
        accepted: Asked whether OpenMetadata takes it.
        timeout: Seconds to wait until it does.
        announce: Called before the wait.

    Raises:
        InputError: The token cannot be used by the pipelines, and ``force`` is not set.
        UnknownNameError: There is no such Secret, or more than one.
        ConflictError: Another field manager writes the Secret, and ``force`` is not set.
    """
    places = _places(cluster, selector)
    claims = claims_of(token)
    if not force:
        _refuse_useless(claims, cluster.now())
    place = _chosen(places, claims.bot, name, force=force, namespace=cluster.namespace)
    if not force and place.bot and not place.is_for(claims.bot):
        raise InputError(
            f"the token is for {claims.bot!r}, but Secret {place.name} has that of {place.bot!r}",
            code="TokenOfAnotherBot",
            facts={"bot": claims.bot, "secret": place.name, "bot_of_secret": place.bot},
            hint="give a token of that bot, or use force to make the pipelines log in as another one",
        )
    if only_newer and not force:
        _refuse_older(place, claims)
    server = annotation(place.secret, labels.SERVER) if place.secret else ""
    manifest = token_secret(token, place.name, place.instance, cluster.namespace, server=server)
    action = _written(cluster, manifest, force=force, accepted=accepted)
    if action is RotateAction.WAITING and timeout:
        announce(f"OpenMetadata does not accept it yet: waiting for {timeout:.0f} s at most; the old one keeps working")
        for _ in poll(timeout, first=1.0, longest=_ASK_EVERY):
            action = _written(cluster, manifest, force=force, accepted=accepted)
            if action is not RotateAction.WAITING:
                break
    return Rotation(
        place.name, place.instance, claims.bot, claims.issued_at, claims.expires_at, len(place.users), action
    )


def _written(cluster: Cluster, manifest: Object, *, force: bool, accepted: acceptance.Accepted) -> RotateAction:
    name, live = manifest["metadata"]["name"], None
    for elapsed in poll(_TIMEOUT, longest=1.0):
        live = tokens.read(cluster, name)
        if live is not None and is_terminating(live):
            continue
        if token_of(live) == token_of(manifest):
            return RotateAction.UNCHANGED
        has_place = live is not None and acceptance.is_ours(live) and not force
        waits = has_place and acceptance.has_to_wait(manifest, live, accepted, cluster.now())
        if waits and next_token_of(live) == token_of(manifest):
            return RotateAction.WAITING
        try:
            wanted = acceptance.with_waiting(live, manifest) if waits and live is not None else manifest
            tokens.write(cluster, live, wanted, force=force)
        except ConflictError:
            if elapsed >= _TIMEOUT or not tokens.changed_since(cluster, name, live):
                raise
        else:
            return RotateAction.WAITING if waits else RotateAction.ROTATED
    raise tokens.unsettled(name, live)


def _refuse_older(place: _Place, claims: Claims) -> None:
    """Refuse a token that was issued before the one in force, or the one that waits to be."""
    there = [claims_of(held(place.secret)).issued_at for held in (token_of, next_token_of)]
    newest = max((issued_at for issued_at in there if issued_at is not None), default=None)
    if newest is None or (claims.issued_at is not None and newest <= claims.issued_at):
        return
    if claims.issued_at is None:
        what = f"the token does not say when it was issued; the one in Secret {place.name} was on {rfc3339(newest)}"
    else:
        what = f"the token was issued on {rfc3339(claims.issued_at)}, before the one in Secret {place.name}, "
        what += f"on {rfc3339(newest)}"
    raise InputError(
        what,
        code="TokenOlder",
        facts={"secret": place.name, "bot": claims.bot},
        hint="give the new token, or use force to go back to this one",
    )


def _refuse_useless(claims: Claims, now: datetime) -> None:
    if not claims.bot:
        raise InputError(
            "the token does not name its bot: it is not a JWT with a sub claim",
            code="TokenWithoutBot",
            hint="copy it whole, as OpenMetadata shows it: Settings, Bots; or write it as it is by force",
        )
    if claims.expires_at is not None and claims.expires_at <= now:
        raise InputError(
            f"the token of {claims.bot!r} expired on {claims.expires_at:%Y-%m-%d}",
            code="TokenExpired",
            facts={"bot": claims.bot, "expired_at": claims.expires_at.isoformat()},
            hint="create a new one in OpenMetadata: Settings, Bots",
        )


def tokens_in_use(cluster: Cluster, *, selector: str) -> list[Token]:
    """Return the tokens that pipelines use, by the names of their Secrets."""
    return [_token(place, cluster.namespace) for place in _places(cluster, selector)]


def tokens_everywhere(cluster: Cluster, *, selector: str) -> list[Token]:
    """Return what `tokens_in_use` does of all namespaces, by their names; in as many requests as for one.

    A Secret that lacks the label counts as missing.
    """
    secrets, users = (by_namespace(cluster.list(kind, labels=selector)) for kind in (Kind.SECRET, Kind.CRONJOB))
    return [
        _token(place, namespace)
        for namespace in sorted({*secrets, *users})
        for place in _placed(secrets.get(namespace, ()), users.get(namespace, ()), lambda name: None)
    ]


def _token(place: _Place, namespace: str) -> Token:
    claims = claims_of(token_of(place.secret))
    bot = (claims.bot or place.bot) or None
    return Token(
        place.name, place.instance, bot, claims.issued_at, claims.expires_at, len(place.users), namespace=namespace
    )


def _places(cluster: Cluster, selector: str) -> list[_Place]:
    secrets = cluster.list(Kind.SECRET, labels=selector)
    return _placed(secrets, cluster.list(Kind.CRONJOB, labels=selector), lambda name: tokens.read(cluster, name))


def _placed(
    found_secrets: Sequence[Object], cronjobs: Sequence[Object], read: Callable[[str], Object | None]
) -> list[_Place]:
    secrets = {item["metadata"]["name"]: item for item in found_secrets}
    users: dict[str, list[Object]] = {}
    for item in cronjobs:
        users.setdefault(item["metadata"]["labels"][labels.TOKEN], []).append(item)
    found = []
    for name in sorted({*secrets, *users}):
        secret = secrets.get(name) or read(name)
        one = secrets.get(name) or users[name][0]
        instance = one["metadata"]["labels"].get(labels.INSTANCE, "")
        found.append(_Place(name, instance, secret, users.get(name, ())))
    return found


def _chosen(places: Sequence[_Place], bot: str, name: str | None, *, force: bool, namespace: str) -> _Place:
    known = ", ".join(
        f"{place.name} ({place.bot or 'no token'}, {counted(len(place.users), 'pipeline')})" for place in places
    )
    if not places:
        raise UnknownNameError(
            f"no pipeline in namespace {namespace} uses a token Secret of this program",
            hint="deploy first: a deploy moves the token to a Secret of its own",
        )
    if name is not None:
        fitting = [place for place in places if place.name == name]
    else:
        fitting = [place for place in places if place.is_for(bot)] or (list(places) if force else [])
    if len(fitting) == 1:
        return fitting[0]
    if not fitting and name is None:
        raise InputError(
            f"the token is for {bot!r}, but the pipelines in namespace {namespace} use others: {known}",
            code="TokenOfOtherBots",
            facts={"bot": bot, "namespace": namespace, "secrets": tuple(place.name for place in places)},
            hint="give a token of their bot; or name a Secret, and use force to make them log in as another bot",
        )
    what = f"Secrets with tokens are named {name!r}" if name else "Secrets have a token that it could replace"
    raise UnknownNameError(
        f"{len(fitting) or 'no'} {what} in namespace {namespace}: {known}",
        code="TokenSecretNotFound" if not fitting else "TokenSecretAmbiguous",
        facts={"secrets": tuple(place.name for place in places), "namespace": namespace},
        hint="name one of the Secrets, or the OpenMetadata instance with the setting instance",
    )
