"""The call: gathers facts, and judges them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from k8s_pipeline_client.cluster.port import Cluster
from k8s_pipeline_client.doctor.ask import Service, ask, ask_server
from k8s_pipeline_client.doctor.facts import ClusterFacts, Facts, Maybe, Probed, Unknown
from k8s_pipeline_client.doctor.finding import Examination
from k8s_pipeline_client.doctor.gather import gather
from k8s_pipeline_client.doctor.judge import judge
from k8s_pipeline_client.doctor.probe import probe_job, send_probe
from k8s_pipeline_client.errors import ClusterError
from k8s_pipeline_client.settings import Settings
from k8s_pipeline_client.settings.given import given_certificates

PROBE_TIMEOUT = 90.0
"""Seconds for a probe's pod: its image may have to be pulled first."""


def _now() -> datetime:
    return datetime.now(UTC)


def examine(
    cluster: Cluster | ClusterError,
    settings: Settings,
    *,
    address: str | None = None,
    token: str | None = None,
    service: Service | None = None,
    probe: bool = False,
    probe_timeout: float = PROBE_TIMEOUT,
    clock: Callable[[], datetime] = _now,
) -> Examination:
    """Look at all that pipelines need; nothing is written but the Job of a probe, which is removed.

    Args:
        cluster: The cluster, or what kept it from being found.
        settings: See `load_settings`.
        address: Where OpenMetadata's API is reached from here; as the settings say if None.
        token: The bot's; as the settings say if None.
        service: The HTTP service, where one is installed.
        probe: Whether a short pod looks if it reaches OpenMetadata.
        probe_timeout: Seconds to wait for it.
        clock: Gives this machine's time, aware.

    Raises:
        InputError: An address or the token is invalid, or a file of the settings cannot be read.
        SettingsError: No pod can be made of the settings.
    """
    if isinstance(cluster, ClusterError):
        here, usable = ClusterFacts(settings.namespace, unreachable=cluster), None
    else:
        here = gather(cluster, settings, clock)
        usable = None if here.unreachable or here.exists is False else cluster

    def look() -> Maybe[Probed]:
        if usable is None:
            return Unknown("there is no namespace to send a pod to")
        endpoint = settings.metadata_api_endpoint or address
        if not endpoint:
            return Unknown("metadataApiEndpoint is not set")
        return send_probe(usable, probe_job(settings, endpoint, given_certificates(settings)), probe_timeout)

    server = ask_server(settings, usable, address, token, look if probe else None)
    found = ask(service, settings) if service is not None else None
    return judge(Facts(clock(), settings.ingestion_image, here, server, found))
