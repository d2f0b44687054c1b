"""Every error that this package raises on purpose, in one tree.

::

    PipelineError                   exit code 1 unless the class says otherwise
    ├── InputError            (2)   what was handed to us cannot be used; nothing was written
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
    ├── RunFailedError        (3)   the run ended, and failed
    ├── WaitTimeoutError    (124)   the time that the caller allowed is over
    ├── OpenMetadataError           the OpenMetadata server could not, or would not
    │   ├── ServerUnreachableError  no answer from it
    │   └── ServerAnswerError       an answer, and it is a refusal, or none that OpenMetadata gives
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
            └── InvalidError        422 and 400

``str(error)`` is one line that says what was refused, by whom and, after an em dash, what to do. It never
holds a secret.
"""

from __future__ import annotations


class PipelineError(Exception):
    """The root of the tree.

    Attributes:
        message: What was refused and by whom, without a trailing full stop.
        hint: What the reader can do about it; may be empty.
        exit_code: What a command line program should exit with.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        text = f"{self.message} — {self.hint}" if self.hint else self.message
        return " ".join(text.split())


class InputError(PipelineError):
    """What was handed to us cannot be used; nothing was written."""

    exit_code = 2


class DefinitionError(InputError):
    """A file, an entity or a workflow document that cannot become a pipeline."""


class CopiedIdError(DefinitionError):
    """A definition has the id of another pipeline, which would have to go for it."""


class NotRunByPipelinesError(DefinitionError):
    """A pipeline of a type that OpenMetadata itself does not run as a pipeline any more."""


class ScheduleError(InputError):
    """A schedule or a time zone that Kubernetes would refuse."""


class SettingsError(InputError):
    """A setting that cannot be used."""


class UnknownNameError(InputError):
    """A NAME that fits no pipeline, or more than one."""


class DisabledError(PipelineError):
    """The settings say that nobody is to run pipelines."""


class RunActiveError(PipelineError):
    """A run was asked for while another one of the same pipeline is active."""


class ForeignObjectError(PipelineError):
    """An object of the name that we need belongs to something else."""


class ManagedElsewhereError(PipelineError):
    """The pipeline is managed from another source, which would not learn of the change."""


class RunFailedError(PipelineError):
    """The run ended, and failed."""

    exit_code = 3


class WaitTimeoutError(PipelineError):
    """The time that the caller allowed is over; the run itself goes on."""

    exit_code = 124


class OpenMetadataError(PipelineError):
    """The OpenMetadata server could not, or would not."""


class ServerUnreachableError(OpenMetadataError):
    """The OpenMetadata server gave no answer."""


class ServerAnswerError(OpenMetadataError):
    """The OpenMetadata server refused, or what answered is none.

    Attributes:
        status: The HTTP status.
    """

    def __init__(self, message: str, *, hint: str = "", status: int = 200) -> None:
        super().__init__(message, hint=hint)
        self.status = status


class TokenRejectedError(ServerAnswerError):
    """401: the token is not accepted."""


class RightMissingError(ServerAnswerError):
    """403: the token's user may not do that."""


class EntityNotFoundError(ServerAnswerError):
    """404: there is no such entity."""


class ClusterError(PipelineError):
    """The cluster could not, or would not."""


class UnreachableError(ClusterError):
    """The API server gave no answer."""


class LoginError(UnreachableError):
    """Nothing was asked: whoever the kubeconfig names cannot log in."""


class ApiError(ClusterError):
    """The API server answered with a refusal.

    Attributes:
        status: The HTTP status.
        reason: Kubernetes' ``Status.reason``, for example ``AlreadyExists``.
    """

    def __init__(self, message: str, *, hint: str = "", status: int, reason: str = "") -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.reason = reason


class UnauthorizedError(ApiError):
    """401: the credentials are not accepted."""


class ForbiddenError(ApiError):
    """403: a right is missing, or admission refused."""


class NotFoundError(ApiError):
    """404: the object, or its namespace, is not there."""


class ConflictError(ApiError):
    """409: it exists already, or another field manager owns the field."""


class InvalidError(ApiError):
    """400 and 422: the API server does not accept the object."""
