"""Finds and lists pipelines and runs of a namespace, and computes their statuses."""
