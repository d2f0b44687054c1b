"""Moves a bot's token from the document to a Secret of its own, so that it is rotated in one place."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from k8s_pipeline_client.domain import labels, naming
from k8s_pipeline_client.domain.connection import (
    TokenSource,
    bot_of,
    check_token,
    claims_of,
    movable_token,
    server_of,
    wants_token,
    why_not_newer,
)
from k8s_pipeline_client.domain.entities import Document
from k8s_pipeline_client.domain.pipeline import Pipeline
from k8s_pipeline_client.domain.rfc3339 import rfc3339
from k8s_pipeline_client.launcher import yamljson
from k8s_pipeline_client.launcher.references import VARIABLE
from k8s_pipeline_client.launcher.token import token_in, with_token
from k8s_pipeline_client.render.config import DOCUMENT_KEY
from k8s_pipeline_client.render.metadata import object_meta
from k8s_pipeline_client.settings import Settings

TOKEN_KEY = "jwtToken"
"""The key of the Secrets that we write."""
NEXT_TOKEN_KEY = "nextJwtToken"
"""The key of the token that OpenMetadata does not accept yet; no pod reads it."""


def token_apart(pipeline: Pipeline, settings: Settings) -> tuple[Pipeline, Document | None]:
    """Return the pipeline without its token, and the Secret for the token.

    Args:
        pipeline: As it was defined.
        settings: The pipeline's settings.

    Returns:
        The pipeline unchanged, if its token has to stay in the document; no Secret if there is no token, or if it is in
        a Secret that is managed elsewhere.

    Raises:
        DefinitionError: An entity's connection has no token, and ``tokenSecret`` is not set.
    """
    named = token_in_named_secret(pipeline, settings)
    if named.token_from is not None:
        return named, None
    token = movable_token(pipeline.document)
    if not token:
        return pipeline, None
    name = naming.token_secret_name(instance=pipeline.instance, bot=bot_of(token))
    instance, server = naming.instance_label(pipeline.instance), server_of(pipeline.document)
    secret = token_secret(token, name, instance, settings.namespace, server=server)
    return _without(pipeline, TokenSource(name, TOKEN_KEY)), secret


def token_in_named_secret(pipeline: Pipeline, settings: Settings) -> Pipeline:
    """Return the pipeline without its token if ``tokenSecret`` is set.

    Raises:
        DefinitionError: An entity's connection has no token, and ``tokenSecret`` is not set.
    """
    token = token_in(pipeline.document)
    is_reference = pipeline.may_refer and (not isinstance(token, str) or VARIABLE.search(token) is not None)
    wants = wants_token(pipeline.document)
    if settings.token_secret is None or not (wants or (token and not is_reference)):
        if not pipeline.may_refer:
            check_token(pipeline.document, pipeline.origin)
        return pipeline
    return _without(pipeline, TokenSource(settings.token_secret.name, settings.token_secret.key))


def token_secret(token: str, name: str, instance_label: str, namespace: str, *, server: str = "") -> Document:
    """Return the Secret that holds a bot's token for all pipelines of an OpenMetadata instance.

    It has no owner: it goes with the last pipeline that uses it.

    Args:
        token: The bot's.
        name: The Secret's.
        instance_label: Which OpenMetadata it is.
        namespace: Where.
        server: The address of the OpenMetadata, as runs have it; empty where that is not known.
    """
    claims = claims_of(token)
    annotations = {
        labels.BOT: claims.bot,
        labels.TOKEN_ISSUED_AT: rfc3339(claims.issued_at) if claims.issued_at else "",
        labels.TOKEN_EXPIRES_AT: rfc3339(claims.expires_at) if claims.expires_at else "",
        labels.SERVER: server,
    }
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": object_meta(
            name,
            namespace,
            {
                labels.APP_NAME: "openmetadata",
                labels.APP_COMPONENT: "token",
                labels.APP_MANAGED_BY: "openmetadata",
                labels.INSTANCE: instance_label,
                labels.TOKEN: name,
                labels.LOOKUP_KEY: name,
            },
            {key: value for key, value in annotations.items() if value},
        ),
        "data": {TOKEN_KEY: base64.b64encode(token.encode()).decode()},
    }


def token_of(secret: Document | None) -> str:
    """Return the token that a Secret holds; empty if it holds none."""
    return _held(secret, TOKEN_KEY)


def next_token_of(secret: Document | None) -> str:
    """Return the token that waits in a Secret until it is accepted; empty if none does."""
    return _held(secret, NEXT_TOKEN_KEY)


def with_next_token(secret: Document, token: str) -> Document:
    """Return a Secret in which a token waits until it is accepted."""
    waiting = base64.b64encode(token.encode()).decode()
    return {**secret, "data": {**(secret.get("data") or {}), NEXT_TOKEN_KEY: waiting}}


def _held(secret: Document | None, key: str) -> str:
    value = ((secret or {}).get("data") or {}).get(key) or ""
    return base64.b64decode(value).decode("utf-8", "replace").strip()


def newest_tokens(found: Iterable[tuple[str, Document]]) -> tuple[list[Document], list[str]]:
    """Choose among the tokens of definitions that are deployed together: each Secret has only one.

    Args:
        found: For each definition its title, and the Secret for its token.

    Returns:
        A Secret for each bot, with the newest token; and notes about definitions with another token.
    """
    chosen: dict[str, Document] = {}
    said: dict[tuple[str, str], str] = {}
    for title, secret in found:
        name, wanted = secret["metadata"]["name"], token_of(secret)
        current = token_of(chosen.setdefault(name, secret))
        if wanted == current or (name, wanted) in said:
            continue
        if why := why_not_newer(current, wanted):
            text = f"its token is not used for Secret {name}, which has that of another definition: {why}"
        else:
            chosen[name] = secret
            text = f"its token is newer than that of another definition, and is used in Secret {name} for all"
        said[name, wanted] = f"{title}: {text}"
    return list(chosen.values()), list(said.values())


def token_inside(secret: Document) -> Any:
    """Return the token in the document of a pipeline's Secret; None if it cannot be read."""
    try:
        return token_in(json.loads(base64.b64decode(secret["data"][DOCUMENT_KEY])))
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError):
        return None  # changed by somebody else


def with_token_inside(secret: Document, token: str) -> Document:
    """Return a pipeline's Secret with the token in the document, for runs that expect it there."""
    document = json.loads(base64.b64decode(secret["data"][DOCUMENT_KEY]))
    content = yamljson.dumps(with_token(document, token)).encode()
    return {**secret, "data": {**secret["data"], DOCUMENT_KEY: base64.b64encode(content).decode()}}


def _without(pipeline: Pipeline, source: TokenSource) -> Pipeline:
    return replace(pipeline, document=with_token(pipeline.document, ""), token_from=source)
