"""References in a workflow document to values that must not be in Git: ``${VARIABLE}`` and ``secretRef``."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

from k8s_pipeline_client.launcher.unusable import Unusable

VARIABLE = re.compile(
    r"""
    (?P<escape> \$ )?                              # $${NAME} is the text ${NAME}
    \$\{ (?P<name> [A-Za-z_][A-Za-z0-9_]* ) (?: :- (?P<default> [^}]* ) )? \}
    """,
    re.VERBOSE,
)
"""A reference to a variable within a string, or an escaped one; everything else is literal text."""

SECRET_REF = "secretRef"
"""The only key of a mapping that references a key of a Secret: ``{"secretRef": {"name": …, "key": …}}``."""


def references_in(node: Any, path: str = "") -> Iterator[tuple[str, str | dict[str, Any]]]:
    """Yield the paths of references with their values: a string, or a mapping with the key ``secretRef``."""
    if isinstance(node, dict):
        if SECRET_REF in node:
            yield path, node
            return
        for key, value in node.items():
            yield from references_in(value, _below(path, key))
    elif isinstance(node, list):
        for number, item in enumerate(node):
            yield from references_in(item, f"{path}[{number}]")
    elif isinstance(node, str) and VARIABLE.search(node):
        yield path, node


class Resolver:
    """Resolves references.

    Attributes:
        values: The resolved values; each is to be treated as a secret.
    """

    def __init__(self, variables: Mapping[str, str], secrets: str) -> None:
        """Take the sources of values.

        Args:
            variables: By name.
            secrets: A folder with a folder per Secret, which has a file per key.
        """
        self._variables = variables
        self._secrets = secrets
        self._missing: list[str] = []
        self.values: list[str] = []

    def resolve(self, document: dict[str, Any]) -> dict[str, Any]:
        """Return the document with all references resolved; resolved values are not resolved again.

        Raises:
            Unusable: Referenced values are missing; the message lists all of them, with their paths.
        """
        try:
            resolved: dict[str, Any] = self._resolved(document, "")
        except RecursionError:
            raise Unusable("the document is nested too deeply for its references to be resolved") from None
        if self._missing:
            raise Unusable("the document's references cannot be resolved: " + "; ".join(self._missing))
        return resolved

    def _resolved(self, node: Any, path: str) -> Any:
        if isinstance(node, dict):
            reference = secret_reference(node)
            if reference:
                return self._secret(*reference, path)
            return {key: self._resolved(value, _below(path, key)) for key, value in node.items()}
        if isinstance(node, list):
            return [self._resolved(item, f"{path}[{number}]") for number, item in enumerate(node)]
        if isinstance(node, str):
            return VARIABLE.sub(lambda found: self._variable(found, path), node)
        return node

    def _variable(self, found: re.Match[str], path: str) -> str:
        if found["escape"]:
            return found[0][1:]
        value = self._variables.get(found["name"])
        if not value and found["default"] is not None:  # as in a shell: also if it is empty
            return found["default"]
        if value is None:
            self._missing.append(f"{path}: environment variable {found['name']} is not set")
            return ""
        self.values.append(value)
        return value

    def _secret(self, name: str, key: str, path: str) -> str:
        where = f"{path}: key {key} of Secret {name}"
        try:
            with open(os.path.join(self._secrets, name, key), "rb") as file:
                value = file.read().decode()
        except OSError as error:
            self._missing.append(f"{where} cannot be read: {error.strerror}")
        except UnicodeDecodeError:
            self._missing.append(f"{where} is not text")
        else:
            self.values.append(value)
            return value
        return ""


def secret_reference(node: dict[str, Any]) -> tuple[str, str] | None:
    """Return name and key of the Secret that a mapping references; None for any other mapping."""
    reference = node.get(SECRET_REF)
    if len(node) != 1 or not isinstance(reference, dict) or set(reference) != {"name", "key"}:
        return None
    name, key = reference["name"], reference["key"]
    return (name, key) if isinstance(name, str) and isinstance(key, str) else None


def _below(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
