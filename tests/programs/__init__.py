"""What starts real programs and servers, and needs no cluster: the launcher, entry points, the command line."""
