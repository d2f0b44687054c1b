"""Reads settings: the file, and above it the flags."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic.alias_generators import to_camel

from k8s_pipeline_client.domain.yamltext import UnusableTextError, load_document
from k8s_pipeline_client.errors import SettingsError
from k8s_pipeline_client.settings.models import Settings
from k8s_pipeline_client.settings.overrides import problems


def load_settings(path: Path | None = None, **flags: Any) -> Settings:
    """Read the settings file, if any; flags that are not None win.

    Raises:
        SettingsError: The file cannot be read, or values cannot be used; all of them are named at once.
    """
    values: dict[str, Any] = dict(_read(path)) if path is not None else {}
    values |= {to_camel(key): value for key, value in flags.items() if value is not None}
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        found = "; ".join(f"{where or 'settings'}: {why}" for where, why in problems(error))
        source = str(path) if path is not None else "the flags"
        raise SettingsError(f"settings from {source} cannot be used: {found}") from None


def _read(path: Path) -> Mapping[str, Any]:
    try:
        content = load_document(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"settings file {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"settings file {path} is not YAML: not UTF-8") from None
    except UnusableTextError as error:
        raise SettingsError(error.at(f"settings file {path}")) from None
    if not isinstance(content, Mapping | None):
        raise SettingsError(f"settings file {path} holds no mapping of setting to value")
    return content or {}
