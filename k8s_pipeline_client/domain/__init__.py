"""The domain model: pipelines, schedules and names. Pure: no I/O, no clock, no Kubernetes client."""
