"""Judges OpenMetadata: its address, its version against the image, the token and what it allows, the service. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from k8s_pipeline_client.doctor.facts import Facts, Probed, ServerFacts, ServiceFacts, Unknown
from k8s_pipeline_client.doctor.finding import Finding, ok, problem, unknown, warning
from k8s_pipeline_client.domain.connection import Claims
from k8s_pipeline_client.domain.image import base_of, line_of, version_in, version_of, with_entry_points
from k8s_pipeline_client.domain.rfc3339 import rfc3339
from k8s_pipeline_client.errors import PipelineError

SOON = timedelta(days=14)
"""Whoever has to ask somebody for a new token needs some days."""
NEEDED = {
    "ingestionPipeline": (("ViewAll",), ("EditIngestionPipelineStatus", "EditAll")),
    "table": (("Create",), ("EditAll",)),
}
"""What a bot needs, by resource: of each group one operation. Tables stand for all that an ingestion writes."""
_ENDPOINT = "set metadataApiEndpoint, such as http://openmetadata:8585/api"


def image(facts: Facts) -> Iterator[Finding]:
    """Judge the ingestion image by its name, and by its version against the server's."""
    if base_of(facts.image):
        text = f"ingestionImage {facts.image} is Airflow's: it has no main.py, and every run fails"
        yield problem("image", "AirflowImage", text, with_entry_points(facts.image))
        return
    version = facts.server.version
    if isinstance(version, Unknown | PipelineError):
        yield unknown("image", f"cannot tell whether {facts.image} fits OpenMetadata: the server's version is unknown")
        return
    yield fit(facts.image, version)


def fit(image: str, version: str) -> Finding:
    """Judge an ingestion image by its tag against a server's version: runs refuse one of another line."""
    ours, theirs = line_of(version_of(image)), line_of(version_in(version))
    if not ours or not theirs:
        which = "its tag is not a version" if theirs else "the server's version is not a number"
        return unknown("image", f"cannot tell whether {image} fits OpenMetadata {version}: {which}")
    if ours != theirs:
        fault = f"the ingestion image {image} is made for {ours}: runs refuse to start"
        text = f"OpenMetadata is version {version}, and {fault}"
        return problem("image", "VersionMismatch", text, f"set ingestionImage to one of {theirs}")
    return ok("image", f"{image} is made for OpenMetadata {theirs}")


def openmetadata(facts: ServerFacts) -> Iterator[Finding]:
    """Judge whether OpenMetadata responds: here, and to pods."""
    if not facts.address:
        yield unknown("openmetadata", "no address of OpenMetadata is set", _ENDPOINT, code="NoAddress")
    elif isinstance(facts.version, str):
        yield ok("openmetadata", f"{facts.address} responds, version {facts.version}")
    elif isinstance(facts.version, PipelineError):
        # Pods may well reach what we do not: an address within the cluster.
        seen = isinstance(facts.probed, Probed) and bool(facts.probed.version)
        make = warning if seen else problem
        hint = facts.version.hint or "check the address"
        yield make("openmetadata", facts.version.code, facts.version.message, hint)
    else:
        yield unknown("openmetadata", f"cannot tell whether {facts.address} responds: {facts.version.why}")


def probe(facts: ServerFacts) -> Iterator[Finding]:
    """Judge what a pod saw of OpenMetadata."""
    found = facts.probed
    if found is None:
        if facts.endpoint:
            text = f"cannot tell whether pods reach {facts.endpoint}"
            yield unknown("probe", text, "check from a pod", code="NotProbed")
        return
    if isinstance(found, Unknown):
        yield unknown("probe", f"cannot tell whether pods reach OpenMetadata: {found.why}")
    elif found.version:
        yield ok("probe", f"a pod reaches {facts.endpoint}, version {found.version}")
    elif found.stuck:
        hint = "fix what the other checks report; kubectl describe pod of a run says more"
        yield problem("probe", "ProbeStuck", f"the probe's pod did not run: {found.stuck}", hint)
    else:
        hint = "check metadataApiEndpoint, NetworkPolicies, and proxies that pods need (extraEnvVars)"
        yield problem("probe", "PodsCannotReach", f"a pod does not reach {facts.endpoint}: {found.failure}", hint)


