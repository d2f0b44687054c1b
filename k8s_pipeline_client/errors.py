"""Every error that this package raises on purpose, in one tree.

::

    PipelineError
    ├── InputError                  what was handed to us cannot be used; nothing was written
    │   ├── DefinitionError         a file, an entity, a workflow document
    │   │   ├── CopiedIdError       with the id of another pipeline
    │   │   └── NotRunByPipelinesError  of a type that OpenMetadata itself does not run as a pipeline
    │   ├── ScheduleError           a cron expression or time zone that Kubernetes refuses
    │   ├── SettingsError           a setting
    │   └── UnknownNameError        a NAME that fits none, or more than one, of the pipelines
    ├── DisabledError               the pipeline service client is switched off
    ├── RunActiveError              a run was asked for while one is active
    ├── ForeignObjectError          an object of our name that belongs to another pipeline
    ├── ManagedElsewhereError       a pipeline that was deployed from another source
    ├── RunFailedError              the run ended, and failed
    ├── WaitTimeoutError            the time that the caller allowed is over
    ├── OpenMetadataError           the OpenMetadata server could not, or would not
    │   ├── ServerUnreachableError  no answer from it
    │   └── ServerResponseError     an answer, and it is a refusal, or none that OpenMetadata gives
    │       ├── TokenRejectedError  401
    │       ├── RightMissingError   403
    │       └── EntityNotFoundError 404
    └── ClusterError                the cluster could not, or would not
        ├── UnreachableError        no answer from the API server
        │   └── LoginError          nor a request: there is no login to send with it
        └── ApiError                an answer, and it is a refusal
            ├── UnauthorizedError   401
            ├── ForbiddenError      403
            ├── NotFoundError       404
            ├── ConflictError       409
            └── InvalidError        422 and 400, and 500 where an apply has a field that Kubernetes does not know

``str(error)`` is one line that says what was refused, by whom and, after an em dash, what to do. It never
holds a secret. What a program does about an error it decides by its class, its ``code`` and its ``facts``: exit codes,
commands to type and the like are that program's, not this module's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self, TypeVar

Fact = str | int | float | bool | tuple[str, ...]
"""What an error knows: of few kinds, so that it can be pickled, logged and written as JSON."""


class PipelineError(Exception):
    """The root of the tree.

    An error is not changed once it is made; `with_outcome` returns another. It can be copied and pickled; what it was
    raised from stays behind then, as with every exception.

    Attributes:
        message: What was refused and by whom, without a trailing full stop.
        outcome: What has become of what was begun, where something was; else empty.
        hint: What can be done about it, whatever program this is; may be empty. It names no commands and no options
            of ours: a program that has some words its own hints from `code` and `facts`.
        code: What it is, in a word that is stable: ``RunActive``. All are listed in docs/reference/errors.md.
        facts: What the code is about, by names that are stable as well.
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
        """Return the error in one line, with a hint that fits whoever reads it."""
        said = f"{self.message}; {self.outcome}" if self.outcome else self.message
        return " ".join((f"{said} — {hint}" if hint else said).split())

    def with_outcome(self, outcome: str) -> Self:
        """Return the same error that also says what has become of what was begun; to be raised from this one."""
        said = "; ".join(filter(None, (self.outcome, outcome)))
        return _rebuilt(type(self), self.args, {**self.__dict__, "outcome": said})

    def with_place(self, place: str) -> Self:
        """Return the same error that also says where it is, such as a file; to be raised from this one."""
        return _rebuilt(type(self), self.args, {**self.__dict__, "message": f"{place}: {self.message}"})

    def __setattr__(self, name: str, value: object) -> None:
        # Python itself sets __cause__, __traceback__ and the like while an error is on its way.
        if name in self.__dict__ and not name.startswith("__"):
            raise AttributeError(f"{name} of an error is not to be changed")
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
    """What was handed to us cannot be used; nothing was written."""

    default_code = "InvalidInput"


class DefinitionError(InputError):
    """A file, an entity or a workflow document that cannot become a pipeline."""

    default_code = "InvalidDefinition"


class CopiedIdError(DefinitionError):
    """A definition has the id of another pipeline, which would have to go for it."""

    default_code = "CopiedId"


class NotRunByPipelinesError(DefinitionError):
    """A pipeline of a type that OpenMetadata itself does not run as a pipeline any more."""

    default_code = "NotRunByPipelines"


class ScheduleError(InputError):
    """A schedule or a time zone that Kubernetes would refuse."""

    default_code = "InvalidSchedule"


class SettingsError(InputError):
    """A setting that cannot be used."""

    default_code = "InvalidSettings"


class UnknownNameError(InputError):
    """A NAME that fits no pipeline, or more than one."""

    default_code = "UnknownName"


class DisabledError(PipelineError):
    """The settings say that nobody is to run pipelines."""

    default_code = "Disabled"


class RunActiveError(PipelineError):
    """A run was asked for while another one of the same pipeline is active."""

    default_code = "RunActive"


class ForeignObjectError(PipelineError):
    """An object of the name that we need belongs to something else."""

    default_code = "ForeignObject"


class ManagedElsewhereError(PipelineError):
    """The pipeline is managed from another source, which would not learn of the change."""

    default_code = "ManagedElsewhere"


class RunFailedError(PipelineError):
    """The run ended, and failed."""

    default_code = "RunFailed"


class WaitTimeoutError(PipelineError):
    """The time that the caller allowed is over; the run itself goes on."""

    default_code = "WaitTimeout"


class OpenMetadataError(PipelineError):
    """The OpenMetadata server could not, or would not."""

    default_code = "OpenMetadataFailed"


class ServerUnreachableError(OpenMetadataError):
    """The OpenMetadata server gave no answer."""

    default_code = "ServerUnreachable"


class ServerResponseError(OpenMetadataError):
    """The OpenMetadata server refused, or what answered is none.

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
    """401: the token is not accepted."""

    default_code = "TokenRejected"


class RightMissingError(ServerResponseError):
    """403: the token's user may not do that."""

    default_code = "RightMissing"


class EntityNotFoundError(ServerResponseError):
    """404: there is no such entity."""

    default_code = "EntityNotFound"


class ClusterError(PipelineError):
    """The cluster could not, or would not."""

    default_code = "ClusterFailed"


class UnreachableError(ClusterError):
    """The API server gave no answer."""

    default_code = "ApiServerUnreachable"


class LoginError(UnreachableError):
    """Nothing was asked: whoever the kubeconfig names cannot log in."""

    default_code = "LoginFailed"


class ApiError(ClusterError):
    """The API server answered with a refusal.

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
    """401: the credentials are not accepted."""

    default_code = "Unauthorized"


class ForbiddenError(ApiError):
    """403: a right is missing, or admission refused."""

    default_code = "Forbidden"


class NotFoundError(ApiError):
    """404: the object, or its namespace, is not there."""

    default_code = "NotFound"


class ConflictError(ApiError):
    """409: it exists already, or another field manager owns the field."""

    default_code = "Conflict"


class InvalidError(ApiError):
    """400, 422, or a 500 for a field that Kubernetes does not know: the API server does not accept the object."""

    default_code = "Invalid"
