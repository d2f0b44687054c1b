"""The operations in OpenAPI: bodies, parameters, responses. Pure."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

Described = dict[str, Any]


class Error(BaseModel):
    """Why something was not done."""

    model_config = ConfigDict(extra="allow")

    error: str
    code: str


class Message(BaseModel):
    """What was done."""

    message: str


class PipelineStatus(BaseModel):
    """A run; times are in milliseconds since 1970."""

    model_config = ConfigDict(extra="forbid")

    runId: str
    pipelineState: str
    startDate: int | None
    timestamp: int | None
    endDate: int | None
    status: None
    config: None
    metadata: None


_WORDS = {
    400: "The request is invalid; the field is named.",
    401: "The login is missing or invalid.",
    404: "Not deployed, or nothing to act on.",
    408: "The body was not sent in time.",
    409: "A conflict: an active run, two pipelines of one name, another owner.",
    413: "The body is too long.",
    503: "The cluster or OpenMetadata failed, or did not respond in time.",
}


def responses(*statuses: int) -> dict[int | str, Described]:
    """Return the descriptions of what else may come than 200."""
    return {status: {"model": Error, "description": _WORDS[status]} for status in sorted({401, *statuses})}


def body(schema: Described | type[BaseModel]) -> Described:
    """Return the description of an operation with a JSON body."""
    found = schema if isinstance(schema, dict) else schema.model_json_schema()
    # FastAPI puts no definitions of ours where references look for them.
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": _resolved(found)}}}}


def query(**parameters: Described) -> Described:
    """Return the description of an operation with parameters; those with ``required`` have to be there."""
    return {
        "parameters": [
            {
                "name": name,
                "in": "query",
                "required": bool(schema.get("required")),
                "schema": {key: value for key, value in schema.items() if key != "required"},
            }
            for name, schema in parameters.items()
        ]
    }


NAME: Described = {"type": "string", "minLength": 1, "maxLength": 256, "required": True}
TASK: Described = {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,60}_task$", "required": True}
PAGE: Described = {"type": "string", "pattern": "^[0-9]{1,9}$"}
FLAG: Described = {"type": "boolean"}

_TEXT: Described = {"type": "string", "minLength": 1}
_OBJECT: Described = {"type": "object"}


def entity(**properties: Described) -> Described:
    """Return the schema of an entity, all of whose named fields are needed; others are kept."""
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": True}


INGESTION_PIPELINE = entity(
    name=_TEXT,
    pipelineType=_TEXT,
    service=entity(name=_TEXT, type=_TEXT),
    sourceConfig=entity(config=_OBJECT),
    openMetadataServerConnection=_OBJECT,
)
AUTOMATION = entity(name=_TEXT, workflowType=_TEXT, request=_OBJECT, openMetadataServerConnection=_OBJECT)
APPLICATION = entity(name=_TEXT, appType=_TEXT, sourcePythonClass=_TEXT, openMetadataServerConnection=_OBJECT)


def _resolved(schema: Described) -> Described:
    """Return a schema with its own definitions in place of the references to them."""
    definitions = schema.get("$defs", {})

    def put_in(value: Any) -> Any:
        if isinstance(value, list):
            return [put_in(item) for item in value]
        if not isinstance(value, dict):
            return value
        if isinstance(reference := value.get("$ref"), str):
            return put_in(definitions[reference.rpartition("/")[2]])
        return {key: put_in(item) for key, item in value.items() if key != "$defs"}

    found: Described = put_in(schema)
    return found
