"""Why an image cannot be had."""

from __future__ import annotations

import re
from collections.abc import Sequence

from k8s_pipeline_client.status.asked import Asked
from k8s_pipeline_client.status.events import Event
from k8s_pipeline_client.status.missing import either
from k8s_pipeline_client.status.models import Cause, CauseCode

IMAGE_REASONS = frozenset(
    {
        "ErrImagePull",
        "ImagePullBackOff",
        "ErrImageNeverPull",
        "InvalidImageName",
        "ImageInspectError",
        "RegistryUnavailable",
        "SignatureValidationFailed",
    }
)
"""For which the kubelet lets a container wait."""
PULL_FAILED = "Failed to pull image"

_HINTS = {
    "ErrImageNeverPull": "load the image onto the node, or let it be pulled (imagePullPolicy)",
    "InvalidImageName": "correct the image's name",
}
_NO_SECRET = "FailedToRetrieveImagePullSecret"
_IN_BRACKETS = re.compile(r"\(([^)]*)\)")
_LOGIN = re.compile(r"\b(401|403)\b|unauthorized|forbidden|authorization failed|access denied", re.IGNORECASE)


def image_pull(image: str, reason: str, message: str, events: Sequence[Event], asked: Asked) -> Cause:
    """The cause of an image that does not come.

    Args:
        image: The one that is meant; may be empty.
        reason: The kubelet's; may be empty.
        message: The kubelet's.
        events: About the pod, oldest first.
        asked: What the pod asks for.
    """
    answer = _answer(events)
    # A back-off of an older kubelet says only that it backs off; what the registry answered is in an event.
    if answer.partition(": ")[2] not in message:
        message = f"{message}; {answer}" if message else answer
    name = f'"{image}"' if image else "of the run"
    in_brackets = f" ({reason})" if reason else ""
    summary = f"The image {name} cannot be pulled{in_brackets}"
    missing = _missing_secrets(events)
    if missing and reason not in _HINTS:
        return Cause(
            CauseCode.IMAGE_PULL,
            f"{summary}, and its pull secret {either(missing)} is not there",
            message,
            f"create the Secret {either(missing)} (kubectl create secret docker-registry), or correct imagePullSecrets",
        )
    return Cause(CauseCode.IMAGE_PULL, summary, message, _HINTS.get(reason) or _hint(message, asked))


def _answer(events: Sequence[Event]) -> str:
    """Return what came of the newest attempt to pull."""
    return next((event.message for event in reversed(events) if event.message.startswith(PULL_FAILED)), "")


def _missing_secrets(events: Sequence[Event]) -> list[str]:
    """Return the pull secrets that the kubelet did not find, the newest time that it looked."""
    for event in reversed(events):
        if event.reason == _NO_SECRET:
            found = _IN_BRACKETS.search(event.message)
            return [name.strip() for name in found[1].split(",")] if found else []
    return []


def _hint(message: str, asked: Asked) -> str:
    if not _LOGIN.search(message):
        return "check the image's name and tag, the registry, and imagePullSecrets"
    if asked.pull_secrets:
        return f"the registry refuses the login of the pull secret {either(asked.pull_secrets)}: renew it"
    return "the registry wants a login: name a Secret with one in imagePullSecrets; or check the image's name"
