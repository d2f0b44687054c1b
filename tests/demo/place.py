"""The folder of the playground: how cluster, stand-in and database are reached, and nothing that a user has written."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.cluster.support.shop import READER_PASSWORD
from tests.cluster.support.space import ROOT
from tests.demo.stage import RUNS
from tests.openmetadata import token

SERVER_HOST, DATABASE_HOST = "openmetadata.openmetadata", "shop-db"
"""What the pages call OpenMetadata and the database. A local cluster may have no DNS: the pods' hosts file has them."""
SETTINGS, TOKEN, KUBECONFIG, ACTIVATE = "settings.yaml", "bot.jwt", "kubeconfig", "activate"
_ABOUT = "# Yours to change. By the aliases pods know the names of the pages, in a cluster without DNS too.\n"
_PROGRAMS = ("k8s-pipeline", "kubectl-ompipeline")


@dataclass(frozen=True)
class Place:
    """What the folder leads to.

    Attributes:
        kubeconfig: The administrator's, as text.
        kubectl: The program.
        pipelines: The namespace for the user's pipelines.
        image: The ingestion's.
        endpoint: The API of the stand-in, as pods reach it.
        database: Its ``address:port``.
        server: The stand-in's URL from this machine, without ``/api``.
    """

    kubeconfig: str
    kubectl: str
    pipelines: str
    image: str
    endpoint: str
    database: str
    server: str

    def settings(self) -> dict[str, Any]:
        """Return the settings file."""
        hosts = ((self.endpoint.partition("://")[2], SERVER_HOST), (self.database, DATABASE_HOST))
        aliases = [{"ip": address.partition(":")[0], "hostnames": [name]} for address, name in hosts]
        return {
            "namespace": self.pipelines,
            "ingestionImage": self.image,
            "metadataApiEndpoint": self.endpoint,
            "serverTokenFile": TOKEN,
            **RUNS,
            "podTemplate": {"spec": {"hostAliases": aliases}},
        }

    def fits(self, text: str) -> bool:
        """Return whether a settings file, which the user may have changed, still leads here."""
        values = (self.image, self.endpoint, self.database.partition(":")[0])
        return all(re.search(rf"(?<![\d.]){re.escape(value)}(?![\d.])", text) for value in values)

    def exports(self, folder: Path) -> Iterator[str]:
        """Yield what a shell needs, one line each."""
        yield f"export KUBECONFIG={shlex.quote(str(folder / KUBECONFIG))}"
        yield f"export PATH={shlex.quote(str(folder / 'bin'))}:$PATH"
        yield f"export OM={self.server}"
        yield f"export DB_PASSWORD={READER_PASSWORD}"


def write(folder: Path, place: Place) -> None:
    """Write the folder. A second time only what leads nowhere any more is written, and old settings are kept aside."""
    (folder / "bin").mkdir(parents=True, exist_ok=True)
    _link(folder / "bin" / "kubectl", Path(place.kubectl))
    for name in _PROGRAMS:
        _link(folder / "bin" / name, Path(sys.executable).with_name(name))
    _link(folder / "rbac", ROOT / "rbac")
    (folder / ACTIVATE).write_text("# . ./activate\n" + "".join(f"{line}\n" for line in place.exports(folder)))
    if not _leads_to_the_same(folder / KUBECONFIG, place.kubeconfig):
        _write_secret(folder / KUBECONFIG, place.kubeconfig)
    if not (folder / TOKEN).exists():
        _write_secret(folder / TOKEN, token())
    settings = folder / SETTINGS
    if settings.exists() and place.fits(settings.read_text()):
        return
    if settings.exists():
        settings.replace(settings.with_suffix(".yaml.old"))
    settings.write_text(_ABOUT + yaml.safe_dump(place.settings(), sort_keys=False))


def _leads_to_the_same(path: Path, kubeconfig: str) -> bool:
    """Return whether a kubeconfig, whose context the user may have changed, is of this cluster and user."""
    if not path.exists():
        return False
    there, ours = yaml.safe_load(path.read_text()), yaml.safe_load(kubeconfig)
    return isinstance(there, dict) and all(there.get(key) == ours[key] for key in ("clusters", "users"))


def _link(path: Path, target: Path) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to(target)


def _write_secret(path: Path, text: str) -> None:
    """Write a file for its owner's eyes alone."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
        file.write(text)
