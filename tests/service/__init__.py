"""The service over HTTP, driven as an OpenMetadata server drives it, on a cluster in memory."""
