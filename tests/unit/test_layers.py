"""Every contract of import-linter holds, and each of them is seen to fail.

A forbidden import is added to a copy of the graph of imports; tests/programs/test_layers.py adds one to a copy of the
files, so that it is known that the graph has such lines at all.
"""

from __future__ import annotations

import ast
import sys
from copy import deepcopy
from itertools import combinations, permutations

import grimp
import pytest
from importlinter import Contract
from importlinter.contracts.acyclic_siblings import AcyclicSiblingsContract
from importlinter.contracts.forbidden import ForbiddenContract
from importlinter.contracts.layers import LayersContract
from importlinter.contracts.protected import ProtectedContract

from tests.contracts import CONFIGURATION, CONTRACTS, PACKAGE, ROOT

KINDS: dict[str, type[Contract]] = {
    "acyclic_siblings": AcyclicSiblingsContract,
    "forbidden": ForbiddenContract,
    "layers": LayersContract,
    "protected": ProtectedContract,
}
LAYERS: list[list[str]] = [layer.split(" | ") for layer in CONTRACTS["layers"]["layers"]]
PURE = ("domain", "render", "status")

UPWARDS = [(low, high) for upper, lower in combinations(LAYERS, 2) for low in lower for high in upper]
SIDEWAYS = [pair for layer in LAYERS for pair in permutations(layer, 2)]
FORBIDDEN = [
    *(
        (name, source.removeprefix(f"{PACKAGE}."), module.removeprefix(f"{PACKAGE}."))
        for name, contract in CONTRACTS.items()
        if contract["type"] == "forbidden"
        for source in contract["source_modules"]
        for module in contract["forbidden_modules"]
    ),
    *(
        (name, package, module)
        for name, contract in CONTRACTS.items()
        if contract["type"] == "protected"
        for module in contract["protected_modules"]
        for layer in LAYERS
        for package in layer
        if f"{PACKAGE}.{package}" not in contract["allowed_importers"]
    ),
]
"""The contract, who imports, and what: a package of ours or of others."""


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    """All imports of the package as it is."""
    return grimp.build_graph(PACKAGE, include_external_packages=True, cache_dir=None)


def broken(graph: grimp.ImportGraph, *only: str) -> set[str]:
    """Return the ids of the contracts that the graph breaks, of all or of those that are named."""
    return {name for name in only or CONTRACTS if not _contract(name).check(deepcopy(graph), verbose=False).kept}


def _contract(name: str) -> Contract:
    options = CONTRACTS[name]
    return KINDS[options["type"]](options["name"], CONFIGURATION["session_options"], options)


def with_import(graph: grimp.ImportGraph, importer: str, imported: str) -> grimp.ImportGraph:
    """Return a copy of the graph in which one more module is imported."""
    changed = deepcopy(graph)
    ours = f"{PACKAGE}.{imported}"
    target = ours if ours in changed.modules else imported
    changed.add_module(target, is_squashed=target != ours)
    changed.add_import(
        importer=f"{PACKAGE}.{importer}", imported=target, line_number=1, line_contents=f"import {target}"
    )
    return changed


def test_all_hold(graph: grimp.ImportGraph) -> None:
    assert broken(graph) == set()


@pytest.mark.parametrize(("importer", "imported"), [*UPWARDS, *SIDEWAYS])
def test_nobody_imports_upwards_or_sideways(graph: grimp.ImportGraph, importer: str, imported: str) -> None:
    assert broken(with_import(graph, importer, imported), "layers") == {"layers"}


def test_every_pair_of_packages_has_an_order() -> None:
    packages = [package for layer in LAYERS for package in layer]
    files = {path.stem for path in (ROOT / PACKAGE).glob("*.py") if path.stem != "__init__"}
    folders = {path.parent.name for path in (ROOT / PACKAGE).glob("*/__init__.py")}
    assert set(packages) == files | folders
    assert len(UPWARDS) + len(SIDEWAYS) // 2 == len(packages) * (len(packages) - 1) // 2


@pytest.mark.parametrize(("contract", "importer", "imported"), FORBIDDEN)
def test_what_a_contract_forbids_breaks_it(
    graph: grimp.ImportGraph, contract: str, importer: str, imported: str
) -> None:
    assert broken(with_import(graph, importer, imported), contract) == {contract}


def test_a_package_that_nobody_has_placed_is_noticed(graph: grimp.ImportGraph) -> None:
    changed = deepcopy(graph)
    changed.add_module(f"{PACKAGE}.helpers")

    assert broken(changed) == {"layers"}


def test_the_launcher_needs_nothing_but_python(graph: grimp.ImportGraph) -> None:
    """It runs in an image that is not ours."""
    launcher = {f"{PACKAGE}.launcher", *graph.find_descendants(f"{PACKAGE}.launcher")}
    needed = {module for one in launcher for module in graph.find_modules_directly_imported_by(one)}

    assert {module for module in needed - launcher if module not in sys.stdlib_module_names} == set()


CLOCKS_AND_FILES = {"now", "utcnow", "today", "open", "read_text", "read_bytes", "write_text", "print", "uuid4"}
OF_PACKAGES = {
    "domain/schedule.py: read_text",  # the names of time zones, of the package tzdata
    "render/config.py: read_text",  # the launcher, which is a part of this package
}


def test_the_core_asks_neither_clock_nor_files() -> None:
    """What no contract sees, since `datetime` and `open` are needed or cannot be forbidden."""
    found = set()
    for package in PURE:
        for path in sorted((ROOT / PACKAGE / package).glob("*.py")):
            called = {_called(node) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)}
            found |= {f"{package}/{path.name}: {name}" for name in called & CLOCKS_AND_FILES}

    assert found == OF_PACKAGES


def _called(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
