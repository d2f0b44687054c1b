"""The OpenMetadata server: what is asked of it, and the only place that talks to it."""
