"""Overrides of settings for some pipelines: matching and merging."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field, ValidationError, field_validator, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from k8s_pipeline_client.domain.validation import worded
from k8s_pipeline_client.settings.fields import Model
from k8s_pipeline_client.settings.server import ServerSettings
from k8s_pipeline_client.settings.syntax import environment, pairs

if TYPE_CHECKING:
    from k8s_pipeline_client.domain.pipeline import Pipeline

PROBLEMS = "overrides"
"""The type of the one error that represents all problems of all overrides; they are listed in its ``ctx``."""

_OF_THE_SERVER = "cannot be overridden: it is about the server or the cluster, not about runs"
NOT_HERE = {
    "namespace": "cannot be overridden: one settings file serves one namespace",
    "overrides": "an override has none of its own",
    **{to_camel(key): _OF_THE_SERVER for key in ServerSettings.model_fields},
    **{str(field.alias): _OF_THE_SERVER for field in ServerSettings.model_fields.values()},
}
"""What an override cannot set, and why."""

_MAPPINGS: Mapping[str, Callable[[Any], Any]] = {
    "extraEnvVars": environment,
    "nodeSelector": pairs,
    "podLabels": pairs,
    "podAnnotations": pairs,
}

Place = tuple[str | int, ...]
"""Where in the settings: keys, and numbers within lists."""

Pattern = Annotated[str, Field(min_length=1)]
Patterns = Annotated[tuple[Pattern, ...], BeforeValidator(lambda value: [value] if isinstance(value, str) else value)]


class Match(Model):
    """Which pipelines: those that fit every key that is given, with any of its patterns (``*``, ``?``, ``[…]``)."""

    service_type: Patterns = ()
    service: Patterns = ()
    type: Patterns = ()
    fqn: Patterns = ()
    name: Patterns = ()
    display_name: Patterns = ()
    instance: Patterns = ()

    @model_validator(mode="after")
    def _names_something(self) -> Match:
        if not any(getattr(self, key) for key in type(self).model_fields):
            raise ValueError(
                "it selects nothing in particular, so it would match everything: set it outside of overrides"
            )
        return self

    def fits(self, pipeline: Pipeline) -> bool:
        """Return whether a pipeline matches."""
        return (
            # OpenMetadata itself writes these in two ways: Postgres and postgres.
            _any([pattern.lower() for pattern in self.service_type], pipeline.service_type.lower())
            and _any([pattern.lower() for pattern in self.type], pipeline.pipeline_type.lower())
            and _any(self.service, pipeline.service)
            and _any(self.fqn, pipeline.fqn)
            and _any(self.name, pipeline.name)
            and _any(self.display_name, pipeline.display_name)
            and _any(self.instance, pipeline.instance)
        )


class Override(Model):
    """Settings for the pipelines that match."""

    match: Match
    settings: dict[str, Any] = Field(min_length=1)
    """By their documented names; checked by `check`, on top of the base."""

    @field_validator("settings")
    @classmethod
    def _one_spelling(cls, value: dict[str, Any]) -> dict[str, Any]:
        result = {to_camel(key): item for key, item in value.items()}
        # A list or a text becomes the mapping that can be merged; a mapping may have nulls, which take keys out.
        for key, parse in _MAPPINGS.items():
            if isinstance(result.get(key), list | str):
                with suppress(ValueError):  # which the check reports
                    result[key] = parse(result[key])
        return result


def values_of(settings: BaseModel) -> dict[str, Any]:
    """Return the values that were set, by their documented names, to merge and validate them again."""
    return settings.model_dump(by_alias=True, exclude_unset=True, exclude={"overrides"})


def merged(base: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """Return values with others merged in, to be validated.

    Mappings are merged, in depth, and a null takes a key out of them; anything else is replaced. The overlays of
    the pod template are not replaced: those of the change are applied after those of the base.
    """
    values = dict(base)
    for key, value in change.items():
        if key == "podTemplate" and isinstance(value, Mapping | list):
            values[key] = [*values.get(key, ()), *([value] if isinstance(value, Mapping) else value)]
        elif key not in NOT_HERE:
            values[key] = _merge(values.get(key), value)
    return values


def check(base: BaseModel, overrides: Sequence[Override]) -> None:
    """Check every override on top of the base.

    Raises:
        PydanticCustomError: Of type `PROBLEMS`.
    """
    values = values_of(base)
    known = set(_located(base, values))
    found: list[tuple[Place, str]] = []
    for number, override in enumerate(overrides):
        where: Place = ("overrides", number, "settings")
        found += [((*where, key), why) for key, why in NOT_HERE.items() if key in override.settings]
        # What is wrong in the base itself is reported there, once.
        wrong = [problem for problem in _located(base, merged(values, override.settings)) if problem not in known]
        found += [((*where, *place), why) for place, why in wrong]
    if found:
        raise PydanticCustomError(PROBLEMS, "{found}", {"found": found})


def path_of(place: Place) -> str:
    """Return a place as people write it: ``tolerations[0].effect``."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).lstrip(".")


def located(error: ValidationError) -> Iterator[tuple[Place, str]]:
    """Yield the place and the text of every problem, without the value: it may be a secret."""
    for item in error.errors(include_url=False):
        if item["type"] == PROBLEMS:
            yield from item["ctx"]["found"]
        else:
            # A key of a mapping is where its value is, for people.
            yield tuple(part for part in item["loc"] if part != "[key]"), worded(item)


def _located(base: BaseModel, values: dict[str, Any]) -> Iterator[tuple[Place, str]]:
    try:
        type(base).model_validate(values)
    except ValidationError as error:
        yield from located(error)


def _any(patterns: Sequence[str], value: str) -> bool:
    return not patterns or any(fnmatchcase(value, pattern) for pattern in patterns)


def _merge(base: Any, change: Any) -> Any:
    if not isinstance(change, Mapping):
        return change
    result = dict(base) if isinstance(base, Mapping) else {}
    for key, value in change.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = _merge(result.get(key), value)
    return result
