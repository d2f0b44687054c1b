"""Reads definitions from files, folders and standard input."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from k8s_pipeline_client.cli.folders import SUFFIXES, files_in, left_out_text, other_than_definitions
from k8s_pipeline_client.cli.output import note, warn
from k8s_pipeline_client.domain.entities import Document
from k8s_pipeline_client.domain.expiry import expiry_warning
from k8s_pipeline_client.domain.pipeline import Pipeline
from k8s_pipeline_client.domain.recognise import Definition, recognise
from k8s_pipeline_client.domain.resolve import resolve_all
from k8s_pipeline_client.domain.validation import Place
from k8s_pipeline_client.domain.yamltext import UnusableTextError, line_of, load_documents
from k8s_pipeline_client.errors import DefinitionError, DefinitionsError, InputError, NotRunByPipelinesError
from k8s_pipeline_client.inputfile import MAX_BYTES, TOO_LARGE, UnreadableError, at_line, read_limited
from k8s_pipeline_client.launcher.token import token_in
from k8s_pipeline_client.settings.given import connection_for, lacks_connection

if TYPE_CHECKING:
    from k8s_pipeline_client.settings import Settings

_LOG = logging.getLogger(__name__)

T = TypeVar("T")

MAX_TOTAL_BYTES = 64 * 2**20
"""The limit for all definitions together: some thousand pipelines in memory."""


def read_pipelines(
    paths: Iterable[Path],
    services: Iterable[Path] = (),
    *,
    settings: Settings | None = None,
    strict: bool = False,
) -> list[Pipeline]:
    """Return the pipelines that the files define, with their services.

    Args:
        paths: Files and folders, ``-`` for standard input.
        services: The same, with services whose connections go into the documents of their pipelines.
        settings: They say which OpenMetadata it is, and how it is reached where a definition does not.
        strict: Refuse what OpenMetadata does not run as a pipeline, instead of skipping it beside others.

    Raises:
        InputError: A file cannot be read, or holds nothing that can be used.
        DefinitionsError: Several things are wrong, in whichever files.
    """
    paths = list(paths)
    if not paths:
        raise InputError("nothing to read", hint="name files or folders with -f")
    read = _Read()
    for sources, with_connection in ((paths, False), (services, True)):
        for path, in_folder in _expand(sources):
            read.file(path, with_connection=with_connection, in_folder=in_folder)
    now = datetime.now(UTC)
    instance = settings.instance if settings else None
    connection = read.connection(settings)
    pipelines, errors = resolve_all(read.definitions, now=now, connection=connection, instance=instance)
    if read.errors:  # what is missing may stand in what could not be read
        errors = [error for error in errors if error.code != "ServiceMissing"]
    not_run = [error for error in errors if isinstance(error, NotRunByPipelinesError)]
    if pipelines and not strict:
        errors = [error for error in errors if error not in not_run]
        for error in not_run:
            note(f"skipped: {error}")
    if read.errors or errors:
        raise DefinitionsError.of([*read.errors, *errors])
    if not pipelines:
        raise DefinitionError(
            f"there is no pipeline in {', '.join(map(str, paths))}", hint="services alone cannot be run; add -f"
        )
    if settings is None or settings.token_secret is None:  # else those of the definitions are not used
        warn_of_tokens(pipelines, now)
    return pipelines


def warn_of_tokens(pipelines: Iterable[Pipeline], now: datetime) -> None:
    """Warn once of each bot's token in documents that has expired, or soon will."""
    tokens = (token_in(pipeline.document) for pipeline in pipelines)
    for token in dict.fromkeys(token for token in tokens if isinstance(token, str)):
        if text := expiry_warning(token, now):
            warn(text)


def for_all(make: Callable[[Pipeline], T], pipelines: Iterable[Pipeline]) -> list[T]:
    """Return what is made of each pipeline, in their order.

    Raises:
        InputError: It cannot be made of one.
        DefinitionsError: Nor of several.
    """
    made: list[T] = []
    errors: list[InputError] = []
    for pipeline in pipelines:
        try:
            made.append(make(pipeline))
        except InputError as error:
            errors.append(error)
    if errors:
        raise DefinitionsError.of(errors)
    return made


class _Read:
    """What has been read, and what of it cannot be used."""

    def __init__(self) -> None:
        self.definitions: list[Definition] = []
        self.errors: list[InputError] = []
        self._size = 0

    def file(self, path: Path, *, with_connection: bool, in_folder: bool) -> None:
        """Read a file; one of a folder may hold something else."""
        origin = _origin(path)
        try:
            text = _text(path)
        except InputError as error:
            self.errors.append(error)
            return
        self._size += len(text)
        if self._size > MAX_TOTAL_BYTES:
            raise InputError(
                f"the definitions up to {origin} are larger than {MAX_TOTAL_BYTES // 2**20} MiB together",
                hint="use fewer files at once",
            )
        try:
            documents = _parse(text, origin)
        except InputError as error:
            self.errors.append(error)
            return
        if in_folder and (what := other_than_definitions(path.name, documents)):
            _LOG.info("%s is skipped: it is %s", path, what)
            return
        self._documents(documents, text, origin, with_connection=with_connection)

    def _documents(self, documents: list[Any], text: str, origin: str, *, with_connection: bool) -> None:
        present = [(number, document) for number, document in enumerate(documents) if document is not None]
        if not present:
            self.errors.append(DefinitionError(f"{origin} is empty"))
        for position, (number, document) in enumerate(present, start=1):
            where = origin if len(present) == 1 else f"{origin}, document {position}"

            def locate(place: Place, number: int = number) -> str:
                line = line_of(text, number, place)
                return f", line {line}" if line else ""

            try:
                self.definitions += recognise(document, where, with_connection=with_connection, locate=locate)
            except DefinitionError as error:
                self.errors.append(error)

    def connection(self, settings: Settings | None) -> Document | None:
        """Return how OpenMetadata is reached where a definition does not say."""
        try:
            return connection_for(self.definitions, settings) if settings else None
        except DefinitionError as error:
            self.errors.append(error)
            # The others are looked at; of these the one error is enough.
            self.definitions = [item for item in self.definitions if not lacks_connection(item.entity)]
            return None


def read_document(path: Path) -> dict[str, Any]:
    """Return the one mapping that a file holds.

    Raises:
        InputError: It cannot be read, or holds something else.
    """
    documents = _parse(_text(path), str(path))
    if len(documents) != 1 or not isinstance(documents[0], dict):
        raise DefinitionError(
            f"{path} does not contain a single mapping", hint="write the part of the document to change"
        )
    found: dict[str, Any] = documents[0]
    return found


def _expand(paths: Iterable[Path]) -> Iterator[tuple[Path, bool]]:
    """Yield the files, each with whether a folder was named and not the file."""
    for path in paths:
        if path.is_dir():
            found, left_out = files_in(path)
            if left_out:
                note(left_out_text(path, left_out))
            if not found:
                raise InputError(f"folder {path} has no {', '.join(SUFFIXES)} file")
            yield from ((file, True) for file in found)
        else:
            yield path, False


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
        raise DefinitionError(f"{origin} is not UTF-8 text{at_line(error)}", hint="save it as UTF-8") from error


def _parse(text: str, origin: str) -> list[Any]:
    try:
        return load_documents(text)
    except UnusableTextError as error:
        raise DefinitionError(error.at(origin)) from error
