"""Whether an OpenMetadata server drives the service: through its own API, on a real cluster."""
