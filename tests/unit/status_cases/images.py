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
INSTEAD = [
    ("r.example/openmetadata/ingestion:1.12.0", "use r.example/openmetadata/ingestion-base:1.12.0"),
    ("r.example/openmetadata/ingestion", "use r.example/openmetadata/ingestion-base"),
    ("busybox:1", "use openmetadata/ingestion-base, or an image made from it"),
]

IMAGES = [
    *(
        Case(
            f"no entry point in {image}",
            "ExitCode",
            "exit code 78: this image has no main.py in /opt/airflow",
            [pod(terminated(78, message=NO_MAIN), image=image)],
            hint=hint,
        )
        for image, hint in INSTEAD
    ),
    *(
        Case(
            f"no Python in {image}: {message}",
            "StartError",
            'Container "main" cannot be started (StartError)',
            [pod(terminated(128, "StartError", message, started=None), image=image)],
            detail=message,
            hint=f"{hint}: this one has no python on its PATH",
        )
        for image, hint in INSTEAD
        for message in NO_PYTHON
    ),
]
