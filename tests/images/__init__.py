"""Container images for tests and demo, made without Docker and without an image registry."""
