"""Every error that this package raises on purpose, in one tree.

::

    PipelineError
    ├── InputError                  the input cannot be used; nothing was written
    │   ├── DefinitionError         a file, an entity, a workflow document
    │   │   ├── CopiedIdError       it has the id of another pipeline
    │   │   ├── DefinitionsError    several errors at once
    │   │   ├── UnknownShapeError   a document that defines nothing that we know
    │   │   └── NotRunByPipelinesError  its type is not run as a pipeline by OpenMetadata itself
    │   ├── ScheduleError           a cron expression or time zone that Kubernetes refuses
    │   ├── SettingsError           a setting
    │   └── UnknownNameError        a NAME that matches no pipeline, or more than one
    ├── DisabledError               the pipeline service client is disabled
    ├── RunActiveError              a run was requested while one is active
    ├── ForeignObjectError          the object name is taken by an object of another pipeline
    ├── ManagedElsewhereError       the pipeline is managed from another source
    ├── RunFailedError              the run failed
    ├── WaitTimeoutError            the caller's timeout expired
    ├── OpenMetadataError           a request to the OpenMetadata server failed
    │   ├── ServerUnreachableError  no response
    │   └── ServerResponseError     an error response, or not a response of OpenMetadata's API
    │       ├── TokenRejectedError  401
    │       ├── RightMissingError   403
    │       ├── EntityNotFoundError 404
    │       └── RowConflictError    409 for the status of a run
    └── ClusterError                a request to the cluster failed
        ├── UnreachableError        no response from the API server
        │   └── LoginError          no request was sent: there are no credentials for it
        └── ApiError                an error response
            ├── UnauthorizedError   401
            ├── ForbiddenError      403
            ├── NotFoundError       404
            ├── ConflictError       409
            └── InvalidError        422 and 400, and 500 if an apply has a field that Kubernetes does not know

``str(error)`` is one line: what failed and where and, after an em dash, what to do. It never contains a secret.
Programs branch on the class, the ``code`` and the ``facts``; exit codes and commands to suggest are theirs to choose.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self, TypeVar

Fact = str | int | float | bool | tuple[str, ...]
"""The types of facts: few, so that an error can be pickled, logged and written as JSON."""


class PipelineError(Exception):
    """The base class of all errors of this package.

    Immutable: `with_outcome` returns a new error. It can be copied and pickled; as with every exception, ``__cause__``
    is lost then.

    Attributes:
        message: What failed and where, without a trailing full stop.
        outcome: The state that an interrupted operation left behind; empty if nothing had been changed.
        hint: What to do about it; may be empty. It names no commands or options: a program that has any words its own
            hints from `code` and `facts`.
        code: Stable identifier, such as ``RunActive``. All are listed in docs/reference/errors.md.
        facts: Details, by stable names.
    """

    default_code: ClassVar[str] = "Failed"

    def __init__(
        self, message: str, *, hint: str = "", code: str = "", facts: Mapping[str, Fact] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.outcome = ""
        self.hint = hint
        self.code = code or self.default_code
        self.facts: Mapping[str, Fact] = dict(facts or {})

    def __str__(self) -> str:
        return self.worded(self.hint)

    def worded(self, hint: str) -> str:
        """Return the error in one line, with a hint of the caller's."""
        said = f"{self.message}; {self.outcome}" if self.outcome else self.message
        return " ".join((f"{said} — {hint}" if hint else said).split())

    def with_outcome(self, outcome: str) -> Self:
        """Return a copy with an outcome; to be raised from this one."""
        said = "; ".join(filter(None, (self.outcome, outcome)))
        return _rebuilt(type(self), self.args, {**self.__dict__, "outcome": said})

    def with_place(self, place: str) -> Self:
        """Return a copy whose message begins with a place, such as a file; to be raised from this one."""
        return _rebuilt(type(self), self.args, {**self.__dict__, "message": f"{place}: {self.message}"})

    def __setattr__(self, name: str, value: object) -> None:
        # Python itself sets __cause__, __traceback__ and the like while an error propagates.
        if name in self.__dict__ and not name.startswith("__"):
            raise AttributeError(f"{name} of an error cannot be changed")
        super().__setattr__(name, value)

    def __reduce__(self) -> tuple[Any, ...]:
        # Exception's own would call the class with `args` alone, which misses what is passed by keyword.
        return _rebuilt, (type(self), self.args, dict(self.__dict__))


E = TypeVar("E", bound=PipelineError)


def _rebuilt(kind: type[E], args: tuple[Any, ...], state: dict[str, Any]) -> E:
    error = kind.__new__(kind, *args)
    error.__dict__.update(state)
    return error


class InputError(PipelineError):
    """The input cannot be used; nothing was written."""

    default_code = "InvalidInput"


class DefinitionError(InputError):
    """A file, an entity or a workflow document that cannot become a pipeline."""

    default_code = "InvalidDefinition"


