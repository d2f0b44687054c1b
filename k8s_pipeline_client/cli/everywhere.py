"""-A: what commands that only read show of all namespaces."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import click

from k8s_pipeline_client.cli.options import Globals

if TYPE_CHECKING:
    from k8s_pipeline_client.client.everywhere import AllNamespaces

T = TypeVar("T")

all_namespaces_option = click.option(
    "-A",
    "--all-namespaces",
    "everywhere",
    is_flag=True,
    help="In all namespaces; needs permission to list cluster-wide.",
)


def check_everywhere(values: Globals, *beside: tuple[str, object]) -> None:
    """Check what was given beside -A.

    Args:
        values: The options of every command.
        beside: What means one namespace: its name, and whether it was given.

    Raises:
        click.UsageError: It means another place, or its result would not tell the namespaces.
    """
    for name, given in (("-n", values.namespace is not None), *beside):
        if given:
            raise click.UsageError(f"-A and {name} are mutually exclusive: {name} is about one namespace.")
    if values.output == "name":
        # What is piped on would be done to objects of these names in another namespace.
        raise click.UsageError("-o name does not show the namespaces of -A; use -o json or -o custom-columns=….")


def all_namespaces(values: Globals) -> AllNamespaces:
    """Connect to the cluster until the command ends, for all namespaces."""
    from k8s_pipeline_client.client.everywhere import AllNamespaces

    found = AllNamespaces.connect(values.settings(), kubeconfig=values.kubeconfig, context=values.context)
    values.keep_time(found)
    click.get_current_context().call_on_close(found.close)
    return found


def with_namespaces(headers: list[str], *, everywhere: bool) -> list[str]:
    """Return the headers of a table, with that of the namespaces where it shows all of them."""
    return ["NAMESPACE", *headers] if everywhere else headers
