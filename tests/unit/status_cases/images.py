"""Runs that failed because their image lacks what they start."""

from __future__ import annotations

from k8s_pipeline_client.launcher.unusable import no_entry_point

from .build import last_words, pod, terminated
from .case import Case

NO_MAIN = last_words(str(no_entry_point("main.py in /opt/airflow")), exitCode=78)
NO_PYTHON = [
    'exec: "python": executable file not found in $PATH: unknown',
    "starting container process caused: executable file `python` not found in $PATH: No such file or directory",
]
LACKING = ["r.example/openmetadata/ingestion:1.12.0", "r.example/openmetadata/ingestion", "busybox:1"]

IMAGES = [
    *(
        Case(
            f"no entry point in {image}",
            "ExitCode",
            [pod(terminated(78, message=NO_MAIN), image=image)],
        )
        for image in LACKING
    ),
    *(
        Case(
            f"no Python in {image}: {message}",
            "StartError",
            [pod(terminated(128, "StartError", message, started=None), image=image)],
            detail=message,
        )
        for image in LACKING
        for message in NO_PYTHON
    ),
]
