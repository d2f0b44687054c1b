"""`make demo`: a real ingestion on a real Kubernetes, from nothing, told as it happens. And `make playground`."""
