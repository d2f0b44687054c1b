"""Which HTTP status an error is responded to with. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from k8s_pipeline_client.errors import (
    ConflictError,
    EntityNotFoundError,
    ForeignObjectError,
    InputError,
    InvalidError,
    ManagedElsewhereError,
    PipelineError,
    RightMissingError,
    RunActiveError,
    SettingsError,
    UnknownNameError,
)

_BY_CODE: Mapping[str, int] = MappingProxyType(
    {
        "AmbiguousName": 409,
        "BodyTooLarge": 413,
        "BodyTooSlow": 408,
        "CopiedId": 409,
        "CopiedOrRenamed": 409,
        "NamespaceMissing": 503,  # whoever asks cannot do anything about it
        "NotLoggedIn": 401,
    }
)

_BY_CLASS: Mapping[type[PipelineError], int] = MappingProxyType(
    {
        PipelineError: 503,
        InputError: 400,
        SettingsError: 503,
        UnknownNameError: 404,
        RunActiveError: 409,
        ForeignObjectError: 409,
        ManagedElsewhereError: 409,
        EntityNotFoundError: 400,
        RightMissingError: 400,
        ConflictError: 409,
        InvalidError: 400,
    }
)
"""By class; that of the nearest one above an error's own counts. 422 is not among them: older servers stumble over it.

What is somebody else's to put right, such as a cluster that is away, is 503: never 500, which would be our fault.
"""


def status_of(error: PipelineError) -> int:
    """Return the HTTP status for an error."""
    if (status := _BY_CODE.get(error.code)) is not None:
        return status
    return next(_BY_CLASS[kind] for kind in type(error).__mro__ if kind in _BY_CLASS)
