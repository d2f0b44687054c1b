"""Options that every command has, before or after its name, and what they lead to."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from k8s_pipeline_client.cli.formats import Output
from k8s_pipeline_client.cli.offering import complete_context, complete_namespace
from k8s_pipeline_client.domain.duration import parse_duration

if TYPE_CHECKING:
    from k8s_pipeline_client.client import Pipelines
    from k8s_pipeline_client.client.everywhere import AllNamespaces
    from k8s_pipeline_client.cluster.port import Cluster
    from k8s_pipeline_client.settings import Loaded, Settings

_LOG = logging.getLogger(__name__)
_DAYS = re.compile(r"(\d{1,6})d")

_FOR_PEOPLE = ("table", "wide")
_PLACE = ("config", "namespace", "kubeconfig", "context")

F = TypeVar("F", bound=Callable[..., Any])


@dataclass
class Globals:
    """What the options that every command has were set to."""

    config: tuple[Path, ...] = ()
    namespace: str | None = None
    kubeconfig: Path | None = None
    context: str | None = None
    output: str | None = None
    verbose: int = 0
    color: str | None = None
    place: dict[str, str | tuple[str, ...]] = field(default_factory=dict)
    """Those typed options that say where: the next command that we suggest needs them too."""
    has_result: bool = False
    """Whether a result has been printed."""
    quiet: bool = False
    """Whether warnings are left out, as while a word is being typed."""
    _client: Pipelines | AllNamespaces | None = field(default=None, repr=False)
    _loaded: Loaded | None = field(default=None, repr=False)

    def settings(self) -> Settings:
        """Read the settings: files, above them the environment, and above it the flags."""
        return self.loaded().settings

    def loaded(self) -> Loaded:
        """Read the settings with their origins, once; what is to be said about them is said then."""
        from k8s_pipeline_client.cli.logs import show_logs
        from k8s_pipeline_client.cli.output import warn
        from k8s_pipeline_client.settings import load_settings

        if self._loaded is None:
            if not self.quiet:
                show_logs(self.verbose)
            self._loaded = load_settings(
                self.config, namespace=self.namespace, namespace_from=self._namespace_of_context
            )
            for text in () if self.quiet else self._loaded.warnings:
                warn(text)
        return self._loaded

    def log_json(self) -> None:
        """Log JSON lines until the command ends, warnings about the settings included."""
        from k8s_pipeline_client.cli.logs import log_json

        click.get_current_context().call_on_close(log_json(self.verbose))
        self.quiet = True
        for text in self.loaded().warnings:
            _LOG.warning("%s", text)

    def client(self, **options: Any) -> Pipelines:
        """Connect to the cluster until the command ends; the options are those of `Pipelines`."""
        from k8s_pipeline_client.cli.alike import teller
        from k8s_pipeline_client.client import Pipelines
        from k8s_pipeline_client.inventory.find import untold

        told = untold if self.quiet else teller(self.place)
        client = Pipelines.connect(
            self.settings(), kubeconfig=self.kubeconfig, context=self.context, told=told, **options
        )
        self._client = client
        if (command := click.get_current_context(silent=True)) is not None:
            command.call_on_close(client.close)
        return client

    def writer(self, **options: Any) -> Pipelines:
        """Connect as `client` does, for what writes, and say to which namespace where nobody has named one."""
        from k8s_pipeline_client.cli.output import note
        from k8s_pipeline_client.cli.where import unnamed_namespace

        client = self.client(**options)
        if self.format() in _FOR_PEOPLE and not self.quiet and (text := unnamed_namespace(self.loaded())):
            note(text)
        return client

    def cluster(self) -> Cluster:
        """Connect to the cluster until the command ends, for what works on it by itself."""
        from k8s_pipeline_client.client.connecting import connect

        cluster = connect(self.settings(), kubeconfig=self.kubeconfig, context=self.context)
        if (command := click.get_current_context(silent=True)) is not None:
            command.call_on_close(cluster.close)
        return cluster

    def keep_time(self, client: AllNamespaces) -> None:
        """Take what tells the API server's time."""
        self._client = client

    def now(self) -> datetime:
        """Return the API server's time, if it was asked: the clock of this machine may differ from it."""
        return self._client.now() if self._client else datetime.now(UTC)

    def _namespace_of_context(self, settings: Settings) -> tuple[str, str] | None:
        # Not by way of the client, which takes as long to import as all that an offline command does.
        from k8s_pipeline_client.cluster.finding import Way, default_namespace

        way = Way(settings.in_cluster, settings.kube_config_content, settings.kubeconfig_path)
        return default_namespace(self.kubeconfig, self.context, way)

    def format(self, default: str = "table") -> str:
        """Return the output format that was asked for."""
        return self.output or default

    @property
    def is_wide(self) -> bool:
        """Whether tables are to show all that there is."""
        return self.output == "wide"


