"""`python -m tests.images build [NAME|all]`: prints the archives' paths."""

import argparse
import sys

from .build import NAMES, build, describe
from .errors import ImageBuildError
from .requirements import relock


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.images", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (
        ("build", "build what is not in the cache; paths on stdout, progress on stderr"),
        ("references", "print the image references, without building"),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("image", nargs="?", choices=[*NAMES, "all"], default="all")
    commands.add_parser("lock", help="resolve the ingestion's requirements again")
    options = parser.parse_args()
    try:
        if options.command == "lock":
            relock()
            return 0
        for name in NAMES if options.image == "all" else [options.image]:
            print(build(name).archive if options.command == "build" else describe(name).reference)
    except ImageBuildError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
