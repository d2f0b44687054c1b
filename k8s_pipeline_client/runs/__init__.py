"""Starts, kills and follows runs: the Jobs of pipelines, and one-shot Jobs."""
