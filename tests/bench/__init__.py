"""`make bench`: our client beside bare loops of requests and kubectl, in one run on a real Kubernetes."""