def common_options(command: F) -> F:
    """Add the options that every command has; the one nearest to the end of the line wins, but for --config."""
    path = click.Path(path_type=Path, dir_okay=False)
    options = [
        _option(
            "--config",
            type=path,
            multiple=True,
            envvar="K8S_PIPELINE_CONFIG",
            help="Settings: a file of ours, the server's openmetadata.yaml, or Helm values. May be repeated.",
        ),
        _option(
            "-n",
            "--namespace",
            type=_Name(),
            shell_complete=complete_namespace,
            help="Namespace of the pipelines; that of the settings, else of the kubeconfig's context, else"
            " openmetadata-pipelines, if not given.",
        ),
        _option("--kubeconfig", type=path, help="Kubeconfig file; as kubectl finds it if not given."),
        _option("--context", type=_Name(), shell_complete=complete_context, help="Context of the kubeconfig."),
        _option("-o", "--output", type=Output(), help="Output format; wide shows more columns."),
        _option(
            "--color",
            type=click.Choice(["auto", "always", "never"]),
            help="Colours: auto is on a terminal, unless NO_COLOR or TERM=dumb; FORCE_COLOR is everywhere.",
        ),
        _option(
            "-v",
            "--verbose",
            count=True,
            help="Show requests, steps, and what led to an error; -vv: with times, and where in the program.",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


pass_globals = click.make_pass_decorator(Globals, ensure=True)


class Duration(click.ParamType[float]):
    """A duration such as ``90s``, ``1h30m`` or, as ages are shown, ``1d17h``; a bare number is seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return seconds."""
        text = str(value)
        days = _DAYS.match(text)
        try:
            rest = text[days.end() :] if days else text
            seconds = float(parse_duration(rest + "s" if rest.isdecimal() else rest)) if rest else 0.0
            seconds += 86400 * int(days[1]) if days else 0
        except ValueError as error:
            self.fail(str(error), param, ctx)
        if seconds < 0:
            self.fail(f"{text!r} is negative", param, ctx)
        return seconds


class _Name(click.ParamType[str]):
    """A name; an empty text, as an unset variable leaves it, would silently mean another place."""

    name = "name"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return it."""
        if not str(value).strip():
            self.fail("it is empty; give a name, or leave the option out", param, ctx)
        return str(value)


class _Source(click.Path):
    """A file, a folder, or ``-``; an empty text, as an unset variable leaves it, would mean the current folder."""

    def convert(
        self, value: str | os.PathLike[str], param: click.Parameter | None, ctx: click.Context | None
    ) -> str | bytes | os.PathLike[str]:
        """Return the path."""
        if not os.fspath(value):
            self.fail("it is empty; name a file or a folder, or - for standard input", param, ctx)
        return super().convert(value, param, ctx)


files_option = partial(
    click.option,
    "-f",
    "--filename",
    "files",
    multiple=True,
    type=_Source(path_type=Path, allow_dash=True),
    metavar="FILE|DIR",
    help="Definitions, JSON or YAML; a folder means all in it; - is standard input. May be repeated.",
)


service_option = partial(
    click.option,
    "--service",
    "services",
    multiple=True,
    type=_Source(path_type=Path, allow_dash=True),
    metavar="FILE|DIR",
    help="Service entities whose connections go into the documents; else runs ask OpenMetadata. May be repeated.",
)


strict_option = partial(
    click.option,
    "--strict",
    is_flag=True,
    help="Refuse what OpenMetadata does not run as a pipeline, instead of skipping it; for CI.",
)


def _option(*names: str, **settings: Any) -> Callable[[F], F]:
    def remember(ctx: click.Context, parameter: click.Parameter, value: Any) -> None:
        assert parameter.name is not None
        source = ctx.get_parameter_source(parameter.name)
        values = ctx.ensure_object(Globals)
        typed = source is ParameterSource.COMMANDLINE
        if not value or not (typed or not getattr(values, parameter.name)):
            return
        option = f"--{parameter.name}"
        if parameter.multiple and option in values.place:  # typed before the command, and after it
            value = (*getattr(values, parameter.name), *value)
        setattr(values, parameter.name, value)
        if parameter.name == "color":
            from k8s_pipeline_client.cli.output import choose_colours

            choose_colours(str(value))
        if typed and parameter.name in _PLACE:
            values.place[option] = tuple(map(str, value)) if parameter.multiple else str(value)

    return click.option(*names, expose_value=False, callback=remember, **settings)
