"""What is left to do once the packages are installed: `python finish.py VENV`, with the interpreter of that venv.

Writes the bill of materials, compiles everything, and removes what differs from build to build.
"""

from __future__ import annotations

import compileall
import json
import py_compile
import shutil
import sys
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

PROGRAM = "k8s-pipeline-client"
# Notes of the installer about this build; what only people in a shell use; and the official client's second copy, for
# asyncio, which is half of it and never imported.
_REMOVED = (
    "**/*.dist-info/uv_*.json",
    "**/*.dist-info/direct_url.json",
    ".lock",
    "bin/activate*",
    "lib/python3*/site-packages/kubernetes/aio",
)


def main(venv: Path) -> None:
    """Finish a virtual environment."""
    for pattern in _REMOVED:
        for path in list(venv.glob(pattern)):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for record in venv.glob("lib/python3*/site-packages/*.dist-info/RECORD"):
        _forget_what_is_gone(record)
    text = json.dumps(bill(list(distributions())), indent=1, sort_keys=True)
    (venv / "sbom.cdx.json").write_text(f"{text}\n", encoding="utf-8")
    for cached in list(venv.rglob("__pycache__")):
        shutil.rmtree(cached)
    # By the file's hash instead of its time, which image builders change; and nobody changes a source in an image.
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    # Its verdict is not asked for: some packages have templates that end in .py, and are no Python.
    compileall.compile_dir(venv / "lib", quiet=2, invalidation_mode=mode, workers=0)


def bill(found: list[Distribution]) -> dict[str, Any]:
    """Return the bill of materials, as CycloneDX 1.6 has it; without time and serial number, which would differ."""
    components = sorted((_component(one) for one in found), key=lambda component: str(component["name"]))
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                **next(component for component in components if component["name"] == PROGRAM),
                "type": "application",
            }
        },
        "components": [component for component in components if component["name"] != PROGRAM],
    }


def _forget_what_is_gone(record: Path) -> None:
    lines = record.read_text(encoding="utf-8").splitlines(keepends=True)
    site = record.parents[1]
    record.write_text("".join(line for line in lines if (site / line.split(",")[0]).exists()), encoding="utf-8")


def _component(one: Distribution) -> dict[str, Any]:
    name = one.metadata["Name"].lower().replace("_", "-").replace(".", "-")
    purl = f"pkg:pypi/{name}@{one.version}"
    found: dict[str, Any] = {"type": "library", "name": name, "version": one.version, "purl": purl, "bom-ref": purl}
    if expressions := one.metadata.get_all("License-Expression"):
        found["licenses"] = [{"expression": expressions[0]}]
    return found


if __name__ == "__main__":
    main(Path(sys.argv[1]))
