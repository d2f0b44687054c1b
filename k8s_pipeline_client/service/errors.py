"""The HTTP status of each error. Pure."""

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
        "NamespaceMissing": 503,  # the client cannot do anything about it
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
"""By class; the nearest base class decides. Never 422, which older servers cannot handle.

What the client cannot fix, such as an unreachable cluster, is 503; 500 would mean a bug of this program.
"""


def status_of(error: PipelineError) -> int:
    """Return the HTTP status for an error."""
    if (status := _BY_CODE.get(error.code)) is not None:
        return status
    return next(_BY_CLASS[kind] for kind in type(error).__mro__ if kind in _BY_CLASS)
