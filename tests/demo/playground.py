"""`make playground`: a cluster, a database and a stand-in of OpenMetadata, for definitions of one's own."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.cluster.local.errors import ClusterError
from tests.cluster.support.access import OWN_CLUSTER, Access
from tests.cluster.support.prepare import OF_A_STORY, prepare
from tests.cluster.support.shop import SERVER_NAME, SERVICE, Shop, entity
from tests.cluster.support.space import ROOT, restricted, until
from tests.demo.place import DATABASE_HOST, SERVER_HOST, Place, write
from tests.demo.speech import say, show
from tests.images import manifests
from tests.images.errors import ImageBuildError

NAMESPACE = "k8s-pipeline-playground"
PIPELINES = "openmetadata-pipelines"
"""Where the user's pipelines go: the namespace that docs/how-to/first-pipeline.md makes."""
FOLDER = "PLAYGROUND"
"""Names the folder, unless it is to be `playground/` of the checkout."""
NIGHTLY = entity("nightly", schedule="30 2 * * *")
"""The one pipeline that the stand-in knows, by the name that the pages use."""


def main() -> int:
    """Have the playground; return an exit code."""
    folder = Path(os.environ.get(FOLDER) or ROOT / "playground").absolute()
    try:
        say("A Kubernetes to run on, and three images (the first time: binaries are built, packages fetched).")
        access, images = prepare(OF_A_STORY, with_helm=False)
        say(f"A PostgreSQL with a small shop, and a stand-in for OpenMetadata, in namespace {NAMESPACE}.")
        shop = open_shop(access, NAMESPACE, postgres=images["postgres"], standin=images["standin"])
    except (ClusterError, ImageBuildError, RuntimeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    place = place_of(access, shop, pipelines=PIPELINES, image=images["ingestion"])
    write(folder, place)
    _tell(folder, place, access)
    return 0


def open_shop(access: Access, namespace: str, *, postgres: str, standin: str) -> Shop:
    """Have database and stand-in in a namespace; what stands there already is left as it is.

    Args:
        access: To the cluster, as administrator.
        namespace: Made if need be.
        postgres: The database's image.
        standin: The stand-in's.
    """
    access.api.apply(restricted(namespace))
    until(lambda: access.api.list(namespace, "serviceaccounts"), "the namespace has its default ServiceAccount")
    return Shop.open(access, namespace, database_image=postgres, server_image=standin, pipelines=[NIGHTLY])


def place_of(access: Access, shop: Shop, *, pipelines: str, image: str, server: str = "") -> Place:
    """Return what the user's folder is to lead to.

    Args:
        access: To the cluster.
        shop: Database and stand-in.
        pipelines: The namespace for the user's pipelines.
        image: The ingestion's.
        server: The stand-in's URL from this machine; if empty, as the node of our own cluster reaches it, or by the
            port that the user is told to forward.
    """
    here = shop.server.removesuffix("/api") if access.embedded else f"http://localhost:{manifests.SERVER_PORT}"
    return Place(
        kubeconfig=access.run("config", "view", "--raw", "--minify", "--flatten"),
        kubectl=access.kubectl,
        pipelines=pipelines,
        image=image,
        endpoint=shop.server,
        database=shop.database,
        server=server or here,
    )


def _tell(folder: Path, place: Place, access: Access) -> None:
    say("It stands; the same command again finds it, and leaves your files alone.")
    show(f"  OpenMetadata  {place.server} here, http://{SERVER_HOST}:{manifests.SERVER_PORT} in pods: a stand-in that")
    show(f"                has the service {SERVICE} and the pipeline {NIGHTLY['fullyQualifiedName']}")
    show(f"  PostgreSQL    {DATABASE_HOST}:{manifests.POSTGRES_PORT} in pods: database {manifests.POSTGRES_DATABASE},")
    show(f"                user {manifests.POSTGRES_USER}, password in DB_PASSWORD")
    if access.embedded:
        show("  tear down     make cluster-down")
    else:
        show(f"  tear down     kubectl delete namespace {NAMESPACE}   (in the cluster of {OWN_CLUSTER})")
    say("From here, as docs/how-to/first-pipeline.md goes on (`. ./activate` has the exports):")
    show(f"cd {folder}")
    for line in place.exports(folder):
        show(line)
    if not access.embedded:
        show(f"kubectl -n {NAMESPACE} port-forward service/{SERVER_NAME} {manifests.SERVER_PORT} &")
    show(f"kubectl create namespace {PIPELINES}")
    show("kubectl apply -k rbac/")
    show('k8s-pipeline doctor --config settings.yaml --server "$OM"')
    show("# … your definition, and what has arrived in OpenMetadata after its run:")
    show('curl -fsS "$OM/_recorded/entities"')


if __name__ == "__main__":
    sys.exit(main())
