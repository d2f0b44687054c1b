"""Starts, ends and follows runs: the Jobs of pipelines, and those that have none."""
