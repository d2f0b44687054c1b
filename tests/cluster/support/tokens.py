"""Tokens as OpenMetadata makes them for its bots, but for the signature; and what becomes of them on a cluster."""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from pathlib import Path
from typing import Any

from k8s_pipeline_client.cli.files import read_pipelines
from k8s_pipeline_client.domain.pipeline import Pipeline
from k8s_pipeline_client.launcher import yamljson
from k8s_pipeline_client.launcher.token import with_token
from tests.cluster.support.definitions import pipeline
from tests.cluster.support.program import Program
from tests.cluster.support.space import Space

TOKENS = "k8s-pipeline/token"
"""The label of the Secrets that hold one."""


def _coded(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


def bot_token(
    *, bot: str = "ingestion-bot", issued: int | None = 1_700_000_000, expires: int | None = None, mark: str = "one"
) -> str:
    """Return a token.

    Args:
        bot: Whose.
        issued: When, in seconds since 1970.
        expires: When it ends, likewise.
        mark: What tells apart two that say the same.
    """
    claims = {"iss": "open-metadata.org", "sub": bot, "isBot": True, "iat": issued, "exp": expires, "jti": mark}
    return ".".join(
        (_coded({"alg": "RS256"}), _coded({key: value for key, value in claims.items() if value is not None}), "c2lnbg")
    )


FIRST, SECOND, THIRD = (bot_token(issued=1_700_000_000 + day * 86400, mark=f"token-{day}") for day in range(3))
"""One bot's, each issued a day after the one before."""


def connection(token: str, *, name: str = "openmetadata", **more: Any) -> dict[str, Any]:
    """Return an ``openMetadataServerConnection`` with a token."""
    return {
        "clusterName": name,
        "hostPort": "http://openmetadata.invalid:8585/api",
        "authProvider": "openmetadata",
        "securityConfig": {"jwtToken": token},
        **more,
    }


def entity_with(token: str = FIRST, *steps: dict[str, Any], name: str = "nightly", **fields: Any) -> Any:
    """Return a pipeline whose connection has this token; without steps its run tells of its document."""
    return pipeline(
        *(steps or ({"dumpConfig": True},)),
        name=name,
        id=str(uuid.uuid5(uuid.NAMESPACE_OID, name)),
        openMetadataServerConnection=connection(token),
        **fields,
    )


def tokens_in(space: Space) -> dict[str, str]:
    """Return the tokens of our Secrets, by the Secrets' names."""
    return {
        item["metadata"]["name"]: base64.b64decode((item.get("data") or {}).get("jwtToken", "")).decode()
        for item in space.list("secrets", TOKENS)
    }


def defined(program: Program, *documents: Any) -> Pipeline:
    """Return the pipeline that documents define."""
    (found,) = read_pipelines([Path(program.file("defined.yaml", *documents))])
    return found


def digest_of(definition: Pipeline, token: str) -> str:
    """Return the hash of the document that a run with this token gets."""
    return hashlib.sha256(yamljson.dumps(with_token(definition.document, token)).encode()).hexdigest()


def start_as_scheduled(space: Space, name: str) -> str:
    """Start a run as the schedule does, and return its Job."""
    job = f"by-hand-{hashlib.sha256(name.encode()).hexdigest()[:6]}"
    space.kubectl("create", "job", f"--from=cronjob/{name}", job)
    return job


def log_of(space: Space, job: str) -> str:
    """Return the log of a run once it has succeeded."""
    space.kubectl("wait", "--for=condition=complete", f"job/{job}", "--timeout=120s")
    return space.kubectl("logs", f"job/{job}")
