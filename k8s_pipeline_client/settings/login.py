"""Reads from the server's own files how OpenMetadata authenticates to its pipeline service.

These are no settings of runs, which ignore these keys. ``parameters.username`` and ``password`` stand in
``openmetadata.yaml``; in the chart's values they are ``auth``, whose password is in a Secret.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from k8s_pipeline_client.settings.files import text_of
from k8s_pipeline_client.settings.shapes import blocks_of_a_server

_AUTHS: tuple[tuple[str, ...], ...] = (("auth",), ("airflow", "auth"), ("k8s", "auth"))


@dataclass(frozen=True, slots=True)
class Login:
    """The credentials, as far as they are known.

    Attributes:
        username: None where it is not given.
        password: None where it is not given, or in a Secret.
        secret: The name of a Secret that holds the password.
        key: Under which key.
    """

    username: str | None = None
    password: str | None = field(default=None, repr=False)
    secret: str | None = None
    key: str = "password"


def read_login(paths: Sequence[Path], environ: Mapping[str, str]) -> Login:
    """Read the server's own files, the later ones above the earlier; of all other files nothing is used.

    Args:
        paths: Settings files of any shape.
        environ: The variables that the files may refer to.

    Raises:
        SettingsError: A file cannot be read.
    """
    found = Login()
    for path in paths:
        block = blocks_of_a_server(text_of(path, "settings file"), str(path), environ)
        parameters = _mapping(block, ("parameters",))
        given = _text(parameters.get("username")), _text(parameters.get("password"))
        if all(given):
            found = Login(*given)
        for place in _AUTHS:
            found = _of_chart(_mapping(block, place)) or found
    return found


def _of_chart(auth: Mapping[str, Any]) -> Login | None:
    username, password = _text(auth.get("username")), auth.get("password")
    if username is None:
        return None
    if isinstance(password, str) and _text(password):
        return Login(username, password)
    if isinstance(password, Mapping) and (secret := _text(password.get("secretRef"))) is not None:
        return Login(username, None, secret, _text(password.get("secretKey")) or "password")
    return None


def _mapping(block: Any, path: Sequence[str]) -> Mapping[str, Any]:
    for key in path:
        block = block.get(key) if isinstance(block, Mapping) else None
    return block if isinstance(block, Mapping) else {}


def _text(value: Any) -> str | None:
    """Return a text, or a number as it was written without quotes; None for what is empty or a variable unset."""
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return text if text.strip() and not text.startswith("${") else None
