"""Text files that settings name."""

from __future__ import annotations

from pathlib import Path

from k8s_pipeline_client.errors import SettingsError
from k8s_pipeline_client.inputfile import UnreadableError, at_line, read_limited


def text_of(path: Path, what: str) -> str:
    """Return a file's text.

    Args:
        path: The file.
        what: What it is, for the error.

    Raises:
        SettingsError: It cannot be read, or is not UTF-8.
    """
    try:
        return read_limited(path).decode("utf-8-sig")  # some editors begin a file with a byte order mark
    except UnreadableError as error:
        raise SettingsError(f"{what} {path} cannot be read: {error}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{what} {path} is not UTF-8 text{at_line(error)}", hint="save it as UTF-8") from error
