"""Parses and merges kubeconfig files."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError

from k8s_pipeline_client.cluster.kubeconfig.models import Cluster, Document, Kubeconfig, User
from k8s_pipeline_client.domain.validation import path_text, worded
from k8s_pipeline_client.domain.yamltext import UnusableTextError, load_document
from k8s_pipeline_client.errors import InputError
from k8s_pipeline_client.inputfile import UnreadableError, read_limited

_HINT = "check it with kubectl config view"


def read(paths: Iterable[Path]) -> Kubeconfig:
    """Read files and merge them: an entry is taken as a whole from the first file that has it.

    Raises:
        InputError: One of them cannot be read, or is not a kubeconfig.
    """
    found = Kubeconfig()
    for path in paths:
        what = f"kubeconfig {path}"
        found = found.with_later(parse(_text(path, what), what, folder=path.absolute().parent))
    return found


def parse(text: str, what: str, *, folder: Path | None = None) -> Kubeconfig:
    """Parse one kubeconfig; it may be empty.

    Args:
        text: JSON or YAML.
        what: Its name, for error messages.
        folder: The folder that its paths are relative to; the current one if None.

    Raises:
        InputError: It is not a kubeconfig.
    """
    try:
        content = load_document(text)
    except UnusableTextError as error:
        raise InputError(f"{what} cannot be used: {error}", hint=_HINT) from error
    if content is None:
        return Kubeconfig()
    if not isinstance(content, dict):
        raise InputError(f"{what} cannot be used: it is not a mapping", hint=_HINT)
    try:
        document = Document.model_validate(content)
    except ValidationError as error:
        raise InputError(f"{what} cannot be used: {_first(error)}", hint=_HINT) from None
    if (document.kind, document.api_version) != ("Config", "v1"):
        raise InputError(
            f"{what} cannot be used: it is a {document.kind} of {document.api_version}, not a Config of v1", hint=_HINT
        )
    for part in ("clusters", "contexts", "users"):
        _check_names(part, [item.name for item in getattr(document, part)], what)
    base = folder or Path.cwd()
    return Kubeconfig(
        current_context=document.current_context,
        clusters={item.name: _cluster_of(item.cluster, base) for item in document.clusters},
        contexts={item.name: item.context for item in document.contexts},
        users={item.name: _user_of(item.user, base) for item in document.users},
    )


def _text(path: Path, what: str) -> str:
    try:
        return read_limited(path).decode("utf-8-sig")
    except UnreadableError as error:
        raise InputError(f"{what} cannot be read: {error}", hint=_HINT) from error
    except UnicodeDecodeError as error:
        raise InputError(f"{what} cannot be used: it is not UTF-8 text", hint=_HINT) from error


def _first(error: ValidationError) -> str:
    """Return the first problem and its place, without the value, which may be a secret."""
    found = error.errors(include_url=False)[0]
    where = path_text(tuple(part for part in found["loc"] if part != "[key]"))
    return f"{where}: {worded(found)}" if where else worded(found)


def _check_names(part: str, names: list[str], what: str) -> None:
    # kubectl rejects the file then.
    for name, times in Counter(names).items():
        if times > 1:
            raise InputError(f"{what} cannot be used: {part} has {times} entries named {name!r}", hint=_HINT)


def _cluster_of(cluster: Cluster, base: Path) -> Cluster:
    return cluster.model_copy(update={"certificate_authority": _absolute(cluster.certificate_authority, base)})


def _user_of(user: User, base: Path) -> User:
    update: dict[str, object] = {
        name: _absolute(getattr(user, name), base) for name in ("client_certificate", "client_key", "token_file")
    }
    # A command without a slash is looked up in PATH.
    if user.exec_ is not None and os.sep in user.exec_.command:
        command = _absolute(user.exec_.command, base)
        update["exec_"] = user.exec_.model_copy(update={"command": command})
    return user.model_copy(update=update)


def _absolute(path: str, base: Path) -> str:
    return str(base / path) if path else ""
