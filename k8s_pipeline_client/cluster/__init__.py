"""What we ask of a cluster (`port`), and the one adapter that asks it (`kube`)."""
