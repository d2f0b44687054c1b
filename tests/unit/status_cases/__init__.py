"""Small builders of raw objects as a Kubernetes API server returns them, for the tests of ``status``."""
