"""Selects the cluster and the user of a context, and validates both."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from k8s_pipeline_client.cluster.kubeconfig.models import Cluster, Context, Exec, Kubeconfig, User
from k8s_pipeline_client.errors import InputError, LoginError

_EXEC_VERSIONS = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")
_MODES = ("Never", "IfAvailable", "Always")
_PROXIES = ("http", "https", "socks5", "socks5h")


@dataclass(frozen=True)
class Selected:
    """The cluster and the user of a context.

    Attributes:
        cluster: The cluster entry.
        user: The user entry; None without credentials, as for ``kubectl proxy``.
        name: The user, for error messages.
    """

    cluster: Cluster
    user: User | None
    name: str


def select(config: Kubeconfig, context: str | None, what: str) -> Selected:
    """Return the cluster and the user of a context.

    Args:
        config: The merged kubeconfig.
        context: The context's name; the current one if None.
        what: The kubeconfig, for error messages.

    Raises:
        InputError: There is no such context or cluster, or the cluster entry is invalid.
        LoginError: The user entry is invalid.
    """
    chosen = _context(config, context, what)
    if not chosen.cluster:
        raise InputError(f"{what}: the context has no cluster", hint=_known("clusters", config.clusters))
    name = f"{what}: cluster {chosen.cluster!r}"
    if chosen.cluster not in config.clusters:
        raise InputError(f"{name} does not exist", hint=_known("clusters", config.clusters))
    cluster = config.clusters[chosen.cluster]
    _check_cluster(cluster, name)
    name = f"{what}: user {chosen.user!r}"
    if cluster.server.startswith("http://"):
        # kubectl sends no credentials over plain HTTP either: the server at that address (kubectl proxy) adds its own.
        _check_in_the_open(config.users.get(chosen.user, User()), name)
        return Selected(cluster, None, name)
    if not chosen.user:
        raise LoginError(f"{what}: the context has no user", hint=_known("users", config.users))
    if chosen.user not in config.users:
        raise LoginError(f"{name} does not exist", hint=_known("users", config.users))
    user = config.users[chosen.user]
    _check_user(user, name)
    return Selected(cluster, user, name)


def _context(config: Kubeconfig, context: str | None, what: str) -> Context:
    name = context if context is not None else config.current_context
    hint = _known("contexts", config.contexts)
    if not name:
        raise InputError(
            f"{what} has no current-context",
            code="NoCurrentContext",
            facts={"contexts": tuple(sorted(config.contexts))},
            hint=f"give a context; {hint}",
        )
    if name not in config.contexts:
        raise InputError(f"{what}: context {name!r} does not exist", hint=hint)
    return config.contexts[name]


def _known(part: str, names: dict[str, object] | object) -> str:
    listed = ", ".join(sorted(names)) if isinstance(names, dict) else ""
    return f"its {part} are {listed}" if listed else f"it has no {part}"


def _check_cluster(cluster: Cluster, name: str) -> None:
    try:
        address = urlsplit(cluster.server)
        _ = address.port
    except ValueError:
        raise InputError(f"{name}: its server is not a valid URL", hint="use one such as https://host:6443") from None
    if "@" in address.netloc:
        raise InputError(f"{name}: credentials in the server's URL are not supported", hint="move them to the user")
    if address.scheme not in ("http", "https") or not _is_host(address.hostname):
        raise InputError(
            f"{name}: server {cluster.server!r} is not a valid URL", hint="use one such as https://host:6443"
        )
    if cluster.tls_server_name and not _is_host(cluster.tls_server_name):
        raise InputError(f"{name}: its tls-server-name is not a host name", hint="correct or remove it")
    if cluster.certificate_authority and cluster.certificate_authority_data:
        raise InputError(f"{name} has both certificate-authority and certificate-authority-data", hint="remove one")
    if cluster.insecure_skip_tls_verify and (cluster.certificate_authority or cluster.certificate_authority_data):
        raise InputError(
            f"{name} has both a certificate-authority and insecure-skip-tls-verify",
            hint="remove one, preferably the latter",
        )
    proxy = cluster.proxy_url.get_secret_value()
    if proxy and proxy.partition("://")[0] not in _PROXIES:
        raise InputError(f"{name}: its proxy-url is not a valid URL", hint="use one such as http://host:port")


def _is_host(name: str | None) -> bool:
    """Return whether a host name can be resolved: DNS has length limits, and lone surrogates cannot be encoded."""
    try:
        return bool((name or "").encode("idna"))
    except UnicodeError:
        return False


def _check_in_the_open(user: User, name: str) -> None:
    if user.as_ or user.as_uid or user.as_groups or user.as_user_extra:
        raise LoginError(
            f"{name} has `as`, but impersonation over plain HTTP is not supported: it would not be sent",
            hint="use an https:// server",
        )


def _check_user(user: User, name: str) -> None:
    problem, hint = _problem(user)
    if problem:
        raise LoginError(f"{name} {problem}", hint=hint)


def _problem(user: User) -> tuple[str, str]:
    """Return the first problem of a user entry, in kubectl's order, with a hint; empty if it is valid."""
    if user.auth_provider is not None:
        provider = str(user.auth_provider.get("name"))
        return f"has auth-provider {provider!r}, which is not supported", "use an exec plugin"
    if (user.as_uid or user.as_groups or user.as_user_extra) and not user.as_:
        return "has as-uid, as-groups or as-user-extra without `as`", "add `as`, or remove them"
    if user.token.get_secret_value() and (user.username or user.password.get_secret_value()):
        return "has both a token and a username", "remove one"
    for part in ("client_certificate", "client_key"):
        data = getattr(user, f"{part}_data")
        if getattr(user, part) and (data if isinstance(data, str) else data.get_secret_value()):
            option = part.replace("_", "-")
            return f"has both {option} and {option}-data", "remove one"
    has_certificate = bool(user.client_certificate or user.client_certificate_data)
    if has_certificate != bool(user.client_key or user.client_key_data.get_secret_value()):
        missing = "client-key" if has_certificate else "client-certificate"
        return f"has no {missing}", f"add it, or {missing}-data: a certificate and its key go together"
    if user.exec_ is not None:
        return _problem_of_plugin(user.exec_)
    if not (has_certificate or user.token.get_secret_value() or user.token_file or user.username):
        return "has no credentials", "add a token, a client certificate or an exec plugin"
    return "", ""


def _problem_of_plugin(plugin: Exec) -> tuple[str, str]:
    if not plugin.command:
        return "has an exec plugin without a command", "add it"
    if plugin.api_version not in _EXEC_VERSIONS:
        given = f"with apiVersion {plugin.api_version!r}" if plugin.api_version else "without apiVersion"
        return f"has an exec plugin {given}", f"{' and '.join(_EXEC_VERSIONS)} are supported; update the plugin"
    if any(not variable.name for variable in plugin.env):
        return "has an exec plugin with an environment variable without a name", "add it"
    mode = plugin.interactive_mode
    if mode not in _MODES and (mode or plugin.api_version == _EXEC_VERSIONS[0]):
        given = f"with interactiveMode {mode!r}" if mode else "without interactiveMode"
        return f"has an exec plugin {given}", f"use one of {', '.join(_MODES)}"
    return "", ""
