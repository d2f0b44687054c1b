"""Reads definitions from files, folders and standard input."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from k8s_pipeline_client.domain.pipeline import Pipeline, resolve
from k8s_pipeline_client.domain.recognise import Definition, recognise
from k8s_pipeline_client.domain.yamltext import UnusableTextError, load_documents
from k8s_pipeline_client.errors import DefinitionError, InputError
from k8s_pipeline_client.settings.given import connection_for

if TYPE_CHECKING:
    from k8s_pipeline_client.settings import Settings

_SUFFIXES = (".json", ".yaml", ".yml")


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
    definitions = [definition for path in _expand(paths) for definition in _read(path)]
    definitions += [item for path in _expand(services) for item in _read(path, with_connection=True)]
    pipelines = resolve(
        definitions,
        now=datetime.now(UTC),
        connection=connection_for(definitions, settings) if settings else None,
        instance=settings.instance if settings else None,
    )
    if not pipelines:
        raise DefinitionError(
            f"there is no pipeline in {', '.join(map(str, paths))}", hint="services alone are not run; add -f"
        )
    return pipelines


def read_document(path: Path) -> dict[str, Any]:
    """Return the one mapping that a file holds.

    Raises:
        InputError: It cannot be read, or holds something else.
    """
    documents = _parse(_text(path, str(path)), str(path))
    if len(documents) != 1 or not isinstance(documents[0], dict):
        raise DefinitionError(f"{path} does not hold one mapping", hint="write the part of the document to change")
    found: dict[str, Any] = documents[0]
    return found


def _expand(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            found = sorted(
                file
                for file in path.rglob("*")
                if file.suffix.lower() in _SUFFIXES
                and file.is_file()
                and not any(part.startswith(".") for part in file.relative_to(path).parts)
            )
            if not found:
                raise InputError(f"folder {path} holds no {', '.join(_SUFFIXES)} file")
            yield from found
        else:
            yield path


def _read(path: Path, *, with_connection: bool = False) -> Iterator[Definition]:
    origin = "standard input" if str(path) == "-" else str(path)
    documents = [document for document in _parse(_text(path, origin), origin) if document is not None]
    if not documents:
        raise DefinitionError(f"{origin} is empty")
    for number, document in enumerate(documents, start=1):
        where = origin if len(documents) == 1 else f"{origin}, document {number}"
        yield from recognise(document, where, with_connection=with_connection)


def _text(path: Path, origin: str) -> str:
    try:
        return _bytes(path).decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"{origin} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise DefinitionError(f"{origin} is not UTF-8 text (byte {error.start})") from None


def _bytes(path: Path) -> bytes:
    if str(path) != "-":
        return path.read_bytes()
    if sys.stdin is None:
        raise InputError("standard input cannot be read: it is closed", hint="pipe definitions in, or name a file")
    return sys.stdin.buffer.read()


def _parse(text: str, origin: str) -> list[Any]:
    try:
        return load_documents(text)
    except UnusableTextError as error:
        raise DefinitionError(error.at(origin)) from None