def token(facts: ServerFacts, now: datetime) -> Iterator[Finding]:
    """Judge the bot's token: whose, until when, accepted, and what it allows."""
    claims = facts.token
    if isinstance(claims, Unknown):
        yield unknown("token", f"cannot check the bot's token: {claims.why}", "set serverTokenFile or tokenSecret")
        return
    whose = f"the token of {claims.bot}" if claims.bot else "the token, which names nobody,"
    new = "create a new one in OpenMetadata (Settings, Bots), and use rotate-token"
    if claims.expires_at is not None and claims.expires_at <= now:
        text = f"{whose} expired at {rfc3339(claims.expires_at)}"
        yield problem("token", "TokenExpired", text, new)
        return
    if isinstance(facts.accepted, PipelineError):
        yield unknown("token", f"cannot tell whether OpenMetadata accepts {whose}: {facts.accepted.message}")
    elif facts.accepted is False:
        yield problem("token", "TokenRejected", f"{facts.address} rejects {whose}", new)
        return
    elif isinstance(facts.accepted, Unknown):
        yield unknown("token", f"cannot tell whether OpenMetadata accepts {whose}: {facts.accepted.why}")
    else:
        yield ok("token", f"{facts.address} accepts {whose}")
    yield _end(claims, whose, now, new)
    yield from _allowed(facts, whose)


def _end(claims: Claims, whose: str, now: datetime, new: str) -> Finding:
    end = claims.expires_at
    if claims.unreadable:
        text = f"until when {whose} is valid cannot be read: {claims.unreadable}"
        hint = "copy it completely from OpenMetadata (Settings, Bots), without quotes or a prefix such as Bearer"
        return warning("token-end", "TokenUnreadable", text, hint)
    if end is None:
        return ok("token-end", f"{whose} does not expire: it has no claim exp")
    if end - now < SOON:
        return warning("token-end", "TokenExpiresSoon", f"{whose} expires at {rfc3339(end)}", new)
    return ok("token-end", f"{whose} is valid until {end:%Y-%m-%d}")


def _allowed(facts: ServerFacts, whose: str) -> Iterator[Finding]:
    if isinstance(facts.allowed, Unknown):
        yield unknown("token-rights", f"cannot tell what {whose} allows: {facts.allowed.why}")
        return
    missing = [
        f"{' or '.join(group)} on {resource}"
        for resource, groups in NEEDED.items()
        for group in groups
        if not set(group) & facts.allowed.get(resource, frozenset())
    ]
    if missing:
        hint = "give the bot the role of ingestion bots (IngestionBotRole), or use ingestion-bot's token"
        text = f"{whose} does not allow {', '.join(missing)}"
        yield problem("token-rights", "TokenRightsMissing", text, hint)
    else:
        yield ok("token-rights", f"{whose} allows what ingestion and reporter need")


def service(facts: ServiceFacts) -> Iterator[Finding]:
    """Judge the HTTP service by its health, asked as OpenMetadata's server asks."""
    said = f": {facts.said}" if facts.said else ""
    if facts.status == 200 and facts.said:
        hint = "use the URL of the service without a path, as apiEndpoint has it"
        yield problem("service", "NotTheService", f"{facts.url} is not the pipeline service{said}", hint)
    elif facts.status == 200:
        yield ok("service", f"{facts.url} is healthy, and accepts the password")
    elif facts.status in (401, 403):
        hint = "use the password that the service was given, and that OpenMetadata has in its configuration"
        yield problem("service", "ServicePasswordRejected", f"{facts.url} rejects user or password", hint)
    elif not facts.status:
        hint = "check the URL, that the service runs, and NetworkPolicies"
        yield problem("service", "ServiceUnreachable", f"{facts.url} does not respond{said}", hint)
    elif facts.status == 404:
        hint = "use the URL of the service without a path, as apiEndpoint has it"
        yield problem("service", "NotTheService", f"{facts.url} is not the pipeline service: 404", hint)
    else:
        text = f"{facts.url} is unhealthy: {facts.status}{said}"
        yield problem("service", "ServiceUnhealthy", text, "fix what it reports; its log has more")
