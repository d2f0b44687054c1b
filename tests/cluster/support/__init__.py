"""What the cluster tests share."""
