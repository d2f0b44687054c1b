"""`make playground`, and the page of the first pipeline as somebody follows it who has nothing else.

Runs are those of the stand-in image, and where CI is set those of the published ingestion as well: these take half a
minute of the processor.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.cluster.support.access import Access
from tests.cluster.support.forward import forwarded
from tests.cluster.support.shop import SERVER_NAME, Shop
from tests.cluster.support.space import ROOT, Space
from tests.cluster.support.walk import Walk
from tests.demo.place import SETTINGS, write
from tests.demo.playground import PIPELINES, open_shop, place_of
from tests.images import manifests
from tests.pages.blocks import blocks
from tests.pages.commands import Command, commands
from tests.pages.fates import HOW_TO

PAGE = f"{HOW_TO}/first-pipeline.md"
_SECONDS = 500
PUBLISHED = pytest.param(
    "ingestion", marks=[pytest.mark.thorough, pytest.mark.real_ingestion, pytest.mark.timeout(_SECONDS + 100)]
)


@dataclass(frozen=True)
class Playground:
    """Stand-in and database in a namespace of their own, the folder, and a namespace for pipelines, not made as yet.

    Attributes:
        server: The stand-in's URL from this machine, where it is not that of our own cluster's node.
        image: The ingestion's.
    """

    access: Access
    shop: Shop
    folder: Path
    pipelines: Space
    image: str
    server: str

    def furnish(self) -> None:
        """Write the folder, as `make playground` does, whatever is there."""
        place = place_of(
            self.access, self.shop, pipelines=self.pipelines.namespace, image=self.image, server=self.server
        )
        write(self.folder, place)

    def files(self) -> dict[str, bytes]:
        """Return what is in the files that a user may change, or has to keep."""
        return {path.name: path.read_bytes() for path in self.folder.iterdir() if path.is_file()}


@pytest.fixture
def playground(
    access: Access, postgres: str, standin: str, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Playground]:
    image = access.image(getattr(request, "param", "standin"))
    name = f"t-{secrets.token_hex(4)}"
    outer, pipelines = (Space(access, namespace, access.kubeconfig) for namespace in (name, f"{name}-runs"))
    with ExitStack() as stack:
        stack.callback(outer.remove)
        shop = open_shop(access, name, postgres=postgres, standin=standin)
        server = ""
        if not access.embedded:
            port = stack.enter_context(forwarded(outer, f"service/{SERVER_NAME}", manifests.SERVER_PORT))
            server = f"http://127.0.0.1:{port}"
        found = Playground(access, shop, tmp_path / "playground", pipelines, image, server)
        found.furnish()
        yield found


@pytest.fixture
def walk(playground: Playground) -> Iterator[Walk]:
    """Somebody in a checkout, with no programs but the system's, and with a page's files where it says so."""
    instead = {PIPELINES: playground.pipelines.namespace}
    walk = Walk(
        playground.folder.parent,
        kubectl=playground.access.kubectl,
        kubeconfig=Path("/dev/null"),
        instead=instead,
    )
    walk.environment["PATH"] = "/usr/bin:/bin"
    walk.copy(ROOT / "rbac")
    # For another namespace than the checkout's.
    (playground.folder / "rbac").unlink()
    (playground.folder / "rbac").symlink_to(walk.folder / "rbac")
    for block in blocks(PAGE):
        if block.file and block.file != SETTINGS:
            walk.write(f"playground/{block.file}", walk.adapted(block.text))
    yield walk
    playground.pipelines.remove()


@pytest.mark.parametrize("playground", ["standin", PUBLISHED], indirect=True)
def test_the_page_can_be_followed_by_somebody_who_has_neither_cluster_nor_server(
    playground: Playground, walk: Walk, request: pytest.FixtureRequest
) -> None:
    typed = [command for command in commands(PAGE) if not command.text.startswith("make ")]
    doctor = 'k8s-pipeline doctor --config settings.yaml --server "$OM" -o json 2>/dev/null || [ $? = 4 ]'

    *printed, seen = walk.type([*typed, Command(PAGE, 0, doctor)], total_timeout=_SECONDS)

    assert "succeeded" in printed[-1]
    jobs = playground.pipelines.list("jobs")
    assert [job["status"].get("succeeded") for job in jobs] == [1, 1, 1]
    findings = json.loads(seen)["findings"]
    levels = {finding["check"]: finding["level"] for finding in findings}
    assert "problem" not in levels.values(), findings
    assert {levels[check] for check in ("rights", "service-account", "openmetadata", "token", "token-rights")} == {"ok"}
    if request.node.get_closest_marker("real_ingestion"):
        arrived = playground.shop.recorded("entities")
        assert "shop.shop.public.customers" in arrived["tables"]
        assert "shop.stock" in arrived["services/ingestionPipelines"]


def test_a_second_time_it_is_found_standing_and_what_the_user_has_is_left_alone(playground: Playground) -> None:
    (playground.folder / "mine.yaml").write_text("name: mine\n")
    settings = playground.folder / SETTINGS
    settings.write_text("# mine\n" + settings.read_text().replace("backoffLimit: 0", "backoffLimit: 1"))
    before = playground.files()
    pods = {item["metadata"]["uid"] for item in playground.access.api.list(playground.shop.namespace, "pods")}

    open_shop(
        playground.access,
        playground.shop.namespace,
        postgres=playground.access.image("postgres"),
        standin=playground.access.image("standin"),
    )
    playground.furnish()

    assert playground.files() == before
    assert {item["metadata"]["uid"] for item in playground.access.api.list(playground.shop.namespace, "pods")} == pods
    assert (playground.folder / "bot.jwt").stat().st_mode & 0o077 == 0
    assert (playground.folder / "kubeconfig").stat().st_mode & 0o077 == 0
    assert yaml.safe_load(settings.read_text())["backoffLimit"] == 1
