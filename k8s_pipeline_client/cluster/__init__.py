"""The Kubernetes API: the interface (`port`), and its one implementation (`kube`)."""
