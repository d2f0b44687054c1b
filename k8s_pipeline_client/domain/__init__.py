"""What a pipeline, a schedule and a name are. Pure: no I/O, no clock, no Kubernetes client."""
