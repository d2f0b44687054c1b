"""Where a run is reported, and with which token.

The settings come first, as far as they are of the same OpenMetadata; else it is the connection in the run's own
document, which reports there itself. Nothing of a document is kept but what is needed to ask.
"""

from __future__ import annotations

import base64
import json
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from k8s_pipeline_client.cluster.port import Cluster, Kind, Object
from k8s_pipeline_client.domain import labels, naming
from k8s_pipeline_client.domain.connection import DEFAULT_INSTANCE, TokenSource
from k8s_pipeline_client.domain.objects import label
from k8s_pipeline_client.errors import InputError, NotFoundError, OpenMetadataError
from k8s_pipeline_client.launcher.token import connection_in, token_in
from k8s_pipeline_client.openmetadata.client import HttpOpenMetadata
from k8s_pipeline_client.openmetadata.port import OpenMetadata
from k8s_pipeline_client.openmetadata.server import api_address, trust
from k8s_pipeline_client.render.config import DOCUMENT_KEY, ca_source, certificates_in, token_source
from k8s_pipeline_client.render.override import secret_name
from k8s_pipeline_client.render.token import token_of
from k8s_pipeline_client.reporter.memory import OpenRun
from k8s_pipeline_client.settings import Settings
from k8s_pipeline_client.settings.given import given_certificates, given_token

_LOG = logging.getLogger(__name__)

_KEPT_SECONDS = 60.0
"""After so long a document is read again: it may have been redeployed."""
_MOST = 2_000
_MOST_SERVERS = 50
_TIMEOUT = 15.0
"""Of one request to OpenMetadata, in seconds; the next pass tries again."""


@dataclass(frozen=True, slots=True)
class Way:
    """How an OpenMetadata server is reached."""

    address: str
    token: str
    verify_ssl: str = "no-ssl"
    certificates: str = ""


