"""Forms of a kubeconfig, what kubectl does with each, and a server that says who has come."""
