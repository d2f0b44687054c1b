"""Reads definitions from files, folders and standard input."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from k8s_pipeline_client.cli.folders import SUFFIXES, files_in, left_out_text
from k8s_pipeline_client.cli.output import note
from k8s_pipeline_client.domain.pipeline import Pipeline, resolve
from k8s_pipeline_client.domain.recognise import Definition, recognise
from k8s_pipeline_client.domain.yamltext import UnusableTextError, load_documents
from k8s_pipeline_client.errors import DefinitionError, InputError
from k8s_pipeline_client.inputfile import MAX_BYTES, TOO_LARGE, UnreadableError, read_limited
from k8s_pipeline_client.settings.given import connection_for

if TYPE_CHECKING:
    from k8s_pipeline_client.settings import Settings

MAX_TOTAL_BYTES = 64 * 2**20
"""Of all definitions together: some thousand pipelines, parsed in memory."""


def read_pipelines(
    paths: Iterable[Path], services: Iterable[Path] = (), *, settings: Settings | None = None
) -> list[Pipeline]:
    """Return the pipelines that the files define, with their services.

    Args:
        paths: Files and folders, ``-`` for standard input.
        services: The same, with services whose connections go into the documents of their pipelines.
        settings: They say which OpenMetadata it is, and how it is reached where a definition does not.

    Raises:
        InputError: A file cannot be read, or holds nothing that can be used.
    """
    paths = list(paths)
    if not paths:
        raise InputError("nothing to read", hint="name files or folders with -f")
    definitions: list[Definition] = []
    size = 0
    for sources, with_connection in ((paths, False), (services, True)):
        for path in _expand(sources):
            text = _text(path)
            size += len(text)
            if size > MAX_TOTAL_BYTES:
                raise InputError(
                    f"the definitions up to {_origin(path)} are larger than {MAX_TOTAL_BYTES // 2**20} MiB together",
                    hint="use fewer files at once",
                )
            definitions += _definitions(text, _origin(path), with_connection=with_connection)
    pipelines = resolve(
        definitions,
        now=datetime.now(UTC),
        connection=connection_for(definitions, settings) if settings else None,
        instance=settings.instance if settings else None,
    )
    if not pipelines:
        raise DefinitionError(
            f"there is no pipeline in {', '.join(map(str, paths))}", hint="services alone cannot be run; add -f"
        )
    return pipelines


def read_document(path: Path) -> dict[str, Any]:
    """Return the one mapping that a file holds.

    Raises:
        InputError: It cannot be read, or holds something else.
    """
    documents = _parse(_text(path), str(path))
    if len(documents) != 1 or not isinstance(documents[0], dict):
        raise DefinitionError(f"{path} does not hold one mapping", hint="write the part of the document to change")
    found: dict[str, Any] = documents[0]
    return found


def _expand(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            found, left_out = files_in(path)
            if left_out:
                note(left_out_text(path, left_out))
            if not found:
                raise InputError(f"folder {path} has no {', '.join(SUFFIXES)} file")
            yield from found
        else:
            yield path


def _definitions(text: str, origin: str, *, with_connection: bool) -> Iterator[Definition]:
    documents = [document for document in _parse(text, origin) if document is not None]
    if not documents:
        raise DefinitionError(f"{origin} is empty")
    for number, document in enumerate(documents, start=1):
        where = origin if len(documents) == 1 else f"{origin}, document {number}"
        yield from recognise(document, where, with_connection=with_connection)


def read_stdin(hint: str) -> bytes:
    """Return what standard input holds.

    Raises:
        InputError: It is closed, or holds too much; ``hint`` says what to do.
    """
    if sys.stdin is None:
        raise InputError("standard input cannot be read: it is closed", hint=hint)
    try:
        found = sys.stdin.buffer.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"standard input cannot be read: {error.strerror}", hint=hint) from error
    if len(found) > MAX_BYTES:
        raise InputError(f"standard input cannot be read: {TOO_LARGE}", hint=hint)
    return found


def _origin(path: Path) -> str:
    return "standard input" if str(path) == "-" else str(path)


def _text(path: Path) -> str:
    origin = _origin(path)
    try:
        found = read_stdin("pipe definitions, or use files") if str(path) == "-" else read_limited(path)
        return found.decode("utf-8-sig")
    except UnreadableError as error:
        raise InputError(f"{origin} cannot be read: {error}") from error
    except UnicodeDecodeError as error:
        raise DefinitionError(f"{origin} is not UTF-8 text (byte {error.start})") from error


def _parse(text: str, origin: str) -> list[Any]:
    try:
        return load_documents(text)
    except UnusableTextError as error:
        raise DefinitionError(error.at(origin)) from error
