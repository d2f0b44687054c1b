"""When a bot's new token may take the place of its old one.

For about two minutes after OpenMetadata has made a bot a new token it refuses that one, and takes the old one; then it
is the other way round. So a new token waits under a second key of its Secret, which no pod reads, until it is accepted.

**The rule.** OpenMetadata is asked, where somebody can: its word decides. Where it cannot be asked, a token is taken to
be accepted three minutes after it was issued, by its own `iat` and the API server's clock. Where nothing is lost (there
is no token, or the one that is there has expired), the new one is put in force at once.

Who puts it in force: the reporter in each of its passes (`promote_tokens`); else the next deploy that brings it, or
`rotate-token`, which waits for it.
"""

from __future__ import annotations

import math
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from k8s_pipeline_client.cluster.port import Cluster, Kind, Object
from k8s_pipeline_client.domain import labels
from k8s_pipeline_client.domain.connection import claims_of, why_not_newer
from k8s_pipeline_client.domain.managers import MANAGER
from k8s_pipeline_client.domain.objects import annotation, is_terminating, label, pinned
from k8s_pipeline_client.domain.ownership import fields_of, part
from k8s_pipeline_client.errors import ConflictError
from k8s_pipeline_client.render.token import next_token_of, token_of, token_secret, with_next_token

Accepted = Callable[[str, str], bool | None]
"""Told of an OpenMetadata's address, as runs have it (may be empty), and of a token, returns whether that is accepted;
None where OpenMetadata cannot be asked. One GET, such as of one pipeline; threads call it."""

SETTLES_AFTER = timedelta(minutes=3)
_REMEMBERED = 5.0


@dataclass(frozen=True, slots=True)
class Promotion:
    """What became of a token that was waiting.

    Attributes:
        secret: The name of its Secret.
        bot: Whose it is.
        is_promoted: Whether it is in force now; else it goes on waiting.
    """

    secret: str
    bot: str
    is_promoted: bool


def unasked(_server: str, _token: str) -> None:
    """Say that OpenMetadata cannot be asked."""


def remembered(accepted: Accepted) -> Accepted:
    """Return one that asks once in a few seconds, however many pipelines and threads have the same token."""
    known: dict[tuple[str, str], tuple[float, bool | None]] = {}
    asking: defaultdict[tuple[str, str], threading.Lock] = defaultdict(threading.Lock)
    lock = threading.Lock()

    def ask(server: str, token: str) -> bool | None:
        with lock:
            of_this_one = asking[server, token]
        with of_this_one:
            at, answer = known.get((server, token), (-math.inf, None))
            if time.monotonic() - at > _REMEMBERED:
                answer = accepted(server, token)
                known[server, token] = time.monotonic(), answer
            return answer

    return ask


def has_to_wait(manifest: Object, live: Object | None, accepted: Accepted, now: datetime) -> bool:
    """Return whether a newer token must not replace the current one yet.

    Args:
        manifest: The Secret with the newer one.
        live: The Secret as it is.
        accepted: Asked, if something could be lost.
        now: The API server's time.
    """
    expires_at = claims_of(token_of(live)).expires_at
    if not token_of(live) or (expires_at is not None and expires_at <= now):
        return False
    token = token_of(manifest)
    answer = accepted(annotation(manifest, labels.SERVER), token)
    if answer is not None:
        return not answer
    issued_at = claims_of(token).issued_at
    # One from the future is of another clock than ours, and would wait forever.
    return issued_at is not None and abs(now - issued_at) < SETTLES_AFTER


def is_ours(secret: Object) -> bool:
    """Return whether nobody else writes the token that is in force: only then is there a place for another one."""
    return "f:jwtToken" in fields_of(secret, MANAGER).get("f:data", {})


def with_waiting(live: Object, manifest: Object) -> Object:
    """Return the Secret as it is, with the token of another manifest under the second key."""
    return with_next_token(part(live, fields_of(live, MANAGER)), token_of(manifest))


def keeping_newer(manifest: Object, live: Object | None) -> Object:
    """Return a Secret that also holds the token that waits, where that is newer still."""
    waiting = next_token_of(live)
    is_newer = waiting and waiting != token_of(manifest) and not why_not_newer(token_of(manifest), waiting)
    return with_next_token(manifest, waiting) if is_newer else manifest


def promote_tokens(cluster: Cluster, accepted: Accepted) -> list[Promotion]:
    """Put tokens that wait in force where OpenMetadata accepts them by now; one GET for each that waits.

    Args:
        cluster: Where.
        accepted: Asked.

    Returns:
        What became of each that was waiting.

    Raises:
        ClusterError: The Secrets could not be read, or the API server refused for another reason than a conflict.
    """
    found = []
    for item in cluster.list(Kind.SECRET, labels=labels.TOKEN):
        waiting = next_token_of(item)
        if waiting and not is_terminating(item):
            found.append(
                Promotion(item["metadata"]["name"], claims_of(waiting).bot, _promoted(cluster, item, accepted))
            )
    return found


def _promoted(cluster: Cluster, item: Object, accepted: Accepted) -> bool:
    metadata, waiting = item["metadata"], next_token_of(item)
    server, instance = annotation(item, labels.SERVER), label(item, labels.INSTANCE)
    manifest = token_secret(waiting, metadata["name"], instance, metadata["namespace"], server=server)
    if why_not_newer(token_of(item), waiting):
        manifest = token_secret(token_of(item), metadata["name"], instance, metadata["namespace"], server=server)
    elif has_to_wait(manifest, item, accepted, cluster.now()):
        return False
    try:
        cluster.apply(pinned(manifest, item), manager=MANAGER)
    except ConflictError:
        return False  # somebody has just written it: the next pass looks again
    return True
