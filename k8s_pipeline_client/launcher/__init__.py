"""What starts the entry point in a pod, and strikes the document's secrets out of whatever it writes.

``launch.py`` is what the pod starts, ``program.py`` what it does. The document comes from a file, not from the
environment (``environ``), its references resolved where that is asked for (``references``, ``yamljson``) and the bot's
token put in (``token``), and the image's own entry point runs in the same process (``entry``). What is written
to the descriptors 1 and 2, by whomever, passes through a pump (``pump``) that strikes the document's secrets out
(``detect`` says what they are, ``redact`` how they may look). SIGTERM ends the process at once with 143, unless the
program has a handler, and tells nobody: only Kubernetes knows what comes next (``ending``). How it went stands in the
termination message (``report``), with the error that tells most about it (``errorlog``), and as text that a person can
see (``visible``). The first line of the log (``beginning``) shows that nothing before it is missing.

Not covered: secrets of less than four characters, encodings that ``redact`` does not name, other ways out than the two
descriptors. C code that keeps the GIL holds SIGTERM off.

Only the standard library is needed, and Python 3.9. Importing does nothing.
"""

from k8s_pipeline_client.launcher.detect import MASK, is_secret_key, secret_values
from k8s_pipeline_client.launcher.redact import mask

__all__ = ["MASK", "is_secret_key", "mask", "secret_values"]
