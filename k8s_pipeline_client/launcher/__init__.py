"""Starts the entry point in a pod, and redacts the document's secrets in its output.

The pod starts ``launch.py``, which runs ``program.py``. The document comes from a file, not from the environment
(``environ``), with references resolved if requested (``references``, ``yamljson``) and the bot's token inserted
(``token``); the image's own entry point runs in the same process (``entry``). All output to the file descriptors 1 and
2, also of child processes, passes through a pump (``pump``) that redacts the document's secrets (``detect`` finds them,
``redact`` knows their encodings). SIGTERM exits at once with 143, unless the program has a handler, and reports nothing
to OpenMetadata: only Kubernetes knows whether there is a retry (``ending``). The termination message (``report``) has
the result, with the most relevant error of the log (``errorlog``), escaped for terminals (``visible``). The first line
of the log (``beginning``) shows that nothing before it is missing.

Limits: secrets shorter than four characters, encodings that ``redact`` does not know, and output other than to the two
descriptors are not redacted. C code that holds the GIL delays SIGTERM.

Needs only the standard library, and Python 3.9. Importing has no side effects.
"""

from k8s_pipeline_client.launcher.detect import MASK, is_secret_key, secret_values
from k8s_pipeline_client.launcher.redact import mask

__all__ = ["MASK", "is_secret_key", "mask", "secret_values"]
