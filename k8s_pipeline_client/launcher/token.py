"""The bot's token, which has a Secret of its own, and is inserted into the document when a run starts."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from k8s_pipeline_client.launcher.unusable import Unusable, read_file

_CONNECTIONS = (("workflowConfig", "openMetadataServerConfig"), ("openMetadataServerConnection",))
"""The paths of the connection in a document: for workflows and applications, and for automations."""
_WITHIN = ("securityConfig", "jwtToken")


def connection_in(document: dict[str, Any]) -> Any:
    """Return a document's connection to OpenMetadata; None if there is none."""
    return _at(document, _connection_path(document))


def token_in(document: dict[str, Any]) -> Any:
    """Return the value of a document's token; None if there is none.

    An empty text is a placeholder for the token in a Secret.
    """
    return _at(document, (*_connection_path(document), *_WITHIN))


def with_connection(document: dict[str, Any], connection: dict[str, Any]) -> dict[str, Any]:
    """Return the document with another connection, in the same order of keys."""
    return _with(document, _connection_path(document), connection)


def with_token(document: dict[str, Any], token: str) -> dict[str, Any]:
    """Return the document with a token, in the same order of keys."""
    return _with(document, (*_connection_path(document), *_WITHIN), token)


def read_token(path: str) -> str:
    """Return the token in a file ``…/SECRET/KEY``, without surrounding white space.

    Raises:
        Unusable: There is none; the message names Secret and key.
    """
    folder, key = os.path.split(path)
    what = f"bot's token (key {key} of Secret {os.path.basename(folder)})"
    try:
        token = read_file(path, what).decode().strip()
    except UnicodeDecodeError:
        raise Unusable(f"the {what} is not text") from None
    if not token:
        raise Unusable(f"the {what} is empty")
    return token


def _connection_path(document: dict[str, Any]) -> tuple[str, ...]:
    return next((path for path in _CONNECTIONS if _at(document, path) is not None), _CONNECTIONS[0])


def _at(node: Any, path: Sequence[str]) -> Any:
    for key in path:
        node = node.get(key) if isinstance(node, dict) else None
    return node


def _with(node: Any, path: Sequence[str], value: Any) -> dict[str, Any]:
    mapping = node if isinstance(node, dict) else {}
    key, rest = path[0], path[1:]
    return {**mapping, key: _with(mapping.get(key), rest, value) if rest else value}