Connect = Callable[[Way], OpenMetadata]


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a run is reported.

    Attributes:
        fqn: Under which pipeline; empty where its document names none.
        address: Of OpenMetadata; empty where nothing is reported.
        token_source: Which Secret has the token; empty where it is elsewhere.
        streams: Whether the run sends its log to OpenMetadata.
    """

    fqn: str
    way: Way | None = None
    token_source: str = ""
    streams: bool = False

    @property
    def address(self) -> str:
        """Of OpenMetadata; empty where nothing is known of it."""
        return self.way.address if self.way else ""


@dataclass(frozen=True, slots=True)
class _Known:
    """What a document says, without its secrets."""

    fqn: str
    streams: bool
    connection: Mapping[str, Any]
    token: str
    read_at: float


class Destinations:
    """Finds where runs are reported; may be used by several threads."""

    def __init__(self, cluster: Cluster, settings: Settings, connect: Connect | None = None) -> None:
        """Take the cluster that has the documents, the settings, and what connects to a server."""
        self._cluster = cluster
        self._settings = settings
        self._connect = connect or connected
        self._lock = threading.Lock()
        self._documents: OrderedDict[str, _Known] = OrderedDict()
        self._servers: OrderedDict[Way, OpenMetadata] = OrderedDict()
        self._secrets: dict[str, str] = {}
        self._given: Way | None = None

    def begin(self) -> None:
        """Begin a pass: files and Secrets with tokens are read again, once each.

        Raises:
            SettingsError: A file that the settings name cannot be read.
        """
        with self._lock:
            self._secrets.clear()
        self._given = self._accepted(self._given, self._from_settings())

    def close(self) -> None:
        """Close the connections."""
        with self._lock:
            servers, self._servers = list(self._servers.values()), OrderedDict()
        for server in servers:
            _close(server)

    def of(self, job: Object) -> Destination:
        """Return where the run of a Job is reported.

        Raises:
            InputError: Nothing says how its OpenMetadata is reached.
            NotFoundError: Its document is gone, and the settings do not say it.
        """
        return self._chosen(self._document_of(job), label(job, labels.INSTANCE), token_source(job))

    def of_template(self, cronjob: Object) -> Destination:
        """Return where the runs of a CronJob, read as a whole, are reported; the errors are those of `of`."""
        template = cronjob["spec"]["jobTemplate"]
        return self.of({"metadata": dict(template.get("metadata") or {}), "spec": template["spec"]})

    def of_remembered(self, run: OpenRun) -> Destination:
        """Return where a run is reported whose Job is gone.

        Raises:
            InputError: Nothing says how its OpenMetadata is reached.
        """
        given = self._given_for(run.instance, run.address)
        if given is not None:
            return Destination(run.fqn, given)
        secret, _, key = run.token.partition("/")
        token = self._token(TokenSource(secret, key)) if key else self._any_token(run.instance)
        if not run.address or not token:
            raise _no_destination(run.run_id)
        return Destination(run.fqn, Way(run.address, token), run.token)

    def server(self, destination: Destination) -> OpenMetadata:
        """Return the server of a destination; it is connected to once."""
        way = destination.way
        if way is None:
            raise _no_destination(destination.fqn)
        with self._lock:
            found = self._servers.get(way)
            if found is None:
                found = self._servers[way] = self._connect(way)
                while len(self._servers) > _MOST_SERVERS:
                    _close(self._servers.popitem(last=False)[1])
            self._servers.move_to_end(way)
        return found

    def asked_with(self, address: str, token: str) -> OpenMetadata:
        """Return the server at an address, asked with a token; that of the settings where the address is empty.

        Raises:
            InputError: There is no address, or it is none.
        """
        given = self._given
        if given is not None and (not address or api_address(address) == given.address):
            way = replace(given, token=token)
        else:
            way = Way(api_address(address), token)
        return self.server(Destination("", way))

    def _chosen(self, known: _Known, instance: str, source: TokenSource | None) -> Destination:
        address = str(known.connection.get("hostPort") or "")
        found = Destination(known.fqn, None, f"{source.secret}/{source.key}" if source else "", known.streams)
        given = self._given_for(instance, address)
        if given is not None:
            return replace(found, way=given)
        token = self._token(source) if source else known.token
        if not address or not token:
            raise _no_destination(known.fqn)
        verify = str(known.connection.get("verifySSL") or "no-ssl")
        certificates = str(known.connection.get("certificates") or "")
        return replace(found, way=Way(api_address(address), token, verify, certificates))

    def _given_for(self, instance: str, address: str) -> Way | None:
        """Return the way that the settings give, if it leads to the OpenMetadata that is meant.

        Two OpenMetadata may share a namespace: that of the settings is of the instance that they name. Where they
        name none, and the document says another one's name, it has to be that of the document's own address.
        """
        given = self._given
        if given is None:
            return None
        if instance in ("", naming.instance_label(self._settings.instance or DEFAULT_INSTANCE)):
            return given
        if self._settings.instance:
            return None
        with suppress(InputError):
            return given if address and api_address(address) == given.address else None
        return None

    def _accepted(self, before: Way | None, now: Way | None) -> Way | None:
        """Return the way with the token that is in force: for two minutes OpenMetadata refuses a bot's new one.

        It takes the old one meanwhile, so that is kept until the server has accepted the other.
        """
        if before is None or now is None or before.address != now.address or before.token == now.token:
            return now
        kept = replace(now, token=before.token)
        try:
            is_accepted = self.server(Destination("", now)).accepts_token()
        except OpenMetadataError:
            return kept
        if not is_accepted:
            _LOG.info("OpenMetadata does not accept the new token yet: using the previous one")
        return now if is_accepted else kept

    def _from_settings(self) -> Way | None:
        settings = self._settings
        if settings.metadata_api_endpoint is None:
            return None
        token = given_token(settings) or ""
        if not token and settings.token_secret is not None:
            token = self._token(TokenSource(settings.token_secret.name, settings.token_secret.key))
        if not token:
            return None
        address = api_address(settings.metadata_api_endpoint)
        return Way(address, token, settings.verify_ssl, given_certificates(settings))

    def _document_of(self, job: Object) -> _Known:
        """Return what a run's document says; its pipeline's, where its own was never written."""
        own, pipeline = secret_name(job), label(job, labels.PIPELINE)
        try:
            return self._document(own, job)
        except NotFoundError:
            if pipeline in ("", own):
                raise
            return self._document(pipeline, job)

    def _document(self, name: str, job: Object) -> _Known:
        with self._lock:
            known = self._documents.get(name)
        if known is not None and time.monotonic() - known.read_at < _KEPT_SECONDS:
            return known
        document = self._read(name)
        connection = connection_in(document)
        connection = connection if isinstance(connection, dict) else {}
        fqn, token = document.get("ingestionPipelineFQN"), token_in(document)
        kept = {key: connection[key] for key in ("hostPort", "verifySSL") if key in connection}
        authority = ca_source(job) if connection.get("verifySSL") == "validate" else ""
        if authority:
            # By a list: the reporter's Role has no `get` on ConfigMaps.
            found = self._cluster.list(Kind.CONFIG_MAP, fields=f"metadata.name={authority}")
            kept["certificates"] = certificates_in(found[0]) if found else ""
        known = _Known(
            fqn=fqn if isinstance(fqn, str) else "",
            streams=document.get("enableStreamableLogs") is True,
            connection=kept,
            token=token if isinstance(token, str) else "",
            read_at=time.monotonic(),
        )
        with self._lock:
            self._documents[name] = known
            self._documents.move_to_end(name)
            while len(self._documents) > _MOST:
                self._documents.popitem(last=False)
        return known

    def _read(self, name: str) -> dict[str, Any]:
        if not name:
            raise _no_destination("a Job without a document of ours")
        secret = self._cluster.get(Kind.SECRET, name)
        try:
            found = json.loads(base64.b64decode((secret.get("data") or {}).get(DOCUMENT_KEY, "")))
        except (ValueError, RecursionError) as error:  # somebody else has changed it
            raise _no_destination(f"Secret {name}, which contains no workflow document") from error
        return found if isinstance(found, dict) else {}

    def _token(self, source: TokenSource) -> str:
        """Return the token that a Secret holds; empty where there is none."""
        place = f"{source.secret}/{source.key}"
        with self._lock:
            if place in self._secrets:
                return self._secrets[place]
        token = ""
        with suppress(NotFoundError, ValueError):
            data = self._cluster.get(Kind.SECRET, source.secret).get("data") or {}
            token = base64.b64decode(data.get(source.key) or "").decode().strip()
        with self._lock:
            self._secrets[place] = token
        return token

    def _any_token(self, instance: str) -> str:
        """Return a token of an instance, for a run whose own went with its document; empty where there is none."""
        secrets = self._cluster.list(Kind.SECRET, labels=f"{labels.TOKEN},{labels.INSTANCE}={instance}")
        return next((token for secret in secrets if (token := token_of(secret))), "")


def connected(way: Way) -> OpenMetadata:
    """Return a server, over HTTP."""
    verify = trust(way.verify_ssl, way.certificates)
    return HttpOpenMetadata(way.address, way.token, verify=verify, total_timeout=_TIMEOUT)


def _close(server: OpenMetadata) -> None:
    if isinstance(server, HttpOpenMetadata):
        server.__exit__()


def _no_destination(what: str) -> InputError:
    return InputError(
        f"the address of OpenMetadata is unknown for {what or 'the run'}",
        code="NoDestination",
        hint="set metadataApiEndpoint, and serverToken or serverTokenFile",
    )
