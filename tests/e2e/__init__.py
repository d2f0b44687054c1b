"""Bad ends of the real ingestion, and what OpenMetadata is told of them: `make e2e`."""