class DefinitionsError(DefinitionError):
    """Several things that are wrong with definitions, found in one go.

    Attributes:
        errors: Each of them, in the order in which they stand.
    """

    default_code = "InvalidDefinitions"

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        code: str = "",
        facts: Mapping[str, Fact] | None = None,
        errors: Sequence[InputError] = (),
    ) -> None:
        super().__init__(message, hint=hint, code=code, facts=facts)
        self.errors = tuple(errors)

    @classmethod
    def of(cls, errors: Sequence[InputError]) -> InputError:
        """Return the one error, or one that stands for all; those that stand for several are resolved."""
        found = [part for error in errors for part in (error.errors if isinstance(error, cls) else (error,))]
        if len(found) == 1:
            return found[0]
        return cls("; ".join(map(str, found)), errors=found)


class UnknownShapeError(DefinitionError):
    """A document that is none of those that define pipelines, services, automations or applications."""

    default_code = "UnknownShape"


class CopiedIdError(DefinitionError):
    """A definition has the id of another pipeline, which it would replace."""

    default_code = "CopiedId"


class NotRunByPipelinesError(DefinitionError):
    """The type of the pipeline is one that OpenMetadata itself no longer runs as a pipeline."""

    default_code = "NotRunByPipelines"


class ScheduleError(InputError):
    """A schedule or a time zone that Kubernetes would refuse."""

    default_code = "InvalidSchedule"


class SettingsError(InputError):
    """A setting that cannot be used."""

    default_code = "InvalidSettings"


class UnknownNameError(InputError):
    """A NAME that matches no pipeline, or more than one."""

    default_code = "UnknownName"


class DisabledError(PipelineError):
    """The pipeline service client is disabled in the settings."""

    default_code = "Disabled"


class RunActiveError(PipelineError):
    """A run was requested while another one of the same pipeline is active."""

    default_code = "RunActive"


class ForeignObjectError(PipelineError):
    """The object name is taken by an object of something else."""

    default_code = "ForeignObject"


class ManagedElsewhereError(PipelineError):
    """The pipeline is managed from another source, which would not know of the change."""

    default_code = "ManagedElsewhere"


class RunFailedError(PipelineError):
    """The run failed."""

    default_code = "RunFailed"


class WaitTimeoutError(PipelineError):
    """The caller's timeout expired; the run itself continues."""

    default_code = "WaitTimeout"


class OpenMetadataError(PipelineError):
    """A request to the OpenMetadata server failed."""

    default_code = "OpenMetadataFailed"


class ServerUnreachableError(OpenMetadataError):
    """The OpenMetadata server did not respond."""

    default_code = "ServerUnreachable"


class ServerResponseError(OpenMetadataError):
    """The OpenMetadata server refused the request, or the response is not OpenMetadata's.

    Attributes:
        status: The HTTP status.
    """

    default_code = "ServerResponse"

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        code: str = "",
        facts: Mapping[str, Fact] | None = None,
        status: int = 200,
    ) -> None:
        super().__init__(message, hint=hint, code=code, facts=facts)
        self.status = status


class TokenRejectedError(ServerResponseError):
    """401: the token was rejected."""

    default_code = "TokenRejected"


class RightMissingError(ServerResponseError):
    """403: the token's user lacks the permission."""

    default_code = "RightMissing"


class EntityNotFoundError(ServerResponseError):
    """404: there is no such entity."""

    default_code = "EntityNotFound"


class RowConflictError(ServerResponseError):
    """409 for the status of a run: another run of the pipeline has its timestamp, or the run has two rows."""

    default_code = "RowConflict"


class ClusterError(PipelineError):
    """A request to the cluster failed."""

    default_code = "ClusterFailed"


class UnreachableError(ClusterError):
    """The API server did not respond."""

    default_code = "ApiServerUnreachable"


class LoginError(UnreachableError):
    """No request was sent: there are no valid credentials for the kubeconfig's user."""

    default_code = "LoginFailed"


class ApiError(ClusterError):
    """The API server responded with an error.

    Attributes:
        status: The HTTP status.
        reason: Kubernetes' ``Status.reason``, for example ``AlreadyExists``.
    """

    default_code = "ApiRefused"

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        code: str = "",
        facts: Mapping[str, Fact] | None = None,
        status: int,
        reason: str = "",
    ) -> None:
        super().__init__(message, hint=hint, code=code, facts=facts)
        self.status = status
        self.reason = reason


class UnauthorizedError(ApiError):
    """401: the credentials were rejected."""

    default_code = "Unauthorized"


class ForbiddenError(ApiError):
    """403: a permission is missing, or admission denied the request."""

    default_code = "Forbidden"


class NotFoundError(ApiError):
    """404: the object, or its namespace, does not exist."""

    default_code = "NotFound"


class ConflictError(ApiError):
    """409: the object already exists or has changed, or another field manager owns the field."""

    default_code = "Conflict"


class InvalidError(ApiError):
    """400, 422, or a 500 for a field that Kubernetes does not know: the object is invalid."""

    default_code = "Invalid"
