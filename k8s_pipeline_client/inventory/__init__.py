"""What a namespace holds of ours: found by name, read as a whole, and made into statuses."""
