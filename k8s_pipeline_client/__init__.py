"""Runs OpenMetadata ingestion pipelines on Kubernetes with Jobs and CronJobs only."""

__version__ = "0.1.0"
