"""`python -m tests.cluster.local up | down | status | load ARCHIVE... | build | prepare`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.cluster.local import api, cluster, teardown
from tests.cluster.local.binaries import ensure_binaries
from tests.cluster.local.errors import OTHER_CLUSTER, ClusterError
from tests.cluster.local.paths import current
from tests.cluster.local.versions import wanted


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        return _run(options)
    except ClusterError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        # What a container forbids even root: mounting, cgroups, network interfaces.
        print(f"error: this machine refuses what a cluster needs ({error}), {OTHER_CLUSTER}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.cluster.local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("up", help="start the cluster unless it is up; the last line is its kubeconfig")
    commands.add_parser("down", help="remove the cluster; images and binaries stay in the cache")
    commands.add_parser("status", help="say what runs; exit code 1 unless all is well")
    load = commands.add_parser("load", help="import docker-archives")
    load.add_argument("archives", nargs="+", type=Path, metavar="ARCHIVE")
    commands.add_parser("build", help="only build the binaries")
    commands.add_parser("prepare", help="install packages and build binaries, start nothing")
    return parser


def _run(options: argparse.Namespace) -> int:
    command: str = options.command
    if command == "up":
        print(cluster.ensure_up())
    elif command == "load":
        cluster.load(options.archives)
    elif command == "build":
        print(ensure_binaries(current(), wanted()))
    elif command == "prepare":
        print(cluster.prepare())
    elif command == "down":
        return _report_leftovers(cluster.down())
    else:
        return _status()
    return 0


def _report_leftovers(found: list[str]) -> int:
    for item in found:
        print(f"error: still there: {item}", file=sys.stderr)
    return 1 if found else 0


def _status() -> int:
    # Certificates and nftables' rules are for root only: anybody else would be told that nothing works.
    cluster.require_root()
    paths = current()
    states = cluster.component_states(paths)
    for name, process in states.items():
        print(f"{name:24} {f'running, pid {process.pid}' if process else 'not running'}")
    healthy = cluster.is_healthy(paths)
    if healthy:
        print(f"API server               {'ready' if api.api_server_is_ready(paths) else 'not ready'}")
        print(f"kubectl                  {paths.kubectl}")
        print(f"audit log                {paths.audit_log}")
        print(f"kubeconfig               {paths.kubeconfig}")
    elif not any(states.values()):
        found = teardown.leftovers(paths)
        print("down" if not found else f"down, with leftovers: {'; '.join(found)}")
    else:
        print("not healthy")
    return 0 if healthy else 1


if __name__ == "__main__":
    sys.exit(main())
