"""Request bodies and queries, parsed strictly where a mistake would hit the wrong pipeline. Pure.

Unknown fields are kept or left alone, never refused: a newer server sends more than we know.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar
from urllib.parse import parse_qsl

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict, ValidationError

from k8s_pipeline_client.domain.entities import Document
from k8s_pipeline_client.domain.jsontext import UnusableJsonError, load_json
from k8s_pipeline_client.errors import InputError

M = TypeVar("M", bound=BaseModel)

_MAX_NAME = 256
"""The maximum length of a name in OpenMetadata, in characters."""
_TASK = re.compile(r"[a-z][a-z0-9_]{0,60}_task")
_NUMBER = re.compile(r"[0-9]{1,9}")
_MANY = 5


def _uuid(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise ValueError("it is not a UUID") from None


Name = Annotated[str, Strict(), Field(min_length=1, max_length=_MAX_NAME)]
RunId = Annotated[str, Strict(), AfterValidator(_uuid)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)


class DagId(_Body):
    """Names a pipeline: by its own name, not its fully qualified one."""

    dag_id: Name


class Conf(_Body):
    """What newer servers send with a trigger."""

    pipelineRunId: RunId | None = None
    appConfigOverride: Document | None = None
    sourceConfigOverride: Document | None = None


class Trigger(DagId):
    """The body of a trigger."""

    conf: Conf | None = None


class LogQuery(_Body):
    """The query for a page of the newest run's log."""

    dag_id: Name
    task_id: Annotated[str, Strict()]
    after: int | None = None


def read(model: type[M], body: bytes) -> M:
    """Return a body, validated.

    Raises:
        InputError: It is not JSON, or a field is missing or has the wrong type; the field is named.
    """
    return _validated(model, document(body))


def document(body: bytes) -> Document:
    """Return the JSON object in a body.

    Raises:
        InputError: There is none.
    """
    try:
        found = load_json(body)
    except UnusableJsonError as error:
        raise InputError(f"the body cannot be read: {error}", code="InvalidBody") from None
    if not isinstance(found, dict):
        raise InputError("the body is not a JSON object", code="InvalidBody")
    return found


def name_of(query: bytes) -> str:
    """Return the pipeline that a query names, by ``dag_id``."""
    return _validated(DagId, {"dag_id": _parameters(query).get("dag_id")}).dag_id


def is_queued_only(query: bytes) -> bool:
    """Return whether a query is for queued runs only."""
    return _parameters(query).get("only_queued", "").strip().lower() in ("true", "1")


def log_query(query: bytes) -> LogQuery:
    """Return the query for a page of a log.

    Raises:
        InputError: A parameter is missing or invalid.
    """
    given = _parameters(query)
    after = given.get("after")
    if after is not None and not _NUMBER.fullmatch(after):  # int() reads much more, such as other alphabets' digits
        raise InputError(
            "after: it is not the number of a page", hint="leave it out for the first page", code="InvalidParameter"
        )
    found = _validated(LogQuery, {**given, "after": None if after is None else int(after)})
    if not _TASK.fullmatch(found.task_id):
        raise InputError("task_id: there is no such task", hint="ingestion_task is one", code="InvalidParameter")
    return found


def _parameters(query: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True, errors="strict")
    except ValueError:
        raise InputError("the query is not UTF-8, percent-encoded", code="InvalidParameter") from None
    found = dict(pairs)
    twins = {key for key, value in pairs if found[key] != value}
    if twins:
        raise InputError(f"{min(twins)[:_MAX_NAME]}: it is given twice, with two values", code="InvalidParameter")
    return found


def _validated(model: type[M], given: Mapping[str, Any]) -> M:
    try:
        return model.model_validate(given)
    except ValidationError as error:
        # Without what was given: it may hold a secret.
        found = [
            f"{'.'.join(map(str, item['loc']))}: {item['msg'].removeprefix('Value error, ')}"
            for item in error.errors(include_input=False, include_url=False)[:_MANY]
        ]
        raise InputError("; ".join(found), code="InvalidParameter") from None
