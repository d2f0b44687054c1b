"""What the product relies on of an API server, shown on the fake and on a real one alike."""
