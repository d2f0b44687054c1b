"""Our documents beside those of OpenMetadata's own published packages: `make conformance`.

`environment` installs a release of the packages into a venv of its own, `worker` runs in there and answers what their
models and builders make of a document, `published` asks it. Nothing of theirs enters our own venv, and nothing of
theirs is replaced: the one seam is that a builder's client talks to the recording stand-in of the tests.
"""
