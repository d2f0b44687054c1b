"""The pod's command: ``python launch.py --config FILE -- main.py …``, or ``-- -m package.module``.

It is beside the package that it imports, and hides both from the entry point: its folder is not left in ``sys.path``,
nor its modules in ``sys.modules``, where they would shadow a real ``k8s_pipeline_client`` of the image.
"""

from __future__ import annotations

import os
import sys

PACKAGE = "k8s_pipeline_client"

if __name__ == "__main__":
    folder = os.path.dirname(os.path.realpath(__file__))
    path = [entry for entry in sys.path if os.path.realpath(entry) != folder]
    # Python has added it already, unless PYTHONSAFEPATH is set.
    sys.path[:] = [folder, *path]
    from k8s_pipeline_client.launcher.program import main

    sys.path[:] = path
    for name in list(sys.modules):
        if name.partition(".")[0] == PACKAGE:
            del sys.modules[name]
    sys.exit(main(sys.argv[1:]))
