"""Why an image cannot be pulled."""

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
"""The waiting reasons of the kubelet for images."""
PULL_FAILED = "Failed to pull image"

_HINTS = {
    "ErrImageNeverPull": "load the image onto the node, or allow pulling it (imagePullPolicy)",
    "InvalidImageName": "correct the image name",
}
_NO_SECRET = "FailedToRetrieveImagePullSecret"
_IN_BRACKETS = re.compile(r"\(([^)]*)\)")
_LOGIN = re.compile(r"\b(401|403)\b|unauthorized|forbidden|authorization failed|access denied", re.IGNORECASE)


def image_pull(image: str, reason: str, message: str, events: Sequence[Event], asked: Asked) -> Cause:
    """The cause of an image that cannot be pulled.

    Args:
        image: The image; may be empty.
        reason: The kubelet's; may be empty.
        message: The kubelet's.
        events: About the pod, oldest first.
        asked: What the pod references.
    """
    error = _pull_error(events)
    # An older kubelet says only that it backs off; the registry's error is in an event.
    if error.partition(": ")[2] not in message:
        message = f"{message}; {error}" if message else error
    name = f'"{image}"' if image else "of the run"
    in_brackets = f" ({reason})" if reason else ""
    summary = f"The image {name} cannot be pulled{in_brackets}"
    missing = _missing_secrets(events)
    if missing and reason not in _HINTS:
        return Cause(
            CauseCode.IMAGE_PULL,
            f"{summary}, and its pull secret {either(missing)} does not exist",
            message,
            f"create the Secret {either(missing)} (kubectl create secret docker-registry), or correct imagePullSecrets",
        )
    return Cause(CauseCode.IMAGE_PULL, summary, message, _HINTS.get(reason) or _hint(message, asked))


def _pull_error(events: Sequence[Event]) -> str:
    """Return the error of the newest attempt to pull."""
    return next((event.message for event in reversed(events) if event.message.startswith(PULL_FAILED)), "")


def _missing_secrets(events: Sequence[Event]) -> list[str]:
    """Return the pull secrets that the kubelet did not find at its newest attempt."""
    for event in reversed(events):
        if event.reason == _NO_SECRET:
            found = _IN_BRACKETS.search(event.message)
            return [name.strip() for name in found[1].split(",")] if found else []
    return []


def _hint(message: str, asked: Asked) -> str:
    if not _LOGIN.search(message):
        return "check the image name and tag, the registry, and imagePullSecrets"
    if asked.pull_secrets:
        return f"the registry rejected the credentials of the pull secret {either(asked.pull_secrets)}: renew them"
    return "the registry requires authentication: set imagePullSecrets; or check the image name"
