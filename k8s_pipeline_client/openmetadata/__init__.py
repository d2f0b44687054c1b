"""The OpenMetadata API: the interface (`port`), and its one implementation (`client`)."""
